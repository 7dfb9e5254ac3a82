package holdfast.server.healing.singleton;

import holdfast.core.base.Outcome;
import holdfast.core.base.Reason;
import holdfast.core.healing.fleet.SingletonSpec;
import holdfast.server.base.Threads;
import holdfast.server.base.Ticker;
import holdfast.server.client.Answer;
import holdfast.server.healing.act.Guard;
import holdfast.server.healing.act.VirtualAddress;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// A singleton's virtual address on this host, if it has one and may. Calls from one thread.
final class AddressHolder {
    private static final Logger LOG = LoggerFactory.getLogger(AddressHolder.class);
    /// Waits before the neighbours are told once more: one of them may have missed it.
    private static final List<Long> TELL_AGAIN_MILLIS = List.of(100L, 300L, 1_000L, 3_000L);

    private final String service;
    private final @Nullable VirtualAddress address; // null for none
    private final Ticker ticker;
    private volatile boolean here;
    private volatile long ownUntilBootNanos;

    private AddressHolder(String service, @Nullable VirtualAddress address, Ticker ticker) {
        this.service = service;
        this.address = address;
        this.ticker = ticker;
    }

    /// Says so when this host may not: then the service runs without.
    static AddressHolder of(SingletonSpec spec, Ticker ticker) {
        if (spec.address().isEmpty()) return new AddressHolder(spec.name(), null, ticker);
        VirtualAddress address = new VirtualAddress(spec.address(), spec.link());
        Optional<Reason> refusal = address.refusal();
        if (refusal.isEmpty()) return new AddressHolder(spec.name(), address, ticker);
        LOG.error(
                "{}: this host cannot have the address {}, and is active without it: {}",
                spec.name(),
                spec.address(),
                refusal.get());
        return new AddressHolder(spec.name(), null, ticker);
    }

    /// A guard that takes the address away, too.
    Answer<Guard> guard(String tag) {
        return address == null ? Guard.start(ticker, tag) : Guard.start(ticker, tag, address);
    }

    /// From now on it is here. Told to the neighbours when it was not.
    void bring(Right right) {
        ownUntilBootNanos = right.hold().guardAtNanos();
        if (address == null || here) return;
        if (!done(address.add(right.leaseSeconds()))) return;
        here = true;
        Threads.startPlatform(service + " address", () -> announce(address));
    }

    private void announce(VirtualAddress which) {
        boolean _ = done(which.announce());
        for (long wait : TELL_AGAIN_MILLIS) {
            try {
                TimeUnit.MILLISECONDS.sleep(wait);
            } catch (InterruptedException _) {
                return;
            }
            boolean ours = here && ticker.bootNanos() < ownUntilBootNanos; // we may have stood still for long
            if (!ours) return;
            boolean _ = done(which.announce());
        }
    }

    /// The right was renewed.
    void refresh(Right right) {
        ownUntilBootNanos = right.hold().guardAtNanos();
        if (address != null && here) here = done(address.add(right.leaseSeconds()));
    }

    void takeAway() {
        here = false;
        if (address != null) {
            boolean _ = done(address.remove());
        }
    }

    private boolean done(Outcome outcome) {
        if (outcome instanceof Outcome.Done) return true;
        LOG.warn("{}: {}", service, outcome);
        return false;
    }
}
