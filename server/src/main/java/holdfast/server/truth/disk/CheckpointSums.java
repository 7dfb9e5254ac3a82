package holdfast.server.truth.disk;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.CRC32C;

/// Whether a checkpoint is as it was written. Tables hold their own sums; for the few small files around them a list
/// of sums lies beside them, made with the checkpoint. Checkpoints that older versions made have none: there the tables
/// alone are looked at.
final class CheckpointSums {
    static final String FILE = "sums";

    private CheckpointSums() {}

    /// Adds the list to a new checkpoint: `size crc32c name` a line, without the sum where the file is a table.
    static void add(Path checkpoint) throws IOException {
        StringBuilder lines = new StringBuilder();
        for (Path file : Folders.list(checkpoint)) lines.append(line(file)).append('\n');
        Files.writeString(checkpoint.resolve(FILE), lines);
    }

    private static String line(Path file) throws IOException {
        String sum = "-";
        if (!Generation.isTable(file)) {
            CRC32C crc = new CRC32C();
            crc.update(Files.readAllBytes(file));
            sum = Long.toHexString(crc.getValue());
        }
        return Files.size(file) + " " + sum + " " + file.getFileName();
    }

    /// The files that are not as they were written, or are missing. Reads everything.
    ///
    /// @param each called before each file
    static List<Path> damaged(Path checkpoint, Runnable each) throws IOException {
        List<Path> damaged = new ArrayList<>();
        Path list = checkpoint.resolve(FILE);
        if (Files.exists(list)) {
            String lines = new String(Files.readAllBytes(list), UTF_8);
            for (String line : lines.lines().toList()) {
                Path file = named(checkpoint, line);
                boolean whole =
                        !file.equals(list) && Files.exists(file) && line(file).equals(line);
                if (!whole) damaged.add(file);
            }
        }
        for (Path file : Folders.list(checkpoint)) {
            each.run();
            if (!damaged.contains(file) && Generation.isTable(file) && Generation.isDamaged(file)) damaged.add(file);
        }
        return damaged;
    }

    /// The list itself when the line is none of [#add].
    private static Path named(Path checkpoint, String line) {
        String[] words = line.split(" ", 3);
        boolean plain = words.length == 3 && words[2].matches("[A-Za-z0-9._-]+");
        return checkpoint.resolve(plain ? words[2] : FILE);
    }
}
