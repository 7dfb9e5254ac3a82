package holdfast.server.truth.raft;

import java.io.IOException;
import java.io.UncheckedIOException;
import org.jspecify.annotations.Nullable;

/// What the engine carries as the operation of a log entry: the entry's bytes, held in heap while recent, else
/// read back
/// from the segment file that they were written to. Used by the driver's thread only.
final class EntryBytes {
    private final int size;
    private byte @Nullable [] bytes;
    private @Nullable Home home;

    /// Where bytes lie on disk.
    @FunctionalInterface
    interface Home {
        byte[] read() throws IOException;
    }

    private EntryBytes(int size, byte @Nullable [] bytes, @Nullable Home home) {
        this.size = size;
        this.bytes = bytes;
        this.home = home;
    }

    /// Takes `bytes` without a copy; the caller gives it up.
    static EntryBytes of(byte[] bytes) {
        return new EntryBytes(bytes.length, bytes, null);
    }

    /// Bytes that lie on disk only.
    static EntryBytes onDisk(int size, Home home) {
        return new EntryBytes(size, null, home);
    }

    int size() {
        return size;
    }

    /// The bytes themselves: read only. Throws [UncheckedIOException] when the segment file cannot be read or its
    /// checksum is wrong; the process must not go on then.
    byte[] get() {
        byte[] held = bytes;
        if (held != null) return held;
        if (home == null) throw new IllegalStateException("entry has neither bytes nor a place on disk");
        try {
            return home.read();
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
    }

    /// Says where the bytes can be read back from.
    void settle(Home settled) {
        home = settled;
    }

    /// Gives the heap back; the bytes are read from disk from now on. Does nothing before [#settle].
    void release() {
        if (home != null) bytes = null;
    }

    boolean inHeap() {
        return bytes != null;
    }

    @Override
    public String toString() {
        return size + " bytes";
    }
}
