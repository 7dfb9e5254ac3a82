package holdfast.server.healing.redis;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/// The server's program, run as its user.
///
/// @param path of `valkey-server` or `redis-server`
/// @param user that it runs as when we are root
record Program(Path path, String user) {
    private static final List<String> NAMES = List.of("valkey-server", "redis-server");
    private static final boolean ROOT = "root".equals(System.getProperty("user.name"));

    /// @param bin folder as the owner named it; empty to search the PATH
    static Optional<Program> find(String bin, String user) {
        String folders = bin.isEmpty() ? System.getenv().getOrDefault("PATH", "/usr/bin:/bin") : bin;
        return NAMES.stream()
                .flatMap(name -> Stream.of(folders.split(File.pathSeparator, -1))
                        .filter(folder -> !folder.isEmpty())
                        .map(folder -> Path.of(folder, name)))
                .filter(path -> Files.isRegularFile(path) && Files.isExecutable(path))
                .findFirst()
                .map(path -> new Program(path, user));
    }

    List<String> words(Path conf) {
        List<String> words = new ArrayList<>();
        if (ROOT) words.addAll(List.of("setpriv", "--reuid=" + user, "--regid=" + user, "--init-groups"));
        words.add(path.toString());
        words.add(conf.toString());
        return words;
    }

    /// Gives a folder or file to the server's user, and to it alone.
    void own(Path path) throws IOException {
        if (!ROOT) return;
        Files.setOwner(
                path, path.getFileSystem().getUserPrincipalLookupService().lookupPrincipalByName(user));
    }

    /// Makes a folder that is the server's user's alone.
    void makeFolder(Path folder) throws IOException {
        Files.createDirectories(folder);
        Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwx------"));
        own(folder);
    }
}
