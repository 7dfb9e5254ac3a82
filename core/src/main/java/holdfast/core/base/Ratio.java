package holdfast.core.base;

/// A share of a whole in parts per million, 0 to 1_000_000, so that every replay computes the same.
public record Ratio(int perMillion) implements Comparable<Ratio> {
    public static final Ratio ZERO = new Ratio(0);
    public static final Ratio ONE = new Ratio(1_000_000);

    public Ratio {
        Require.between("ratio", perMillion, 0, 1_000_000);
    }

    /// `part` of `whole`; 0 of 0 is [#ZERO].
    public static Ratio of(long part, long whole) {
        return whole == 0 ? ZERO : new Ratio(Math.toIntExact(part * 1_000_000 / whole));
    }

    public static Ratio percent(int percent) {
        return new Ratio(percent * 10_000);
    }

    /// This share of `whole`, rounded down.
    public long times(long whole) {
        return whole * perMillion / 1_000_000;
    }

    @Override
    public int compareTo(Ratio other) {
        return Integer.compare(perMillion, other.perMillion);
    }

    @Override
    public String toString() {
        return perMillion % 10_000 == 0 ? perMillion / 10_000 + " %" : perMillion / 10_000.0 + " %";
    }
}
