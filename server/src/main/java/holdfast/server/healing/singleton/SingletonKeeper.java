package holdfast.server.healing.singleton;

import holdfast.core.base.Reason;
import holdfast.core.healing.fleet.SingletonSpec;
import holdfast.core.healing.fleet.SingletonSpec.Standby;
import holdfast.core.healing.recover.singleton.Singleton;
import holdfast.core.redundancy.lock.Hold;
import holdfast.server.base.Mailbox;
import holdfast.server.base.Threads;
import holdfast.server.base.Ticker;
import holdfast.server.client.Answer;
import holdfast.server.client.Etcd;
import holdfast.server.healing.act.ProcessSignal;
import holdfast.server.redundancy.lock.LockQueue;
import holdfast.server.redundancy.lock.Owner;
import holdfast.server.redundancy.lock.Taken;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Keeps this host's part of one singleton: tells [Singleton] and [Hold] what happens, and does what they order. A
/// thread of its own.
final class SingletonKeeper implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(SingletonKeeper.class);
    private static final int EVENTS_MAX = 256;
    private static final long TURN_NANOS_MAX = 200_000_000; // in which a suspend is noticed
    private static final long LOOK_NANOS = 10_000_000;
    private static final long CLOSE_MILLIS = 10_000;

    private sealed interface Event {
        record Told(Singleton.Input input) implements Event {}

        record OfHold(Taken.Held held, Hold.Input input) implements Event {}

        record Stood(Taken taken) implements Event {}

        record Exited(SingletonProcess process, int status) implements Event {}
    }

    private final SingletonSpec spec;
    private final Site site;
    private final Etcd etcd;
    private final Ticker ticker;
    private final SingletonKeys keys;
    private final Singleton core;
    private final Scribe scribe;
    private final AddressHolder address;
    private final GuardPost guard;
    private final @Nullable SingletonKeeper former;
    private final Owner owner;
    private final Mailbox<Event> inbox = new Mailbox<>(EVENTS_MAX);
    private final Thread thread;
    private @Nullable LockQueue queue;
    private @Nullable Right right;
    private boolean toldLost;
    private Reason letGoFor = new Reason("over", "It is over.");
    private boolean letGoInTrouble;
    private @Nullable SingletonProcess process;
    private @Nullable Integer exited; // status of `process`, of which something may still live
    private @Nullable Checks checks;

    /// @param former keeper of the same service that is closing, null for none: it ends first
    SingletonKeeper(
            SingletonSpec spec,
            Site site,
            Etcd etcd,
            AddressHolder address,
            @Nullable SingletonKeeper former,
            Ticker ticker) {
        this.spec = spec;
        this.site = site;
        this.etcd = etcd;
        this.ticker = ticker;
        this.keys = new SingletonKeys(spec.name());
        this.core = new Singleton(spec);
        this.scribe = new Scribe(spec.name(), site.me(), site.hosts(), etcd);
        this.address = address;
        this.guard = new GuardPost(spec.name(), address);
        this.former = former;
        String program = spec.command().getFirst();
        this.owner = new Owner(
                site.me().name(),
                ProcessHandle.current().pid(),
                program.substring(program.lastIndexOf('/') + 1),
                ticker.now().toString(),
                "");
        this.thread = Threads.startPlatform(spec.name() + " keeper", this::run);
    }

    private void run() {
        try {
            if (former != null) former.awaitEnd();
            SingletonProcess.killOrphans(spec, site);
            address.takeAway(); // should an agent before us have left it
            while (!core.over()) oneTurn();
            guard.relieve();
        } catch (InterruptedException _) {
            guard.abandon();
        } finally {
            scribe.close();
        }
    }

    private void oneTurn() throws InterruptedException {
        try {
            turn();
        } catch (RuntimeException bug) {
            LOG.error("A turn of the keeper of {} ended by a bug.", spec.name(), bug);
            TimeUnit.NANOSECONDS.sleep(LOOK_NANOS);
        }
    }

    private void turn() throws InterruptedException {
        List<Singleton.Input> told = new ArrayList<>();
        List<Hold.Input> ofHold = new ArrayList<>();
        for (Event event : inbox.drain(EVENTS_MAX, waitNanos())) {
            switch (event) {
                case Event.Told(Singleton.Input input) -> told.add(input);
                case Event.OfHold(Taken.Held held, Hold.Input input) -> {
                    if (right != null && right.held().equals(held)) ofHold.add(input);
                }
                case Event.Stood(Taken taken) -> told.add(stood(taken));
                case Event.Exited(SingletonProcess which, int status) -> {
                    if (which == process) exited = status;
                }
            }
        }
        driveRight(ofHold, told); // before the process: one that was killed for a lost right is not restarted
        lookAtProcess(told);
        for (Singleton.Order order : core.step(told, ticker.bootNanos())) carryOut(order);
    }

    private long waitNanos() {
        long nowNanos = ticker.bootNanos();
        long next = core.nextNanos(nowNanos);
        if (right != null) next = Math.min(next, right.hold().nextNanos(nowNanos));
        return Math.clamp(next - nowNanos, 0, exited == null ? TURN_NANOS_MAX : LOOK_NANOS);
    }

    private void tell(Event event) {
        try {
            inbox.put(event);
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
    }

    private void tell(Singleton.Input input) {
        tell(new Event.Told(input));
    }

    // ---- the right -------------------------------------------------------------------------------------------------

    private void stand() {
        if (!guard.isHeld()) {
            tell(new Singleton.Input.NotElected(new Reason("no-guard", "No guard can be started.")));
            return;
        }
        LockQueue place = new LockQueue(etcd, ticker, keys.queue(), spec.lease(), owner);
        queue = place;
        Threads.start(spec.name() + " queue", () -> {
            try {
                tell(new Event.Stood(place.take(Long.MAX_VALUE)));
            } catch (InterruptedException _) {
                Thread.currentThread().interrupt();
            }
        });
    }

    private Singleton.Input stood(Taken taken) {
        queue = null;
        return switch (taken) {
            case Taken.Held held -> elected(held);
            case Taken.Busy(Reason why) -> new Singleton.Input.NotElected(why);
            case Taken.Failed(Reason why) -> {
                LOG.debug("{}: cannot stand for it: {}", spec.name(), why);
                yield new Singleton.Input.NotElected(why);
            }
            case Taken.Stopped() ->
                new Singleton.Input.NotElected(new Reason("withdrawn", "It was not ready any more."));
        };
    }

    private Singleton.Input elected(Taken.Held held) {
        Hold hold = Right.hold(held, spec.lease());
        if (!guard.isHeld() || !hold.mayStart(ticker.bootNanos())) {
            Threads.start(spec.name() + " release", () -> etcd.revoke(held.lease()));
            return new Singleton.Input.NotElected(new Reason("too-late", "Its time was over when we had it."));
        }
        right = Right.open(
                etcd,
                ticker,
                keys,
                held,
                hold,
                input -> tell(new Event.OfHold(held, input)),
                () -> tell(new Singleton.Input.AskedToRelease()));
        toldLost = false;
        arm();
        right.tether().note(owner.holding(ticker.now().toString()));
        scribe.began(held, ticker.wallMillis());
        LOG.info("{} on {}: holds the key with fence {}.", spec.name(), site.me(), held.fence());
        return new Singleton.Input.Elected();
    }

    private void driveRight(List<Hold.Input> inputs, List<Singleton.Input> told) {
        Right held = right;
        if (held == null) return;
        if (held.hold().ending() && process == null) {
            inputs.add(new Hold.Input.Ended(0));
            inputs.add(new Hold.Input.Alone());
        }
        step(held, inputs);
        if (!toldLost && held.hold().lost() != null) {
            toldLost = true;
            told.add(new Singleton.Input.Lost(held.hold().lost()));
        }
    }

    private void step(Right held, List<Hold.Input> inputs) {
        for (Hold.Order order : held.hold().step(inputs, ticker.bootNanos())) {
            switch (order) {
                case Hold.Order.Renew(long limitNanos) -> held.tether().renew(limitNanos);
                case Hold.Order.Arm _ -> {
                    arm();
                    address.refresh(held);
                }
                case Hold.Order.Terminate() -> {} // there is no grace
                case Hold.Order.Kill() -> {
                    address.takeAway();
                    if (process != null) process.send(ProcessSignal.KILL);
                }
                case Hold.Order.Release(Reason lost, int _) -> release(held, lost);
            }
        }
    }

    /// Nothing of ours acts any more.
    private void release(Right held, @Nullable Reason lost) {
        right = null;
        address.takeAway();
        if (lost != null) {
            LOG.warn(
                    "{} on {}: the right with fence {} is lost: {}",
                    spec.name(),
                    site.me(),
                    held.held().fence(),
                    lost);
            guard.relieve();
            Threads.start(spec.name() + " release", held::close);
            tell(new Singleton.Input.LetGo());
            return;
        }
        arm();
        LOG.info(
                "{} on {}: lets go of fence {}: {}",
                spec.name(),
                site.me(),
                held.held().fence(),
                letGoFor);
        scribe.left(held.held(), letGoFor, letGoInTrouble);
        scribe.then(() -> {
            held.close();
            tell(new Singleton.Input.LetGo());
        });
    }

    private void arm() {
        long leader = process == null ? 0 : process.pid();
        if (right == null) guard.disarm(leader);
        else guard.arm(right.hold().guardAtNanos(), leader);
    }

    // ---- the process -----------------------------------------------------------------------------------------------

    private void lookAtProcess(List<Singleton.Input> told) {
        SingletonProcess ours = process;
        if (ours == null) return;
        if (exited == null) {
            boolean _ = guard.isHeld(); // a lost one is replaced
            return;
        }
        if (ours.lives()) {
            ours.send(ProcessSignal.KILL); // what it left behind
            return;
        }
        Reason how = new Reason("ended", "The process ended with status %d.".formatted(exited));
        LOG.info("{} on {} (pid {}): {}", spec.name(), site.me(), ours.pid(), how);
        process = null;
        exited = null;
        if (checks != null) checks.close();
        arm();
        told.add(new Singleton.Input.Ended(how));
    }

    private void carryOut(Singleton.Order order) {
        switch (order) {
            case Singleton.Order.Start() -> tell(start());
            case Singleton.Order.Stand() -> stand();
            case Singleton.Order.Withdraw() -> {
                if (queue != null) queue.stop();
            }
            case Singleton.Order.Activate(long activation) -> activate(activation);
            case Singleton.Order.Confirm _ -> {
                if (right != null) scribe.confirmed(right.held(), ticker.wallMillis());
            }
            case Singleton.Order.Terminate() -> {
                if (process != null) process.send(ProcessSignal.TERM);
            }
            case Singleton.Order.Kill() -> {
                if (process != null) process.send(ProcessSignal.KILL);
            }
            case Singleton.Order.Release(Reason why, boolean trouble) -> {
                letGoFor = why;
                letGoInTrouble = trouble;
                if (right != null) step(right, List.of(new Hold.Input.Ended(0), new Hold.Input.Alone()));
            }
        }
    }

    private Singleton.Input start() {
        Right held = right;
        if (held != null && !held.hold().mayStart(ticker.bootNanos())) {
            return new Singleton.Input.NotStarted(new Reason("too-late", "The right is nearly over."));
        }
        if (!guard.isHeld()) return new Singleton.Input.NotStarted(new Reason("no-guard", "No guard can be started."));
        if (held != null) address.bring(held);
        Answer<SingletonProcess> started = SingletonProcess.start(
                spec,
                site,
                guard.tag(),
                held == null ? null : held.held(),
                (which, status) -> tell(new Event.Exited(which, status)));
        return switch (started) {
            case Answer.Done<SingletonProcess>(SingletonProcess fresh) -> {
                process = fresh;
                exited = null;
                arm();
                LOG.info("{} on {}: started (pid {}).", spec.name(), site.me(), fresh.pid());
                yield new Singleton.Input.Started();
            }
            case Answer.Refused<SingletonProcess>(Reason why) -> notStarted(why);
            case Answer.Unknown<SingletonProcess>(Reason why) -> notStarted(why);
        };
    }

    private Singleton.Input notStarted(Reason why) {
        LOG.error("{} on {}: {}", spec.name(), site.me(), why);
        return new Singleton.Input.NotStarted(why);
    }

    private void activate(long activation) {
        Right held = right;
        SingletonProcess ours = process;
        if (held == null || ours == null || !held.hold().mayStart(ticker.bootNanos())) return; // told soon
        address.bring(held);
        if (spec.standby() == Standby.WARM) {
            ours.tell("active " + held.held().fence() + " " + held.held().keyText());
        }
        LOG.info(
                "{} on {} (pid {}) is active with fence {}.",
                spec.name(),
                site.me(),
                ours.pid(),
                held.held().fence());
        checks = Checks.start(spec.checks(), activation, site.words(), site.address(), spec.port(), ticker, this::tell);
    }

    // ---- the end ---------------------------------------------------------------------------------------------------

    /// Begins to end: the process, and the right if it is ours.
    void beginToClose() {
        tell(new Singleton.Input.Closing());
    }

    /// Waits for that; kills what takes too long.
    void awaitEnd() throws InterruptedException {
        thread.join(spec.stopWithin().toMillis() + CLOSE_MILLIS);
        if (!thread.isAlive()) return;
        LOG.warn("{} on {} does not end: it is killed.", spec.name(), site.me());
        thread.interrupt();
        thread.join(CLOSE_MILLIS);
    }

    @Override
    public void close() {
        beginToClose();
        try {
            awaitEnd();
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
    }
}
