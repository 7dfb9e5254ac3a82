package holdfast.server.truth.disk;

import holdfast.core.base.Bytes;
import holdfast.core.base.Reason;
import holdfast.core.truth.Archive;
import java.io.BufferedInputStream;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;
import java.util.zip.CRC32C;

/// A snapshot as it was saved to a file: an [Archive], filled up with zeros to a multiple of 512 bytes, and the SHA-256
/// of all that. A file that lacks the sum was copied from elsewhere or cut off.
public final class ArchiveFile {
    private static final int SUM_BYTES = 32;
    private static final int BLOCK_BYTES = 512;
    private static final int BUFFER_BYTES = 1 << 20;
    private static final int ROWS_AT_ONCE_MAX = 1_000;
    private static final long BYTES_AT_ONCE = 4 << 20;
    private static final int ROW_PART_BYTES_MAX = 64 << 20; // damaged sizes must not take all memory

    private ArchiveFile() {}

    public sealed interface Read {
        /// @param hash CRC32C of head and rows
        /// @param bytes of the file
        record Whole(Archive.Head head, long hash, long bytes) implements Read {}

        /// Not there, not ours (`snapshot-unknown`), or damaged (`snapshot-damaged`).
        record Refused(Reason why) implements Read {}
    }

    /// Reads all of it, the rows in order, some at a time. Rows are handed over before the sum is known: check first,
    /// then take.
    ///
    /// @param checksSum whether the SHA-256 at the end must be there and right
    public static Read read(Path file, boolean checksSum, Consumer<List<Archive.Entry>> rows) {
        try {
            long size = Files.size(file);
            if (checksSum && size % BLOCK_BYTES != SUM_BYTES) {
                return damaged(file, "it is " + size + " bytes long and does not end in a checksum");
            }
            MessageDigest sum = MessageDigest.getInstance("SHA-256");
            try (InputStream in = new BufferedInputStream(Files.newInputStream(file), BUFFER_BYTES)) {
                return new Reading(file, in, sum, checksSum, rows).run(size);
            }
        } catch (NoSuchFileException _) {
            return new Read.Refused(new Reason("snapshot-missing", file + " does not exist."));
        } catch (EOFException _) {
            return damaged(file, "it ends too early");
        } catch (IOException failed) {
            return new Read.Refused(new Reason("snapshot-unreadable", file + " cannot be read: " + failed + "."));
        } catch (NoSuchAlgorithmException bug) {
            throw new IllegalStateException("every Java has SHA-256", bug);
        }
    }

    private static Read damaged(Path file, String how) {
        return new Read.Refused(new Reason("snapshot-damaged", file + " is damaged: " + how + "."));
    }

    private static final class Reading {
        private final Path file;
        private final DataInputStream in;
        private final MessageDigest sum;
        private final boolean checksSum;
        private final Consumer<List<Archive.Entry>> rows;
        private final CRC32C hash = new CRC32C();

        Reading(Path file, InputStream in, MessageDigest sum, boolean checksSum, Consumer<List<Archive.Entry>> rows) {
            this.file = file;
            this.in = new DataInputStream(in);
            this.sum = sum;
            this.checksSum = checksSum;
            this.rows = rows;
        }

        Read run(long size) throws IOException {
            Archive.Head head = Archive.Head.decode(Bytes.wrap(take(Archive.HEAD_BYTES)));
            if (head == null) {
                return new Read.Refused(new Reason(
                        "snapshot-unknown",
                        file + " is no snapshot of Holdfast. One of etcd is brought over with `holdfast import` from a"
                                + " running etcd."));
            }
            long left = head.rowBytes();
            List<Archive.Entry> gathered = new ArrayList<>();
            long gatheredBytes = 0;
            for (long row = 0; row < head.rows(); row++) {
                byte[] sizes = take(Archive.ROW_BYTES);
                int keyBytes = number(sizes, 0);
                int valueBytes = number(sizes, 4);
                left -= Archive.ROW_BYTES + (long) keyBytes + valueBytes;
                boolean absurd = keyBytes < 0 || valueBytes < 0 || left < 0;
                if (absurd || keyBytes > ROW_PART_BYTES_MAX || valueBytes > ROW_PART_BYTES_MAX) {
                    return damaged(file, "row " + row + " has no sensible size");
                }
                gathered.add(new Archive.Entry(Bytes.wrap(take(keyBytes)), Bytes.wrap(take(valueBytes))));
                gatheredBytes += keyBytes + valueBytes;
                if (gathered.size() < ROWS_AT_ONCE_MAX && gatheredBytes < BYTES_AT_ONCE) continue;
                rows.accept(gathered);
                gathered = new ArrayList<>();
                gatheredBytes = 0;
            }
            if (!gathered.isEmpty()) rows.accept(gathered);
            long found = hash.getValue();
            if (left != 0) return damaged(file, "its rows are " + left + " bytes shorter than its head says");
            if (checksSum) {
                long filled = size - SUM_BYTES - Archive.HEAD_BYTES - head.rowBytes();
                if (filled < 0 || filled >= BLOCK_BYTES) return damaged(file, "it is longer than its head says");
                take((int) filled);
                if (!Arrays.equals(sum.digest(), in.readNBytes(SUM_BYTES))) {
                    return damaged(file, "its content does not have the checksum at its end");
                }
            }
            return new Read.Whole(head, found, size);
        }

        private byte[] take(int size) throws IOException {
            byte[] bytes = new byte[size];
            in.readFully(bytes);
            sum.update(bytes);
            hash.update(bytes);
            return bytes;
        }

        private static int number(byte[] bytes, int at) {
            return (bytes[at] & 0xff) << 24
                    | (bytes[at + 1] & 0xff) << 16
                    | (bytes[at + 2] & 0xff) << 8
                    | (bytes[at + 3] & 0xff);
        }
    }
}
