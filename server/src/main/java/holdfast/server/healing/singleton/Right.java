package holdfast.server.healing.singleton;

import holdfast.core.base.KeyRange;
import holdfast.core.redundancy.lock.Hold;
import holdfast.core.redundancy.lock.HoldConfig;
import holdfast.server.base.Ticker;
import holdfast.server.client.Etcd;
import holdfast.server.client.Watch;
import holdfast.server.ledger.LedgerJson;
import holdfast.server.redundancy.lock.Taken;
import holdfast.server.redundancy.lock.Tether;
import java.time.Duration;
import java.util.function.Consumer;

/// The right to act, from when the key was found to be ours until it is let go.
final class Right implements AutoCloseable {
    private final Taken.Held held;
    private final Hold hold;
    private final Tether tether;
    private final Watch requests;

    private Right(Taken.Held held, Hold hold, Tether tether, Watch requests) {
        this.held = held;
        this.hold = hold;
        this.tether = tether;
        this.requests = requests;
    }

    /// A process that loses the right is killed without a word before: so the store may be away for longest.
    static Hold hold(Taken.Held held, Duration lease) {
        return new Hold(new HoldConfig(lease, Duration.ZERO), held.sentBootNanos(), held.ttlNanos());
    }

    /// @param tell what the hold must know
    /// @param asked called when a person wants another host to be active
    static Right open(
            Etcd etcd,
            Ticker ticker,
            SingletonKeys keys,
            Taken.Held held,
            Hold hold,
            Consumer<Hold.Input> tell,
            Runnable asked) {
        Tether tether = Tether.open(etcd, ticker, held, tell);
        Watch requests = Watch.open(
                etcd,
                keys.service() + " requests",
                KeyRange.single(keys.request()),
                held.revision() + 1,
                news -> hear(news, held.fence(), asked));
        return new Right(held, hold, tether, requests);
    }

    private static void hear(Watch.News news, long fence, Runnable asked) {
        if (!(news instanceof Watch.News.Changed changed)) return;
        for (Watch.Change change : changed.changes()) {
            boolean ours = change instanceof Watch.Change.Put(var pair)
                    && LedgerJson.read(pair.value(), ReleaseWish.class)
                            .filter(wish -> wish.fence() == fence)
                            .isPresent();
            if (ours) asked.run();
        }
    }

    Taken.Held held() {
        return held;
    }

    Hold hold() {
        return hold;
    }

    Tether tether() {
        return tether;
    }

    /// How long an address stays that is not refreshed.
    int leaseSeconds() {
        return Math.toIntExact(Duration.ofNanos(held.ttlNanos()).toSeconds());
    }

    /// Lets the key go. Waits for the store.
    @Override
    public void close() {
        requests.close();
        tether.close();
    }
}
