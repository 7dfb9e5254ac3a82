package holdfast.server.redundancy.lock;

import holdfast.core.base.KeyRange;
import holdfast.server.client.Answer;
import holdfast.server.client.Etcd;
import holdfast.server.client.Pair;
import java.nio.charset.StandardCharsets;
import java.util.Comparator;
import java.util.List;

/// One place in the queue of a lock. The first one holds it.
///
/// @param fence create revision of the key: grows from holder to holder
/// @param lease that keeps it, 0 for none
public record Stand(String key, long fence, long lease, Owner owner) {
    /// Everybody who holds or wants the lock, the holder first. Linearizable.
    public static Answer<List<Stand>> all(Etcd etcd, LockName name) {
        KeyRange queue = name.queue();
        return etcd.range(queue, 0)
                .map(snapshot -> snapshot.pairs().stream()
                        .sorted(Comparator.comparingLong(Pair::createRevision))
                        .map(Stand::of)
                        .toList());
    }

    /// @param pair of the queue
    public static Stand of(Pair pair) {
        return new Stand(
                new String(pair.key().unsafeArray(), StandardCharsets.UTF_8),
                pair.createRevision(),
                pair.lease(),
                Owner.read(pair.value()));
    }
}
