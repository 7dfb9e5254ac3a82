package holdfast.server.client;

import holdfast.core.base.Bytes;
import holdfast.core.base.KeyRange;
import holdfast.server.base.Threads;
import holdfast.server.base.Ticker;
import java.util.List;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/// A range of the store as this host last heard of it: followed by a watch, and read anew each second, for a watch may
/// hang on a
/// member that no longer runs. Any thread.
public final class Mirror implements AutoCloseable {
    private static final long REREAD_NANOS = 1_000_000_000;
    private static final long AWAIT_NANOS = 500_000_000;

    private final Etcd etcd;
    private final KeyRange range;
    private final Ticker ticker;
    private final Runnable changed;
    private final Thread thread;
    private NavigableMap<Bytes, Pair> pairs = new TreeMap<>(); // under `this`
    private long revision; // under `this`
    private long readNanos; // under `this`
    private boolean known; // under `this`
    private volatile boolean closed;

    /// @param changed called on a thread of ours; must not wait
    public Mirror(Etcd etcd, String name, KeyRange range, Ticker ticker, Runnable changed) {
        this.etcd = etcd;
        this.range = range;
        this.ticker = ticker;
        this.changed = changed;
        this.thread = Threads.start(name + " mirror", () -> run(name));
    }

    private void run(String name) {
        @Nullable Watch watch = null;
        try {
            while (!closed) {
                if (etcd.range(range, 0) instanceof Answer.Done<Snapshot>(Snapshot snapshot)) {
                    take(snapshot);
                    if (watch == null) watch = Watch.open(etcd, name, range, snapshot.revision() + 1, this::take);
                }
                TimeUnit.NANOSECONDS.sleep(REREAD_NANOS);
            }
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        } finally {
            if (watch != null) watch.close();
        }
    }

    private void take(Snapshot snapshot) {
        boolean news;
        synchronized (this) {
            readNanos = ticker.nanos();
            if (known && snapshot.revision() < revision) return;
            NavigableMap<Bytes, Pair> fresh = new TreeMap<>();
            for (Pair pair : snapshot.pairs()) fresh.put(pair.key(), pair);
            news = !known || !fresh.equals(pairs);
            pairs = fresh;
            revision = snapshot.revision();
            known = true;
            notifyAll();
        }
        if (news) changed.run();
    }

    private void take(Watch.News news) {
        if (!(news instanceof Watch.News.Changed(long upTo, var changes))) return; // the next reading makes up for it
        synchronized (this) {
            if (upTo <= revision) return;
            NavigableMap<Bytes, Pair> fresh = new TreeMap<>(pairs);
            for (Watch.Change change : changes) {
                switch (change) {
                    case Watch.Change.Put(Pair pair) -> fresh.put(pair.key(), pair);
                    case Watch.Change.Deleted(Bytes key, long at) -> {
                        Pair former = fresh.get(key);
                        if (former != null && former.modRevision() < at) fresh.remove(key);
                    }
                }
            }
            pairs = fresh;
            revision = upTo;
            notifyAll();
        }
        changed.run();
    }

    /// Waits until this is as new as `until`, a little while.
    public synchronized void await(long until) throws InterruptedException {
        long deadlineNanos = ticker.nanos() + AWAIT_NANOS;
        for (long left = AWAIT_NANOS; revision < until && left > 0; left = deadlineNanos - ticker.nanos()) {
            TimeUnit.NANOSECONDS.timedWait(this, left);
        }
    }

    /// Everything, as it stood at one revision, which is 0 until the store was read once.
    public synchronized Snapshot snapshot() {
        return new Snapshot(revision, List.copyOf(pairs.values()));
    }

    /// False until the store was read once.
    public synchronized boolean known() {
        return known;
    }

    public synchronized Optional<Pair> pair(Bytes key) {
        return Optional.ofNullable(pairs.get(key));
    }

    /// Every pair whose key begins so, in key order. Not changed afterwards.
    public synchronized Iterable<Pair> below(String prefix) {
        Bytes start = Bytes.utf8(prefix);
        return pairs.tailMap(start, true).values().stream()
                .takeWhile(pair -> pair.key().startsWith(start))
                .toList();
    }

    /// When the store last answered.
    public synchronized long readNanos() {
        return readNanos;
    }

    @Override
    public void close() {
        closed = true;
        thread.interrupt();
    }
}
