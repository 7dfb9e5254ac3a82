package holdfast.core.healing.recover.failover;

/// A position in the write-ahead log, in bytes since its beginning (PostgreSQL's `pg_lsn`).
public record Lsn(long bytes) implements Comparable<Lsn> {
    public static final Lsn ZERO = new Lsn(0);

    /// @param text as PostgreSQL prints it: `0/3000148`
    /// @throws IllegalArgumentException when it is none
    public static Lsn parse(String text) {
        int slash = text.indexOf('/');
        if (slash < 1) throw new IllegalArgumentException("no position: " + text);
        return new Lsn(
                Long.parseLong(text.substring(0, slash), 16) << 32 | Long.parseLong(text.substring(slash + 1), 16));
    }

    /// Bytes from `earlier` to this, at least 0.
    public long since(Lsn earlier) {
        return Math.max(0, bytes - earlier.bytes);
    }

    @Override
    public int compareTo(Lsn other) {
        return Long.compareUnsigned(bytes, other.bytes);
    }

    @Override
    public String toString() {
        return Long.toHexString(bytes >>> 32).toUpperCase(java.util.Locale.ROOT) + "/"
                + Long.toHexString(bytes & 0xFFFF_FFFFL).toUpperCase(java.util.Locale.ROOT);
    }
}
