package holdfast.server.proof;

import holdfast.core.healing.fleet.Endpoint;
import holdfast.server.base.Threads;
import holdfast.server.client.Answer;
import holdfast.server.client.Etcd;
import holdfast.server.client.Pair;
import holdfast.server.client.Snapshot;
import holdfast.server.client.Watch;
import holdfast.server.ledger.Keys;
import holdfast.server.ledger.LedgerJson;
import java.util.List;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.atomic.AtomicBoolean;

/// Where the healthy instances are, as any client learns it: one list, then a watch.
final class Endpoints implements AutoCloseable {
    private static final long LOOK_MILLIS = 100;

    private final Etcd etcd;
    private final NavigableMap<String, Endpoint> endpointOfKey = new ConcurrentSkipListMap<>();
    private final Thread thread;

    Endpoints(Etcd etcd) {
        this.etcd = etcd;
        thread = Threads.start("endpoints", this::follow);
    }

    /// Of one service, in the order of their numbers.
    List<Endpoint> of(String service) {
        String prefix = Keys.ENDPOINTS + service + "/";
        return List.copyOf(endpointOfKey.subMap(prefix, prefix + "~").values());
    }

    /// `IP:PORT` of each.
    List<String> addresses(String service) {
        return of(service).stream().map(Endpoint::address).toList();
    }

    int count() {
        return endpointOfKey.size();
    }

    private void follow() {
        while (!Thread.currentThread().isInterrupted()) {
            if (etcd.range(Keys.below(Keys.ENDPOINTS), 0) instanceof Answer.Done<Snapshot>(Snapshot all)) {
                endpointOfKey
                        .keySet()
                        .retainAll(all.pairs().stream()
                                .map(pair -> pair.key().utf8())
                                .toList());
                all.pairs().forEach(this::put);
                watch(all.revision() + 1);
            }
            Pause.millis(LOOK_MILLIS);
        }
    }

    /// Until the store forgot what was wanted next.
    private void watch(long fromRevision) {
        AtomicBoolean lost = new AtomicBoolean();
        try (Watch _ = Watch.open(etcd, "endpoints", Keys.below(Keys.ENDPOINTS), fromRevision, news -> {
            switch (news) {
                case Watch.News.Changed(long _, List<Watch.Change> changes) -> changes.forEach(this::apply);
                case Watch.News.Compacted _ -> lost.set(true);
            }
        })) {
            while (!lost.get() && !Thread.currentThread().isInterrupted()) Pause.millis(LOOK_MILLIS);
        }
    }

    private void apply(Watch.Change change) {
        switch (change) {
            case Watch.Change.Put(Pair pair) -> put(pair);
            case Watch.Change.Deleted(var key, long _) -> endpointOfKey.remove(key.utf8());
        }
    }

    private void put(Pair pair) {
        Optional<Endpoint> endpoint = LedgerJson.read(pair.value(), Endpoint.class);
        endpoint.ifPresent(known -> endpointOfKey.put(pair.key().utf8(), known));
    }

    @Override
    public void close() {
        thread.interrupt();
    }
}
