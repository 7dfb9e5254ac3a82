package holdfast.server.truth.etcd;

import static org.assertj.core.api.Assertions.assertThat;

import holdfast.core.base.Dice;
import holdfast.protocol.etcd.WatchResponse;
import holdfast.server.base.Metrics;
import holdfast.server.truth.Store;
import io.vertx.core.Vertx;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentSkipListSet;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// The promise of progress (etcd #15220): a progress answer at revision R means that every event up to R has come.
final class WatchProgressTest {
    private static final int WRITES = 400;
    private static final int REQUESTS = 60;

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3})
    void progress_amidWrites_promisesNothingThatHasNotCome(long seed) throws Exception {
        try (MemoryStore store = new MemoryStore()) {
            Run run = run(store, seed);
            assertThat(run.broken).isEmpty();
            assertThat(run.answers).isEqualTo(REQUESTS);
        }
    }

    @Test
    void progress_ofAStoreThatSaysSyncedTooEarly_isCaught() throws Exception {
        try (MemoryStore store = new MemoryStore()) {
            List<String> broken = new ArrayList<>();
            for (long seed = 1; seed <= 5 && broken.isEmpty(); seed++) broken.addAll(run(lying(store), seed).broken);
            assertThat(broken).isNotEmpty();
        }
    }

    private record Run(List<String> broken, int answers) {}

    private static Run run(Store store, long seed) throws Exception {
        Vertx vertx = Vertx.vertx();
        List<String> broken = new ArrayList<>();
        int answers = 0;
        try (EtcdDoor door =
                        EtcdDoor.open(EtcdConfig.at("127.0.0.1", 0), vertx, store, new DoorMetrics(new Metrics()));
                DoorClient watching = new DoorClient(vertx, door.port());
                DoorClient writing = new DoorClient(vertx, door.port())) {
            long first = writing.put("w", "first");
            var stream = watching.watch(Map.of());
            stream.create("w", "x", first); // one that begins behind, one that is live
            stream.create("w5", "w7", 0);
            ConcurrentSkipListSet<Long> written = new ConcurrentSkipListSet<>(List.of(first));
            Thread writer = Thread.startVirtualThread(() -> {
                Dice dice = new Dice(seed);
                try {
                    for (int n = 0; n < WRITES; n++) {
                        boolean watched = dice.oneIn(2);
                        long revision = writing.put((watched ? "w" : "other") + dice.nextInt(9), "v" + n);
                        if (watched) written.add(revision);
                    }
                } catch (Exception failed) {
                    throw new IllegalStateException(failed);
                }
            });
            TreeSet<Long> seen = new TreeSet<>();
            List<Long> promised = new ArrayList<>();
            List<Integer> seenAtPromise = new ArrayList<>();
            stream.askProgress();
            while (answers < REQUESTS) {
                WatchResponse next = stream.next();
                if (next.getCreated()) continue;
                if (next.getWatchId() == 0)
                    next.getEventsList().forEach(event -> seen.add(event.getKv().getModRevision()));
                if (next.getWatchId() != -1) continue;
                promised.add(next.getHeader().getRevision());
                seenAtPromise.add(
                        seen.headSet(next.getHeader().getRevision(), true).size());
                answers++;
                stream.askProgress();
            }
            writer.join();
            for (int n = 0; n < promised.size(); n++) {
                int due = written.headSet(promised.get(n), true).size();
                if (due != seenAtPromise.get(n))
                    broken.add("promised " + promised.get(n) + " with " + seenAtPromise.get(n) + " of " + due
                            + " events, seed " + seed);
            }
        } finally {
            vertx.close();
        }
        return new Run(broken, answers);
    }

    /// Says that every watcher has come as far as the store, whether it has or not.
    private static Store lying(Store honest) {
        return (Store) Proxy.newProxyInstance(
                Store.class.getClassLoader(), new Class<?>[] {Store.class}, (_, method, arguments) -> {
                    if (!method.getName().equals("watch")) return invoke(honest, method, arguments);
                    @SuppressWarnings("unchecked")
                    var deliver = (Consumer<Store.WatchAnswer>) arguments[1];
                    Store.Watching watching = honest.watch((Store.WatchRequest) arguments[0], deliver);
                    return new Store.Watching() {
                        @Override
                        public void taken() {
                            watching.taken();
                        }

                        @Override
                        public void dropped() {
                            watching.dropped();
                        }

                        @Override
                        public long syncedRevision() {
                            return honest.status().header().revision();
                        }

                        @Override
                        public void close() {
                            watching.close();
                        }
                    };
                });
    }

    private static Object invoke(Store store, java.lang.reflect.Method method, Object[] arguments) throws Throwable {
        try {
            return method.invoke(store, arguments);
        } catch (InvocationTargetException failed) {
            throw failed.getCause();
        }
    }
}
