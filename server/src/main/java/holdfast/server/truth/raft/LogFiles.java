package holdfast.server.truth.raft;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.stream.Stream;

/// The folder that the segment files lie in: the seam at which tests lose what was not forced.
interface LogFiles {
    /// One file under random access. Writes may be lost until [#force] returns.
    interface LogFile extends AutoCloseable {
        long size() throws IOException;

        /// Fills `into` from byte `at` on; throws when the file ends before.
        void read(ByteBuffer into, long at) throws IOException;

        /// Writes all of `from` at byte `at`.
        void write(ByteBuffer from, long at) throws IOException;

        /// Comes back once everything written is on the disk (fdatasync).
        void force() throws IOException;

        @Override
        void close() throws IOException;
    }

    /// Every file's name, in order.
    List<String> names() throws IOException;

    LogFile open(String name) throws IOException;

    /// Makes a file of `bytes` zeros that survives a crash, name and all.
    LogFile createZeroed(String name, long bytes) throws IOException;

    /// Comes back once the file cannot return, even after a crash.
    void delete(String name) throws IOException;

    /// A real folder, made when missing.
    static LogFiles in(Path folder) throws IOException {
        Files.createDirectories(folder);
        return new Folder(folder);
    }

    /// Forces a folder's entries. New names survive a crash after this.
    static void forceFolder(Path folder) throws IOException {
        try (FileChannel channel = FileChannel.open(folder, StandardOpenOption.READ)) {
            channel.force(true);
        }
    }

    /// @param folder exists
    record Folder(Path folder) implements LogFiles {
        private static final int ZEROS_PER_WRITE = 1 << 20;

        @Override
        public List<String> names() throws IOException {
            try (Stream<Path> files = Files.list(folder)) {
                return files.map(file -> file.getFileName().toString()).sorted().toList();
            }
        }

        @Override
        public LogFile open(String name) throws IOException {
            return new Channel(
                    FileChannel.open(folder.resolve(name), StandardOpenOption.READ, StandardOpenOption.WRITE));
        }

        @Override
        public LogFile createZeroed(String name, long bytes) throws IOException {
            FileChannel channel = FileChannel.open(
                    folder.resolve(name),
                    StandardOpenOption.READ,
                    StandardOpenOption.WRITE,
                    StandardOpenOption.CREATE_NEW);
            try {
                LogFile made = new Channel(channel);
                ByteBuffer zeros = ByteBuffer.allocateDirect(ZEROS_PER_WRITE);
                for (long at = 0; at < bytes; at += ZEROS_PER_WRITE) {
                    made.write(zeros.clear().limit((int) Math.min(ZEROS_PER_WRITE, bytes - at)), at);
                }
                channel.force(true);
                forceFolder(folder);
                return made;
            } catch (IOException failed) {
                channel.close();
                Files.deleteIfExists(folder.resolve(name));
                throw failed;
            }
        }

        @Override
        public void delete(String name) throws IOException {
            Files.deleteIfExists(folder.resolve(name));
            forceFolder(folder);
        }
    }

    /// A file of the operating system.
    record Channel(FileChannel channel) implements LogFile {
        @Override
        public long size() throws IOException {
            return channel.size();
        }

        @Override
        public void read(ByteBuffer into, long at) throws IOException {
            long from = at;
            while (into.hasRemaining()) {
                int count = channel.read(into, from);
                if (count < 0) throw new IOException("the file ends at byte " + from);
                from += count;
            }
        }

        @Override
        public void write(ByteBuffer from, long at) throws IOException {
            long to = at;
            while (from.hasRemaining()) to += channel.write(from, to);
        }

        @Override
        public void force() throws IOException {
            channel.force(false);
        }

        @Override
        public void close() throws IOException {
            channel.close();
        }
    }
}
