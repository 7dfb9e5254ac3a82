package holdfast.server.proof;

import holdfast.core.base.Bytes;
import holdfast.core.base.KeyRange;
import holdfast.core.proof.Watched;
import holdfast.core.proof.Watched.Event;
import holdfast.core.proof.Watched.Heard;
import holdfast.server.base.Threads;
import holdfast.server.base.Ticker;
import holdfast.server.client.Answer;
import holdfast.server.client.Etcd;
import holdfast.server.client.Tap;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/// One watcher that writes down all it hears. When its stream ends or falls silent it goes on behind the last revision
/// heard, at the next of its members.
final class WatchRecorder {
    private static final long ASK_NANOS = 250_000_000;
    private static final long SILENCE_NANOS = 2_000_000_000;
    private static final long RETRY_MILLIS = 60;

    private final String name;
    private final String prefix;
    private final List<String> route;
    private final Map<String, Etcd> members;
    private final Ticker ticker;
    private final long startNanos;
    private final Thread thread;

    // guarded by this
    private final List<Heard> heard = new ArrayList<>();
    private long next;
    private long reached;
    private long heardNanos;
    private boolean streaming;
    private int stream;
    private volatile boolean stopped;

    /// @param route members to be at, one after the other
    /// @param fromRevision first revision wanted
    WatchRecorder(
            String name,
            String prefix,
            List<String> route,
            Map<String, Etcd> members,
            long fromRevision,
            Ticker ticker,
            long startNanos) {
        this.name = name;
        this.prefix = prefix;
        this.route = route;
        this.members = members;
        this.ticker = ticker;
        this.startNanos = startNanos;
        next = fromRevision;
        thread = Threads.start("watch-" + name, this::run);
    }

    private void run() {
        for (int turn = 0; !stopped; turn++) {
            String member = route.get(turn % route.size());
            Etcd etcd = members.get(member);
            if (etcd == null) throw new IllegalStateException("no member " + member);
            int mine = open(member);
            Answer<Tap> opened =
                    Tap.open(etcd, KeyRange.prefix(Bytes.utf8(prefix)), opening(), true, news -> hear(mine, news));
            if (opened instanceof Answer.Done<Tap>(Tap tap)) {
                follow(tap);
                tap.close();
            }
            Pause.millis(RETRY_MILLIS);
        }
    }

    private synchronized int open(String member) {
        heard.add(new Heard.Opened(member, next));
        heardNanos = ticker.nanos();
        streaming = true;
        return ++stream; // what earlier streams still say is not heard
    }

    private synchronized long opening() {
        return next;
    }

    private void follow(Tap tap) {
        long askedNanos = ticker.nanos();
        while (!stopped && isGoing()) {
            Pause.millis(20);
            if (ticker.nanos() - askedNanos < ASK_NANOS) continue;
            askedNanos = ticker.nanos();
            tap.askProgress();
        }
    }

    private synchronized boolean isGoing() {
        return streaming && ticker.nanos() - heardNanos < SILENCE_NANOS;
    }

    private synchronized void hear(int from, Tap.News news) {
        if (from != stream || stopped) return;
        heardNanos = ticker.nanos();
        switch (news) {
            case Tap.News.Ended _ -> streaming = false;
            case Tap.News.Promised(long revision) -> {
                heard.add(new Heard.Promised(revision));
                reached = Math.max(reached, revision);
            }
            case Tap.News.Told(long revision, List<Tap.Event> events) -> {
                heard.add(new Heard.Told(
                        heardNanos - startNanos,
                        revision,
                        events.stream().map(WatchRecorder::event).toList()));
                for (Tap.Event event : events) {
                    next = Math.max(next, event.pair().modRevision() + 1);
                    reached = Math.max(reached, event.pair().modRevision());
                }
            }
        }
    }

    private static Event event(Tap.Event event) {
        return new Event(
                event.pair().key().utf8(),
                event.delete() ? null : event.pair().value().utf8(),
                event.pair().modRevision(),
                event.pair().createRevision(),
                event.before() == null ? null : Recorder.found(event.before()));
    }

    /// The highest revision heard of or promised.
    synchronized long reached() {
        return reached;
    }

    int eventCount() {
        return watched().heard().stream()
                .mapToInt(one -> one instanceof Heard.Told told ? told.events().size() : 0)
                .sum();
    }

    synchronized Watched watched() {
        return new Watched(name, prefix, true, heard);
    }

    void stop() {
        stopped = true;
        thread.interrupt();
        try {
            thread.join();
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
    }
}
