package holdfast.server.truth.disk;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/// Whole folders, durably.
final class Folders {
    private Folders() {}

    /// Removes `folder` and all in it; nothing when it is not there.
    static void remove(Path folder) throws IOException {
        if (!Files.exists(folder)) return;
        List<Path> parts;
        try (Stream<Path> walk = Files.walk(folder)) {
            parts = walk.sorted(Comparator.reverseOrder()).toList();
        }
        for (Path part : parts) Files.delete(part);
    }

    static List<Path> list(Path folder) throws IOException {
        try (Stream<Path> entries = Files.list(folder)) {
            return entries.sorted().toList();
        }
    }

    /// Makes `into`, which must not exist, a durable copy of the plain files in `from`. Files that are never
    /// changed are linked where the file system can.
    static void copy(Path from, Path into) throws IOException {
        Files.createDirectory(into);
        for (Path file : list(from)) {
            Path copy = into.resolve(file.getFileName().toString());
            if (!file.toString().endsWith(".sst") || !link(file, copy)) Files.copy(file, copy);
            sync(copy);
        }
        sync(into);
    }

    private static boolean link(Path file, Path link) {
        try {
            Files.createLink(link, file);
            return true;
        } catch (IOException | UnsupportedOperationException _) {
            return false; // another file system: a copy does
        }
    }

    /// Forces a file, or the names in a folder, to the disk.
    static void sync(Path path) throws IOException {
        try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
            channel.force(true);
        }
    }
}
