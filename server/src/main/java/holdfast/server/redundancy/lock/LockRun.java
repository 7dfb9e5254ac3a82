package holdfast.server.redundancy.lock;

import holdfast.core.base.KeyRange;
import holdfast.core.base.Reason;
import holdfast.core.redundancy.lock.Hold;
import holdfast.core.redundancy.lock.HoldConfig;
import holdfast.server.base.Mailbox;
import holdfast.server.base.Threads;
import holdfast.server.base.Ticker;
import holdfast.server.client.Answer;
import holdfast.server.client.Endpoint;
import holdfast.server.client.Etcd;
import holdfast.server.client.Txn;
import holdfast.server.client.Watch;
import holdfast.server.healing.act.Guard;
import holdfast.server.healing.act.ProcessSignal;
import java.io.IOException;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/// Runs one command under one lock. The caller's thread drives [Hold] and carries its orders out.
public final class LockRun {
    /// Locks that the command runs under, each between colons: an inner wrapper adds its own.
    static final String HOLDS = "HOLDFAST_HOLDS";

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
        try {
            if (!hold.mayStart(ticker.bootNanos())) return null;
            if (!guard.lives()) return new Ran.Failed(new Reason("no-guard", "The guard was ended."));
            guard.arm(hold.guardAtNanos(), 0);
            Process process = start(held);
            if (process == null) return stopped();
            guard.arm(hold.guardAtNanos(), process.pid());
            Threads.start("command", () -> await(process));
            Threads.start("holder's note", () -> noteHolding(held));
            try (Watch _ =
                    Watch.open(etcd, "lock key", KeyRange.single(held.key()), held.revision() + 1, this::hearOfKey)) {
                return drive(guard, held, hold, new Family(process.pid(), tag));
            }
        } catch (IOException failed) {
            return new Ran.Failed(new Reason("cannot-start", "It cannot be started: " + failed.getMessage()));
        } finally {
            etcd.revoke(held.lease());
        }
    }

    /// Null when a signal came first.
    private synchronized @Nullable Process start(Taken.Held held) throws IOException {
        if (stoppedBy != null) return null;
        List<String> words = new ArrayList<>(List.of("setsid"));
        words.addAll(wish.command());
        ProcessBuilder builder = new ProcessBuilder(words).inheritIO();
        Map<String, String> environment = builder.environment();
        environment.put("HOLDFAST_LOCK", held.keyText());
        environment.put("HOLDFAST_LEASE", Long.toHexString(held.lease()));
        environment.put("HOLDFAST_FENCE", Long.toString(held.fence()));
        environment.put(
                "HOLDFAST_STORE",
                etcd.config().endpoints().stream().map(Endpoint::toString).collect(Collectors.joining(",")));
        environment.merge(HOLDS, tag, (outer, ours) -> outer + ours);
        environment.put("ETCD_LOCK_KEY", held.keyText()); // as etcdctl lock has them
        environment.put("ETCD_LOCK_REV", Long.toString(held.revision()));
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

    private void noteHolding(Taken.Held held) {
        etcd.commit(new Txn()
                .ifCreateRevision(held.key(), held.fence())
                .put(held.key(), owner.holding(ticker.now().toString()).write(), held.lease()));
    }

    private void hearOfKey(Watch.News news) {
        if (news instanceof Watch.News.Changed changed
                && changed.changes().stream().anyMatch(Watch.Change.Deleted.class::isInstance)) {
            inbox.offer(new Hold.Input.Gone(new Reason("key-gone", "The lock's key was deleted in the store.")));
        }
    }

    private Ran drive(Guard guard, Taken.Held held, Hold hold, Family members) throws InterruptedException {
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
                    case Hold.Order.Renew(long limitNanos) ->
                        Threads.start("renewal", () -> renew(held.lease(), limitNanos));
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

    private void renew(long lease, long limitNanos) {
        long sentBootNanos = ticker.bootNanos();
        inbox.offer(
                switch (etcd.renew(lease, limitNanos)) {
                    case Answer.Done<Long>(Long seconds)
                    when seconds <= 0 ->
                        new Hold.Input.Gone(new Reason("lease-gone", "The lease is over in the store."));
                    case Answer.Done<Long>(Long seconds) ->
                        new Hold.Input.Renewed(sentBootNanos, TimeUnit.SECONDS.toNanos(seconds));
                    case Answer.Refused<Long>(Reason why)
                    when why.code().equals("not-found") -> new Hold.Input.Gone(why);
                    case Answer.Refused<Long>(Reason why) -> new Hold.Input.NotRenewed(why);
                    case Answer.Unknown<Long>(Reason why) -> new Hold.Input.NotRenewed(why);
                });
    }
}
