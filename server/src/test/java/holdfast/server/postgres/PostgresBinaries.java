package holdfast.server.postgres;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.opentest4j.TestAbortedException;

/// Where PostgreSQL's programs lie and how they are run: they refuse to run as root, so that root runs them as the
/// user `postgres`.
public final class PostgresBinaries {
    private static final Path DEBIAN = Path.of("/usr/lib/postgresql");
    private static final boolean ROOT = "root".equals(System.getProperty("user.name"));

    private PostgresBinaries() {}

    /// The folder of the newest version: `$HOLDFAST_POSTGRES`, else Debian's, else that of a `postgres` on the PATH.
    ///
    /// The test is skipped when there is none, as it is without etcd.
    public static Path folder() {
        String named = System.getenv("HOLDFAST_POSTGRES");
        if (named != null) return Path.of(named);
        if (Files.isDirectory(DEBIAN)) {
            try (Stream<Path> versions = Files.list(DEBIAN)) {
                List<Path> found = versions.map(version -> version.resolve("bin"))
                        .filter(bin -> Files.isExecutable(bin.resolve("postgres")))
                        .sorted(Comparator.comparing(bin ->
                                Integer.parseInt(bin.getParent().getFileName().toString())))
                        .toList();
                if (!found.isEmpty()) return found.getLast();
            } catch (IOException failed) {
                throw new UncheckedIOException(failed);
            }
        }
        for (String folder : System.getenv("PATH").split(":", -1)) {
            if (Files.isExecutable(Path.of(folder, "postgres"))) return Path.of(folder);
        }
        throw new TestAbortedException("PostgreSQL is not installed: `apt-get install postgresql`, or name the folder"
                + " of its programs in HOLDFAST_POSTGRES");
    }

    /// The command line of one of its programs, run as a user that may.
    public static List<String> command(String program, String... arguments) {
        List<String> command = new ArrayList<>();
        if (ROOT) command.addAll(List.of("setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups"));
        command.add(folder().resolve(program).toString());
        command.addAll(List.of(arguments));
        return command;
    }

    /// Makes a folder that belongs to the user that PostgreSQL runs as, and lets that user get there.
    public static Path own(Path folder) {
        try {
            Files.createDirectories(folder);
            Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwx------"));
            if (!ROOT) return folder;
            letThrough(folder.getParent());
            Files.setOwner(
                    folder,
                    folder.getFileSystem().getUserPrincipalLookupService().lookupPrincipalByName("postgres"));
            return folder;
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
    }

    /// Lets every user get through a folder and those above it.
    public static void letThrough(@Nullable Path folder) throws IOException {
        for (Path above = folder; above != null; above = above.getParent()) {
            Set<PosixFilePermission> may = Files.getPosixFilePermissions(above);
            if (may.add(PosixFilePermission.OTHERS_EXECUTE)) Files.setPosixFilePermissions(above, may);
        }
    }
}
