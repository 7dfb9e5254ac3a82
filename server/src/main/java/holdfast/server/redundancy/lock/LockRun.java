package holdfast.server.redundancy.lock;

import holdfast.core.base.Reason;
import holdfast.core.redundancy.lock.Hold;
import holdfast.core.redundancy.lock.HoldConfig;
import holdfast.server.base.Mailbox;
import holdfast.server.base.Threads;
import holdfast.server.base.Ticker;
import holdfast.server.client.Answer;
import holdfast.server.client.Etcd;
import holdfast.server.healing.act.Family;
import holdfast.server.healing.act.Guard;
import holdfast.server.healing.act.ProcessSignal;
import java.io.IOException;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Runs one command under one lock. The caller's thread drives [Hold] and carries its orders out.
public final class LockRun {
    private static final int INPUTS_MAX = 64;
    private static final long TURN_NANOS_MAX = 200_000_000; // in which a suspend is noticed

    /// What to run and how.
    ///
    /// @param waitNanos as [LockQueue#take] takes it
    /// @param leaves whether what the command leaves running may stay when it ends by itself
    public record Wish(LockName name, HoldConfig config, long waitNanos, List<String> command, boolean leaves) {}

    private final Etcd etcd;
    private final Ticker ticker;
    private final Wish wish;
    private final Owner owner;
    private final LockQueue queue;
    private final String tag = ":" + Long.toHexString(new SecureRandom().nextLong()) + ":";
    private final Mailbox<Hold.Input> inbox = new Mailbox<>(INPUTS_MAX);
    private @Nullable ProcessSignal stoppedBy; // under `this`
    private @Nullable Family family; // under `this`

    public LockRun(Etcd etcd, Ticker ticker, Wish wish) {
        this.etcd = etcd;
        this.ticker = ticker;
        this.wish = wish;
        String program = wish.command().getFirst();
        this.owner = Owner.self(
                ProcessHandle.current().pid(),
                program.substring(program.lastIndexOf('/') + 1),
                ticker.now().toString());
        this.queue = new LockQueue(etcd, ticker, wish.name(), wish.config().ttl(), owner);
    }

    /// Passes a signal on to the command; before there is one, it ends the waiting. Any thread.
    public synchronized void signal(ProcessSignal signal) {
        if (family != null) {
            family.pass(signal);
        } else if (signal == ProcessSignal.TERM
                || signal == ProcessSignal.INTERRUPT
                || signal == ProcessSignal.HANGUP) {
            stoppedBy = signal;
            queue.stop();
        }
    }

    /// Waits for the lock, runs the command, lets the lock go. Once.
    public Ran run() throws InterruptedException {
        return switch (Guard.start(ticker, tag)) {
            case Answer.Done<Guard>(Guard guard) -> {
                try (guard) {
                    yield run(guard);
                }
            }
            case Answer.Refused<Guard>(Reason why) -> new Ran.Failed(why);
            case Answer.Unknown<Guard>(Reason why) -> new Ran.Failed(why);
        };
    }

    private Ran run(Guard guard) throws InterruptedException {
        while (true) {
            Ran ran = switch (queue.take(wish.waitNanos())) {
                case Taken.Held held -> hold(guard, held);
                case Taken.Busy(Reason why) -> new Ran.Busy(why);
                case Taken.Failed(Reason why) -> new Ran.Failed(why);
                case Taken.Stopped() -> stopped();
            };
            if (ran != null) return ran;
        }
    }

    private synchronized Ran stopped() {
        return new Ran.Stopped(stoppedBy == null ? ProcessSignal.TERM : stoppedBy);
    }

    /// Null when we were too slow to begin: the lock is let go and stood for again.
    private @Nullable Ran hold(Guard guard, Taken.Held held) throws InterruptedException {
        Hold hold = new Hold(wish.config(), held.sentBootNanos(), held.ttlNanos());
        if (!hold.mayStart(ticker.bootNanos())) {
            etcd.revoke(held.lease());
            return null;
        }
        try (Tether tether = Tether.open(etcd, ticker, held, inbox::offer)) {
            if (!guard.lives()) return new Ran.Failed(new Reason("no-guard", "The guard was ended."));
            guard.arm(hold.guardAtNanos(), 0);
            Process process = start(held);
            if (process == null) return stopped();
            guard.arm(hold.guardAtNanos(), process.pid());
            Threads.start("command", () -> await(process));
            tether.note(owner.holding(ticker.now().toString()));
            return drive(guard, tether, hold, new Family(process.pid(), tag));
        } catch (IOException failed) {
            return new Ran.Failed(new Reason("cannot-start", "It cannot be started: " + failed.getMessage()));
        }
    }

    /// Null when a signal came first.
    private synchronized @Nullable Process start(Taken.Held held) throws IOException {
        if (stoppedBy != null) return null;
        List<String> words = new ArrayList<>(List.of("setsid"));
        words.addAll(wish.command());
        ProcessBuilder builder = new ProcessBuilder(words).inheritIO();
        Map<String, String> environment = builder.environment();
        environment.putAll(held.environment(etcd.config().urls()));
        environment.merge(Family.TAGS, tag, (outer, ours) -> outer + ours);
        Process process = builder.start();
        family = new Family(process.pid(), tag);
        return process;
    }

    private void await(Process process) {
        try {
            inbox.put(new Hold.Input.Ended(process.waitFor()));
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
    }

    private Ran drive(Guard guard, Tether tether, Hold hold, Family members) throws InterruptedException {
        while (true) {
            long nowNanos = ticker.bootNanos();
            long leftNanos = hold.nextNanos(nowNanos) - nowNanos;
            List<Hold.Input> inputs = inbox.drain(INPUTS_MAX, Math.clamp(leftNanos, 0, TURN_NANOS_MAX));
            boolean ended = inputs.stream().anyMatch(Hold.Input.Ended.class::isInstance);
            if ((ended && wish.leaves()) || ((ended || hold.ending()) && !members.lives())) {
                inputs.add(new Hold.Input.Alone());
            }
            for (Hold.Order order : hold.step(inputs, ticker.bootNanos())) {
                switch (order) {
                    case Hold.Order.Renew(long limitNanos) -> tether.renew(limitNanos);
                    case Hold.Order.Arm(long atNanos) -> guard.arm(atNanos, members.session());
                    case Hold.Order.Terminate() -> {
                        members.send(ProcessSignal.TERM);
                        members.send(ProcessSignal.CONTINUE); // a stopped process handles no signal but KILL
                    }
                    case Hold.Order.Kill() -> members.send(ProcessSignal.KILL);
                    case Hold.Order.Release(Reason lost, int status) -> {
                        return lost == null ? new Ran.Ended(status) : new Ran.Lost(lost);
                    }
                }
            }
        }
    }
}
