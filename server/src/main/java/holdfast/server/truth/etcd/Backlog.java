package holdfast.server.truth.etcd;

import holdfast.server.base.Ticker;
import java.util.Comparator;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/// What lies in this process for clients that have not taken it yet, in bytes: of all connections of all doors. From
/// any thread.
///
/// *Unsent* is what waits for a client's socket, *coming* what the store still makes or hands over. Each has a bound,
/// a share of the heap; connections have theirs in [Debt]. When clients that read nothing use up the first bound, the
/// one that owes most is sent away: so the others do not notice.
final class Backlog {
    private static final Ticker TICKER = Ticker.system();

    /// Of the heap, for each of the two.
    private static final int HEAP_SHARE = 8;

    /// A connection that took nothing for so long reads nothing.
    private static final long STALLED_NANOS = TimeUnit.SECONDS.toNanos(10);

    private final long bytesMax = Math.max(16 << 20, Runtime.getRuntime().maxMemory() / HEAP_SHARE);
    private final AtomicLong unsent = new AtomicLong();
    private final AtomicLong coming = new AtomicLong();
    private final Set<Debt> debtors = ConcurrentHashMap.newKeySet();
    private final ConcurrentLinkedQueue<Runnable> waiting = new ConcurrentLinkedQueue<>(); // one for each connection

    long unsentBytes() {
        return unsent.get();
    }

    long comingBytes() {
        return coming.get();
    }

    /// Whether a message for a client that takes what it gets may be sent.
    boolean hasRoom(long bytes, long alwaysBytes) {
        return unsent.get() < bytesMax || (unsent.get() < 2 * bytesMax && bytes <= alwaysBytes);
    }

    void unsent(long bytes) {
        unsent.addAndGet(bytes);
    }

    /// Takes room for something that comes; false when there is none. What comes alone always has room.
    boolean take(long bytes) {
        long before = coming.getAndAdd(bytes);
        if (before == 0 || before + bytes <= bytesMax) return true;
        coming.addAndGet(-bytes);
        return false;
    }

    /// What was taken turns out to be so much larger, or smaller.
    void adjust(long bytes) {
        coming.addAndGet(bytes);
    }

    void give(long bytes) {
        coming.addAndGet(-bytes);
        @Nullable Runnable next = waiting.poll();
        if (next != null) next.run();
    }

    /// @param retry told, on any thread, when something was given back
    void await(Runnable retry) {
        waiting.add(retry);
    }

    void forget(Runnable retry) {
        boolean _ = waiting.remove(retry);
    }

    void add(Debt debt) {
        debtors.add(debt);
    }

    void remove(Debt debt) {
        debtors.remove(debt);
    }

    /// Sends the largest debtor away that takes nothing, when there is too little room. Call it every second or so.
    void relieve() {
        if (unsent.get() < bytesMax) return;
        long now = TICKER.nanos();
        debtors.stream()
                .filter(debt -> debt.unsentBytes() > 0 && now - debt.paidNanos() > STALLED_NANOS)
                .max(Comparator.comparingLong(Debt::unsentBytes))
                .ifPresent(Debt::sendAway);
    }
}
