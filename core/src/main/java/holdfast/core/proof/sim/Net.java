package holdfast.core.proof.sim;

import holdfast.core.base.Dice;
import java.util.SortedSet;
import java.util.TreeSet;

/// Links between named places, each way by itself.
final class Net {
    private record Way(String from, String to) implements Comparable<Way> {
        @Override
        public int compareTo(Way other) {
            int byFrom = from.compareTo(other.from);
            return byFrom != 0 ? byFrom : to.compareTo(other.to);
        }
    }

    private static final long MILLI_NANOS = 1_000_000;

    private final Dice dice;
    private final int lossPerMille;
    private final SortedSet<Way> cut = new TreeSet<>();

    Net(Dice dice, int lossPerMille) {
        this.dice = dice;
        this.lossPerMille = lossPerMille;
    }

    void cut(String from, String to) {
        if (!from.equals(to)) cut.add(new Way(from, to));
    }

    void heal(String place) {
        cut.removeIf(way -> way.from().equals(place) || way.to().equals(place));
    }

    boolean isOpen(String from, String to) {
        return cut.isEmpty() || !cut.contains(new Way(from, to));
    }

    boolean isOpenBothWays(String one, String other) {
        return isOpen(one, other) && isOpen(other, one);
    }

    boolean isWhole() {
        return cut.isEmpty();
    }

    /// Whether one datagram is lost by chance.
    boolean loses() {
        return lossPerMille > 0 && dice.nextInt(1_000) < lossPerMille;
    }

    /// Mostly 0.2 to 3 ms, now and then up to 60 ms.
    long delayNanos() {
        return dice.oneIn(50)
                ? dice.between(3 * MILLI_NANOS, 60 * MILLI_NANOS)
                : dice.between(MILLI_NANOS / 5, 3 * MILLI_NANOS);
    }
}
