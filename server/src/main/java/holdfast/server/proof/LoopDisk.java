package holdfast.server.proof;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/// A small file system of its own that can be filled to the last byte without hurting anybody else.
///
/// @param path where it is mounted; empty when there is none
/// @param missing why there is none; empty when there is one
record LoopDisk(Path path, String missing) {
    private static final int BLOCK_BYTES = 64 << 10;

    /// Linux, as root, with loop devices; else one that says what is missing.
    static LoopDisk make(RunFolder run, String name, long megabytes) {
        Path image = run.path().resolve(name + ".disk");
        Path mount = run.path().resolve(name);
        try {
            Files.createDirectories(mount);
        } catch (IOException failed) {
            throw new UncheckedIOException("cannot make " + mount, failed);
        }
        run.write("mount", mount.toString());
        for (String command : new String[] {
            "truncate -s " + megabytes + "M " + image,
            "mkfs.ext4 -q -F -m 0 " + image,
            "mount -o loop " + image + " " + mount
        }) {
            Shell.Ran ran = Shell.run(command.split(" ", -1));
            if (!ran.isDone()) return new LoopDisk(Path.of(""), command + ": " + ran.output());
        }
        return new LoopDisk(mount, "");
    }

    boolean isThere() {
        return missing.isEmpty();
    }

    /// Writes until there is no room left.
    void fill() {
        try (FileChannel out = FileChannel.open(
                filler(), StandardOpenOption.CREATE, StandardOpenOption.WRITE, StandardOpenOption.APPEND)) {
            for (int bytes = BLOCK_BYTES; bytes >= 1; bytes = bytes > 512 ? 512 : bytes / 512) {
                ByteBuffer block = ByteBuffer.allocate(bytes);
                while (true) {
                    block.clear();
                    if (!written(out, block)) break;
                }
            }
        } catch (IOException failed) {
            throw new UncheckedIOException("cannot fill " + path, failed);
        }
    }

    private static boolean written(FileChannel out, ByteBuffer block) {
        try {
            return out.write(block) > 0;
        } catch (IOException _) {
            return false; // full
        }
    }

    /// Gives the room back.
    void empty() {
        try {
            Files.deleteIfExists(filler());
        } catch (IOException failed) {
            throw new UncheckedIOException("cannot empty " + path, failed);
        }
    }

    private Path filler() {
        return path.resolve("filler");
    }
}
