package holdfast.server.healing.redis;

import holdfast.server.base.SafeFile;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.Comparator;
import java.util.stream.Stream;

/// The files of one server. Beside them lies the name of the cluster that they belong to, so that a folder that was
/// emptied, or another one that was put in its place, is known for what it is.
final class DataFolder {
    private static final String IDENTITY = "holdfast.id";

    private final Program program;
    private final Path folder;

    DataFolder(Program program, Path folder) {
        this.program = program;
        this.folder = folder;
    }

    static long freshIdentity() {
        return new SecureRandom().nextLong(1, Long.MAX_VALUE);
    }

    /// 0 when there is none.
    long identity() {
        try {
            return Long.parseLong(Files.readString(folder.resolve(IDENTITY)).strip());
        } catch (IOException | NumberFormatException _) {
            return 0;
        }
    }

    void identify(long systemId) throws IOException {
        SafeFile.write(folder.resolve(IDENTITY), (systemId + "\n").getBytes(StandardCharsets.UTF_8));
        program.user().own(folder.resolve(IDENTITY));
    }

    /// Whether there is a copy of data on disk.
    boolean hasFiles() {
        return hasLog() || isFilled(folder.resolve("dump.rdb"));
    }

    /// A server that is to write a log and finds none starts empty, whatever else lies there.
    boolean hasLog() {
        if (isFilled(folder.resolve("appendonly.aof"))) return true;
        Path logs = folder.resolve("appendonlydir");
        if (!Files.isDirectory(logs)) return false;
        try (Stream<Path> files = Files.list(logs)) {
            return files.anyMatch(file -> !file.toString().endsWith(".manifest") && isFilled(file));
        } catch (IOException _) {
            return false;
        }
    }

    private static boolean isFilled(Path file) {
        try {
            return Files.size(file) > 0;
        } catch (IOException _) {
            return false;
        }
    }

    void make() throws IOException {
        program.user().makeFolder(folder);
    }

    /// Nothing is left.
    void empty() throws IOException {
        if (Files.exists(folder)) {
            try (Stream<Path> files = Files.walk(folder)) {
                for (Path file : files.sorted(Comparator.reverseOrder()).toList())
                    if (!file.equals(folder)) Files.delete(file);
            }
        }
        make();
    }
}
