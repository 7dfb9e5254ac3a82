package holdfast.server.healing.singleton;

import holdfast.core.base.Outcome;
import holdfast.core.base.Reason;
import holdfast.server.client.Answer;
import holdfast.server.client.Etcd;
import holdfast.server.client.Pair;
import holdfast.server.client.Snapshot;
import holdfast.server.client.Txn;
import holdfast.server.ledger.LedgerJson;
import holdfast.server.redundancy.lock.Stand;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// What a person can see of singletons and ask of them, from anywhere. Any thread; each call waits for the store.
public final class SingletonOperator {
    private final Etcd etcd;

    public SingletonOperator(Etcd etcd) {
        this.etcd = etcd;
    }

    /// @param queue who is active, then who stands by, in the order in which they would follow
    /// @param tenure of who is active or was last, null before there was one
    public record Status(
            String service, List<Stand> queue, @Nullable Tenure tenure) {
        /// Who has the right now.
        public Optional<Stand> active() {
            return queue.stream().findFirst();
        }

        /// Whether whoever has the right was seen to be well.
        public boolean confirmed() {
            return tenure != null
                    && tenure.confirmedMillis() > 0
                    && active().filter(one -> one.fence() == tenure.fence()).isPresent();
        }
    }

    /// Every singleton that anybody stands or stood for, by name, at one revision.
    public Answer<List<Status>> read() {
        return etcd.range(SingletonKeys.all(), 0).map(SingletonOperator::statuses);
    }

    private static List<Status> statuses(Snapshot snapshot) {
        SortedMap<String, List<Pair>> byService = new TreeMap<>();
        for (Pair pair : snapshot.pairs()) {
            String key = new String(pair.key().unsafeArray(), StandardCharsets.UTF_8);
            byService
                    .computeIfAbsent(SingletonKeys.service(key), _ -> new ArrayList<>())
                    .add(pair);
        }
        List<Status> statuses = new ArrayList<>();
        byService.forEach((service, pairs) -> {
            SingletonKeys keys = new SingletonKeys(service);
            Tenure tenure = pairs.stream()
                    .filter(pair -> pair.key().equals(keys.tenure()))
                    .findFirst()
                    .flatMap(pair -> LedgerJson.read(pair.value(), Tenure.class))
                    .orElse(null);
            List<Stand> queue = pairs.stream()
                    .filter(keys::isStand)
                    .sorted(Comparator.comparingLong(Pair::createRevision))
                    .map(Stand::of)
                    .toList();
            statuses.add(new Status(service, queue, tenure));
        });
        return statuses;
    }

    public Answer<Optional<Status>> read(String service) {
        return read().map(all ->
                all.stream().filter(one -> one.service().equals(service)).findFirst());
    }

    /// Asks whoever is active to let another one be it; refused when nobody is, or nobody stands by.
    public Outcome release(Status status) {
        if (status.queue().size() < 2) {
            return new Outcome.Refused(new Reason("no-standby", "Nobody stands by for " + status.service() + "."));
        }
        SingletonKeys keys = new SingletonKeys(status.service());
        ReleaseWish wish = new ReleaseWish(status.queue().getFirst().fence());
        return etcd.write(new Txn().put(keys.request(), LedgerJson.write(wish)), "never");
    }
}
