package holdfast.server.healing.failover;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;

/// The user of this host that a server runs as. Unless we are root that is ourselves, whatever the name.
public record ServerUser(String name) {
    private static final boolean ROOT = "root".equals(System.getProperty("user.name"));

    /// The words that run a program as this user.
    public List<String> words(Path program, List<String> arguments) {
        List<String> words = new ArrayList<>();
        if (ROOT) words.addAll(List.of("setpriv", "--reuid=" + name, "--regid=" + name, "--init-groups"));
        words.add(program.toString());
        words.addAll(arguments);
        return words;
    }

    /// Gives a folder or file to the user, and to it alone.
    public void own(Path path) throws IOException {
        if (!ROOT) return;
        Files.setOwner(
                path, path.getFileSystem().getUserPrincipalLookupService().lookupPrincipalByName(name));
    }

    /// Makes a folder that is the user's alone.
    public void makeFolder(Path folder) throws IOException {
        Files.createDirectories(folder);
        Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwx------"));
        own(folder);
    }
}
