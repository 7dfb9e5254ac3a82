package holdfast.server.healing.failover;

import holdfast.core.base.NodeId;
import holdfast.core.healing.fleet.ClusterSpec;
import holdfast.core.healing.recover.failover.ClusterState;
import holdfast.core.healing.recover.failover.Holder;
import holdfast.core.healing.recover.failover.Member;
import holdfast.core.healing.recover.failover.View;
import holdfast.server.base.SafeFile;
import holdfast.server.base.Threads;
import holdfast.server.base.Ticker;
import holdfast.server.client.Answer;
import holdfast.server.client.Lease;
import holdfast.server.healing.act.Guard;
import holdfast.server.healing.act.ProcessFacts;
import holdfast.server.healing.act.ProcessSignal;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// How long the server may take writes. Tells the guard the end of our lease, each time it is renewed; without the
/// store the
/// promises of the members that an election would need put the end off. The other side of that: what we promised, and
/// that
/// we never both promise and pledge in one term.
final class Enforcer implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Enforcer.class);
    private static final long TURN_NANOS = 50_000_000;
    private static final int ASKS_PER_LEASE = 8;
    private static final int DOUBT_EIGHTHS = 4;
    private static final int MARGIN_SHARE = 8;
    private static final long VACANT_MAX_NANOS = 5_000_000_000L;

    private final ClusterSpec spec;
    private final NodeId me;
    private final Ticker ticker;
    private final String tag;
    private final Path guardFile;
    private final Peers peers;
    private final Thread arming;
    private final Thread asking;
    private volatile Guard guard;
    private volatile long pid;
    private volatile @Nullable Lease lease;
    private volatile @Nullable View view;
    private volatile long endBootNanos;
    private volatile long extendedBootNanos;
    private volatile boolean storeAnswers;
    private volatile boolean closed;
    private final long freshUntilNanos; // until then an earlier agent's promise may hold
    private long promisedNanos; // under `this`
    private long pledgedTerm; // under `this`
    private final SortedMap<NodeId, Member> known = new TreeMap<>(); // under `this`

    private Enforcer(ClusterSpec spec, NodeId me, String tag, Path guardFile, Guard guard, Peers peers, Ticker ticker) {
        this.spec = spec;
        this.me = me;
        this.tag = tag;
        this.guardFile = guardFile;
        this.ticker = ticker;
        this.guard = guard;
        this.peers = peers;
        this.freshUntilNanos = ticker.nanos() + spec.lease().toNanos();
        this.arming = Threads.start(spec.name() + " enforcer", this::arm);
        this.asking = Threads.start(spec.name() + " failsafe", this::ask);
    }

    /// Starts a guard, and ends the one that a former agent left.
    ///
    /// @param tag in the environment of the server
    /// @param notes our folder for this cluster
    /// @throws IOException when no guard can run: then no primary may
    static Enforcer open(ClusterSpec spec, NodeId me, String tag, Path notes, Peers peers, Ticker ticker)
            throws IOException {
        Path file = notes.resolve("guard.pid");
        String former = Files.exists(file) ? Files.readString(file).strip() : "";
        Guard guard = startGuard(tag, file, ticker);
        Enforcer enforcer = new Enforcer(spec, me, tag, file, guard, peers, ticker);
        enforcer.former(former);
        return enforcer;
    }

    private static Guard startGuard(String tag, Path file, Ticker ticker) throws IOException {
        Answer<Guard> started = Guard.startLingering(ticker, tag);
        if (!(started instanceof Answer.Done<Guard>(Guard guard))) throw new IOException(started.toString());
        String identity = ProcessFacts.of(guard.pid())
                .map(facts -> facts.pid() + " " + facts.startTicks())
                .orElse("");
        SafeFile.write(file, identity.getBytes(StandardCharsets.UTF_8));
        return guard;
    }

    /// Whether a guard is at its post: without one no server of ours may take writes. One that did its work, or was
    /// ended,
    /// is replaced.
    synchronized boolean isGuarded() {
        if (guard.lives()) return true;
        try {
            guard = startGuard(tag, guardFile, ticker);
            armOnce();
            return true;
        } catch (IOException failed) {
            LOG.error("{} on {}: no guard: {}", spec.name(), me, failed.getMessage());
            return false;
        }
    }

    /// The former guard goes only when ours knows better than it, or when nothing runs.
    private void former(String identity) {
        String[] parts = identity.split(" ", -1);
        if (parts.length != 2) return;
        long former = Long.parseLong(parts[0]);
        long ticks = Long.parseLong(parts[1]);
        Threads.start(spec.name() + " former guard", () -> {
            while (!closed && ProcessFacts.lives(former, ticks)) {
                if (pid != 0 && endBootNanos > ticker.bootNanos()) {
                    ProcessSignal.KILL.sendTo(former);
                    return;
                }
                pause(TURN_NANOS);
            }
        });
    }

    private static void pause(long nanos) {
        try {
            TimeUnit.NANOSECONDS.sleep(nanos);
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
    }

    // ---- our own time ----

    /// @param server postmaster that must not outlive our right, 0 for none
    /// @param held the lease that keeps the key, null when the key is not ours
    /// @param answers whether the store does
    void watch(long server, @Nullable Lease held, View now, boolean answers) {
        storeAnswers = answers;
        learn(now);
        lease = held;
        view = now;
        pid = server;
        armOnce();
    }

    /// Where the others are: when the store comes back after a while, it knows them no more.
    private synchronized void learn(View now) {
        known.putAll(now.members());
    }

    private synchronized SortedMap<NodeId, Member> known() {
        return new TreeMap<>(known);
    }

    /// Whether the members' promises hold though the store does not answer.
    boolean isExtended() {
        return extendedBootNanos > ticker.bootNanos();
    }

    private void arm() {
        while (!closed) {
            armOnce();
            pause(TURN_NANOS);
            if (Thread.currentThread().isInterrupted()) return;
        }
    }

    private synchronized void armOnce() {
        Lease held = lease;
        if (held != null && held.sure()) endBootNanos = Math.max(endBootNanos, held.sureUntilBootNanos());
        endBootNanos = Math.max(endBootNanos, extendedBootNanos);
        guard.arm(pid == 0 ? Long.MAX_VALUE / 2 : endBootNanos, pid); // without a server there is nothing to end
    }

    private void ask() {
        long everyNanos = spec.lease().toNanos() / ASKS_PER_LEASE;
        while (!closed) {
            pause(everyNanos);
            if (Thread.currentThread().isInterrupted()) return;
            View now = view;
            if (now != null && doubtful(now)) askOnce(now);
        }
    }

    /// Our right ends soon: a renewal has failed, and most of the time of another.
    private boolean doubtful(View now) {
        Holder holder = now.holder();
        ClusterState state = now.state();
        boolean ours = state != null
                && state.primary().equals(me)
                && (holder == null || holder.host().equals(me))
                && pid != 0;
        return ours && endBootNanos - ticker.bootNanos() < spec.lease().toNanos() * DOUBT_EIGHTHS / MARGIN_SHARE;
    }

    private void askOnce(View now) {
        ClusterState state = Objects.requireNonNull(now.state());
        long sentBootNanos = ticker.bootNanos();
        if (endBootNanos <= sentBootNanos) return; // too late: the guard is at work
        Set<NodeId> promised = new TreeSet<>();
        SortedMap<NodeId, Member> others = known();
        for (NodeId host : voters(state)) {
            Member member = others.get(host);
            if (member != null && member.restPort() != 0) promised.add(host);
        }
        promised.retainAll(
                peers.ask(others, promised, state.term(), spec.lease().dividedBy(ASKS_PER_LEASE / 2)));
        boolean held = state.rules().stream().allMatch(rule -> rule.isHeldBy(promised));
        if (!held) return;
        extendedBootNanos = sentBootNanos + spec.lease().toNanos() * (MARGIN_SHARE - 1) / MARGIN_SHARE;
        armOnce();
        LOG.info("{}: the store does not answer; {} promised that nobody is elected meanwhile.", spec.name(), promised);
    }

    private static Set<NodeId> voters(ClusterState state) {
        Set<NodeId> voters = new TreeSet<>();
        state.rules().forEach(rule -> voters.addAll(rule.voters()));
        return voters;
    }

    // ---- what we promised to others ----

    /// The primary of `term` has no store, and asks that we do not pledge for the length of a lease.
    synchronized boolean promise(long term) {
        View now = view;
        if (now == null || now.state() == null || now.state().term() != term || pledgedTerm >= term) return false;
        if (now.state().forced()) return false;
        boolean vacant = now.vacantNanos() != 0 && ticker.nanos() - now.vacantNanos() > VACANT_MAX_NANOS;
        if (vacant && storeAnswers) return false;
        promisedNanos = ticker.nanos() + spec.lease().toNanos();
        return true;
    }

    /// The agent before us had pledged: that holds.
    synchronized void pledgedBefore(long term) {
        pledgedTerm = Math.max(pledgedTerm, term);
    }

    synchronized long promisedNanos() {
        return promisedNanos;
    }

    /// Asked right before pledging; after that nothing is promised in that term.
    synchronized boolean mayPledge(long term) {
        if (ticker.nanos() < Math.max(promisedNanos, freshUntilNanos)) return false;
        pledgedTerm = Math.max(pledgedTerm, term);
        return true;
    }

    /// Leaves the guard to its last word.
    @Override
    public void close() {
        closed = true;
        arming.interrupt();
        asking.interrupt();
        guard.abandon();
    }
}
