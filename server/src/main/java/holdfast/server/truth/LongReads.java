package holdfast.server.truth;

import com.google.protobuf.CodedOutputStream;
import holdfast.core.base.Bytes;
import holdfast.core.base.Reason;
import holdfast.core.truth.Command;
import holdfast.core.truth.KeyValue;
import holdfast.core.truth.PageWalk;
import holdfast.core.truth.ShelfView;
import holdfast.server.base.Driver;
import holdfast.server.base.Mailbox;
import holdfast.server.base.Ticker;
import holdfast.server.truth.Store.Answer;
import holdfast.server.truth.Store.PageAnswer;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// Pages too long for memory. Each is read twice from one view: first to learn how long the answer is, which etcd's
/// protocol says before anything else, then piece by piece as its client takes it. All go in small steps, in turn, on
/// one thread of their own, so that neither writes nor short reads wait for them.
final class LongReads implements AutoCloseable {
    /// Clients that take none hold a place for a minute.
    private static final int PAGES_MAX = 256;

    private static final int STEP_BYTES = 512 << 10; // while measuring
    private static final int PIECE_BYTES = 64 << 10;
    private static final long IDLE_NANOS_MAX = TimeUnit.SECONDS.toNanos(60);
    private static final long NEVER = Long.MIN_VALUE;
    private static final long DRAIN_NANOS = 1_000_000_000;

    private final Ticker ticker;
    private final Driver driver;
    private final Mailbox<Runnable> jobs = new Mailbox<>(2 * PAGES_MAX); // a page has at most one, and its end
    private final Set<Page> pages = ConcurrentHashMap.newKeySet();
    private volatile boolean closed;

    LongReads(Ticker ticker, Runnable onBug) {
        this.ticker = ticker;
        driver = new Driver("long-reads", this::turn, onBug);
    }

    private void turn() throws InterruptedException {
        for (Runnable job : jobs.drain(1, DRAIN_NANOS)) job.run();
    }

    /// From any thread.
    ///
    /// @param query one that a [PageWalk] can read
    /// @param view let go with `release`, whatever happens
    void begin(Command.Range query, Store.Header header, ShelfView view, Runnable release, Consumer<PageAnswer> done) {
        Page page = new Page(query, header, view, release, done);
        if (closed || pages.size() >= PAGES_MAX || !pages.add(page) || !jobs.offer(page::measure)) {
            boolean _ = pages.remove(page);
            release.run();
            Callbacks.call(done, refused(closed ? Reasons.STOPPED : Reasons.TOO_MANY_REQUESTS));
        }
    }

    private static PageAnswer refused(Reason why) {
        return new PageAnswer.Whole(new Answer.Refused(why));
    }

    /// Gives up what nobody takes. Now and then, from any thread.
    void tick() {
        long now = ticker.nanos();
        for (Page page : pages) {
            if (page.askedNanos != NEVER && now - page.askedNanos > IDLE_NANOS_MAX) page.close();
        }
    }

    private final class Page implements Store.LongPage {
        private final Command.Range query;
        private final Store.Header header;
        private final ShelfView view;
        private final Runnable release;
        private final Consumer<PageAnswer> done;
        private volatile long askedNanos = NEVER; // while nothing is asked for: when the last piece was given
        private volatile boolean over;
        private volatile long pairBytes;
        private volatile long count;
        private volatile boolean more;

        // This room's thread only.
        private PageWalk walk;
        private long measured;
        private boolean released;

        Page(Command.Range query, Store.Header header, ShelfView view, Runnable release, Consumer<PageAnswer> done) {
            this.query = query;
            this.header = header;
            this.view = view;
            this.release = release;
            this.done = done;
            walk = new PageWalk(query, view);
        }

        private void measure() {
            if (over) {
                letGo();
                return;
            }
            for (KeyValue pair : walk.next(STEP_BYTES)) measured += fieldBytes(pair);
            if (!walk.isOver()) {
                if (!closed && jobs.offer(this::measure)) return;
                letGo();
                Callbacks.call(done, refused(closed ? Reasons.STOPPED : Reasons.TOO_MANY_REQUESTS));
                return;
            }
            count = walk.count();
            more = walk.more();
            pairBytes = measured;
            walk = new PageWalk(query, view);
            askedNanos = ticker.nanos();
            Callbacks.call(done, new PageAnswer.Pieces(header, this));
        }

        @Override
        public long count() {
            return count;
        }

        @Override
        public boolean more() {
            return more;
        }

        @Override
        public long pairBytes() {
            return pairBytes;
        }

        @Override
        public void next(Consumer<@Nullable List<KeyValue>> pairs) {
            askedNanos = NEVER;
            if (over || closed || !jobs.offer(() -> read(pairs))) give(pairs, null);
        }

        private void read(Consumer<@Nullable List<KeyValue>> pairs) {
            if (over || released) {
                letGo();
                give(pairs, null);
                return;
            }
            List<KeyValue> found = walk.next(PIECE_BYTES);
            while (found.isEmpty() && !walk.isOver()) found = walk.next(PIECE_BYTES);
            askedNanos = ticker.nanos();
            give(pairs, found);
        }

        private static void give(Consumer<@Nullable List<KeyValue>> pairs, @Nullable List<KeyValue> found) {
            Callbacks.call(taker -> taker.accept(found), pairs);
        }

        @Override
        public void close() {
            if (over) return;
            over = true;
            boolean _ = jobs.offer(this::letGo); // a full mailbox holds a job of this page, which does it, too
        }

        private void letGo() {
            over = true;
            if (released) return;
            released = true;
            boolean _ = pages.remove(this);
            release.run();
        }
    }

    /// What a pair takes as field `kvs` of `RangeResponse` (mvccpb.KeyValue).
    static int fieldBytes(KeyValue pair) {
        int bytes = bytesField(pair.key())
                + numberField(pair.createRevision())
                + numberField(pair.modRevision())
                + numberField(pair.version())
                + bytesField(pair.value())
                + numberField(pair.lease());
        return 1 + CodedOutputStream.computeUInt32SizeNoTag(bytes) + bytes;
    }

    private static int bytesField(Bytes value) {
        return value.isEmpty() ? 0 : 1 + CodedOutputStream.computeUInt32SizeNoTag(value.size()) + value.size();
    }

    private static int numberField(long value) {
        return value == 0 ? 0 : 1 + CodedOutputStream.computeInt64SizeNoTag(value);
    }

    @Override
    public void close() {
        closed = true;
        driver.close();
        for (Page page : pages) page.letGo(); // its thread is gone
    }
}
