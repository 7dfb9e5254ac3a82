package holdfast.core.base;

/// Seeded chance: the same seed gives the same throws on every run (SplitMix64: Steele, Lea, Flood 2014, section 4).
public final class Dice {
    private long state;

    public Dice(long seed) {
        this.state = seed;
    }

    public long nextLong() {
        state += 0x9e3779b97f4a7c15L;
        long mixed = state;
        mixed = (mixed ^ (mixed >>> 30)) * 0xbf58476d1ce4e5b9L;
        mixed = (mixed ^ (mixed >>> 27)) * 0x94d049bb133111ebL;
        return mixed ^ (mixed >>> 31);
    }

    /// From 0 up to `bound`, exclusive; `bound` at least 1.
    public long nextLong(long bound) {
        return Long.remainderUnsigned(nextLong(), bound);
    }

    /// From 0 up to `bound`, exclusive; `bound` at least 1.
    public int nextInt(int bound) {
        return (int) nextLong(bound);
    }

    /// From `low` to `high`, both inclusive.
    public long between(long low, long high) {
        return low + nextLong(high - low + 1);
    }

    /// True once in `n` throws on average.
    public boolean oneIn(int n) {
        return nextInt(n) == 0;
    }

    /// One of `choices`, which is not empty.
    public <T> T pick(java.util.List<T> choices) {
        return choices.get(nextInt(choices.size()));
    }

    /// Another stream of throws that depends on this one's next throw only.
    public Dice split() {
        return new Dice(nextLong());
    }
}
