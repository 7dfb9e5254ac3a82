package holdfast.server.truth;

import holdfast.core.base.Bytes;
import holdfast.core.base.Reason;
import holdfast.core.truth.Archive;
import holdfast.core.truth.ShelfView;
import holdfast.server.base.Threads;
import holdfast.server.truth.Store.CopyAnswer;
import holdfast.server.truth.Store.StateCopy;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// Copies of the state for whoever asks, each read on a platform thread of its own, a piece at a time, from a view
/// that stands still: neither writes nor other reads wait for it, and memory holds one piece.
final class StateCopies implements AutoCloseable {
    private static final int COPIES_MAX = 4;
    private static final int PIECE_BYTES = 256 << 10;
    private static final long IDLE_SECONDS_MAX = 60;

    private final Views views;
    private final Semaphore places = new Semaphore(COPIES_MAX);
    private volatile boolean closed;

    StateCopies(Views views) {
        this.views = views;
    }

    void open(Consumer<CopyAnswer> done) {
        if (closed || !places.tryAcquire()) {
            Reason why = closed ? Reasons.STOPPED : Reasons.TOO_MANY_REQUESTS;
            Callbacks.call(done, new CopyAnswer.Refused(why));
            return;
        }
        Copy copy = new Copy(done);
        Thread _ = Threads.startPlatform("state-copy", copy::run);
    }

    private static void give(Consumer<@Nullable Bytes> piece, @Nullable Bytes value) {
        Callbacks.call(taker -> taker.accept(value), piece);
    }

    /// Copies under way end with their next piece.
    @Override
    public void close() {
        closed = true;
    }

    private final class Copy implements StateCopy {
        private final Consumer<CopyAnswer> done;
        private final BlockingQueue<Consumer<@Nullable Bytes>> asked = new ArrayBlockingQueue<>(2);
        private volatile boolean over;
        private volatile long bytes;

        Copy(Consumer<CopyAnswer> done) {
            this.done = done;
        }

        @Override
        public long bytes() {
            return bytes;
        }

        @Override
        public void next(Consumer<@Nullable Bytes> piece) {
            if (over || closed || !asked.offer(piece)) give(piece, null);
        }

        /// Wakes the thread, so that it lets go of its view.
        @Override
        public void close() {
            over = true;
            boolean _ = asked.offer(_ -> {}); // a full one wakes it, too
        }

        private void run() {
            try (ShelfView view = views.openApart()) {
                Archive archive = new Archive(view);
                bytes = Archive.HEAD_BYTES + archive.head().rowBytes();
                Callbacks.call(done, new CopyAnswer.Ready(this));
                serve(archive);
            } catch (InterruptedException _) {
                Thread.currentThread().interrupt();
            } finally {
                over = true;
                places.release();
                for (@Nullable Consumer<@Nullable Bytes> late = asked.poll(); late != null; late = asked.poll()) {
                    give(late, null);
                }
            }
        }

        private void serve(Archive archive) throws InterruptedException {
            boolean first = true;
            while (!over && !closed) {
                Consumer<@Nullable Bytes> piece = asked.poll(IDLE_SECONDS_MAX, TimeUnit.SECONDS);
                if (piece == null || over || closed) {
                    if (piece != null) give(piece, null);
                    return;
                }
                Bytes found = first ? archive.head().encode() : archive.next(PIECE_BYTES);
                first = false;
                give(piece, found);
                if (found.isEmpty()) return;
            }
        }
    }
}
