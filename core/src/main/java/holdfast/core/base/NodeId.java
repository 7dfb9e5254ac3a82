package holdfast.core.base;

/// The name of a host or member, unique in its cluster: 1 to 63 of `a-z 0-9 . -`, as in a DNS label or name.
public record NodeId(String name) implements Comparable<NodeId> {
    public NodeId {
        Require.that("name", name, name.matches("[a-z0-9]([a-z0-9.-]{0,61}[a-z0-9])?"), "1 to 63 of a-z 0-9 . -");
    }

    @Override
    public int compareTo(NodeId other) {
        return name.compareTo(other.name);
    }

    @Override
    public String toString() {
        return name;
    }
}
