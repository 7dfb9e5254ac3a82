package holdfast.server.truth.cluster;

import holdfast.core.base.Bytes;
import holdfast.core.base.KeyRange;
import holdfast.server.client.Answer;
import holdfast.server.client.Etcd;
import holdfast.server.client.Pair;
import holdfast.server.client.Snapshot;
import holdfast.server.client.Txn;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;

/// Writers that put a new key each time and record what was acknowledged, until closed.
final class Writers implements AutoCloseable {
    private final Queue<String> acknowledged = new ConcurrentLinkedQueue<>();
    private final List<Thread> threads = new ArrayList<>();
    private volatile boolean closed;

    /// @param clients one writer for each
    Writers(String prefix, List<Etcd> clients) {
        for (int writer = 0; writer < clients.size(); writer++) {
            String own = prefix + writer + "/";
            Etcd client = clients.get(writer);
            threads.add(Thread.ofVirtual().start(() -> write(own, client)));
        }
    }

    private void write(String prefix, Etcd client) {
        for (long number = 0; !closed; number++) {
            String key = prefix + number;
            Txn put = new Txn().put(Bytes.utf8(key), Bytes.utf8("v" + number));
            if (client.commit(put) instanceof Answer.Done<Etcd.Committed>) acknowledged.add(key);
        }
    }

    int count() {
        return acknowledged.size();
    }

    List<String> acknowledged() {
        return List.copyOf(acknowledged);
    }

    /// Acknowledged keys below `prefix` that the store does not hold.
    List<String> missing(String prefix, Etcd client) {
        List<String> wanted = acknowledged();
        Answer<Snapshot> answer = client.range(KeyRange.prefix(Bytes.utf8(prefix)), 0);
        if (!(answer instanceof Answer.Done<Snapshot>(Snapshot found))) throw new AssertionError(answer.toString());
        Set<String> held = new HashSet<>();
        for (Pair pair : found.pairs()) held.add(pair.key().utf8());
        return wanted.stream().filter(key -> !held.contains(key)).toList();
    }

    @Override
    public void close() {
        closed = true;
        for (Thread thread : threads) {
            try {
                thread.join();
            } catch (InterruptedException bug) {
                throw new IllegalStateException(bug);
            }
        }
    }
}
