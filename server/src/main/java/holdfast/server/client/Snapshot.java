package holdfast.server.client;

import java.util.List;
import java.util.Optional;

/// Pairs as they all stood at one revision, in key order.
public record Snapshot(long revision, List<Pair> pairs) {
    public Optional<Pair> first() {
        return pairs.isEmpty() ? Optional.empty() : Optional.of(pairs.getFirst());
    }
}
