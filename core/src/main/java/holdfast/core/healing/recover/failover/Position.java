package holdfast.core.healing.recover.failover;

import java.util.Comparator;

/// How far a member has written: later timelines come first, then the later byte.
public record Position(int timeline, Lsn lsn) implements Comparable<Position> {
    public static final Position NONE = new Position(0, Lsn.ZERO);

    private static final Comparator<Position> ORDER =
            Comparator.comparingInt(Position::timeline).thenComparing(Position::lsn);

    @Override
    public int compareTo(Position other) {
        return ORDER.compare(this, other);
    }

    @Override
    public String toString() {
        return lsn + " on timeline " + timeline;
    }
}
