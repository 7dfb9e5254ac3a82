package holdfast.server.healing.failover;

import holdfast.core.base.Fence;
import holdfast.core.base.NodeId;
import holdfast.core.base.Outcome;
import holdfast.core.base.Reason;
import holdfast.core.healing.fleet.ClusterSpec;
import holdfast.core.healing.recover.failover.ClusterState;
import holdfast.core.healing.recover.failover.Failover;
import holdfast.core.healing.recover.failover.Holder;
import holdfast.core.healing.recover.failover.Local;
import holdfast.core.healing.recover.failover.Local.Phase;
import holdfast.core.healing.recover.failover.Member;
import holdfast.core.healing.recover.failover.Move;
import holdfast.core.healing.recover.failover.Position;
import holdfast.core.healing.recover.failover.View;
import holdfast.core.healing.recover.failover.Wish;
import holdfast.server.base.Threads;
import holdfast.server.base.Ticker;
import holdfast.server.client.Answer;
import holdfast.server.client.Etcd;
import holdfast.server.client.Lease;
import holdfast.server.client.Mirror;
import holdfast.server.client.Pair;
import java.util.Objects;
import java.util.Optional;
import java.util.SortedMap;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Keeps this host's member of one cluster: looks, asks [Failover] for the one next move, makes it, looks again. A
/// thread of its own, so that a slow server never holds up anything else.
final class Keeper implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Keeper.class);
    private static final long TURN_NANOS = 100_000_000;
    private static final long VACANT_TURN_NANOS = 10_000_000;
    private static final long ANSWERS_NANOS = 3_000_000_000L;
    private static final long LEASE_RETRY_NANOS = 200_000_000;

    private final ClusterSpec spec;
    private final NodeId me;
    private final HostedMember.Place place;
    private final Etcd etcd;
    private final Ticker ticker;
    private final Engine server;
    private final Enforcer enforcer;
    private final RoleChanges roles;
    private final Mirror mirror;
    private final Desk desk;
    private final Word word;
    private final Homecoming homecoming;
    private final BlockingQueue<Boolean> wakes = new ArrayBlockingQueue<>(1);
    private final Thread thread;
    private volatile @Nullable Lease lease;
    private volatile @Nullable View seen;
    private long vacantNanos;
    private Position lastPrimary = Position.NONE;
    private String lastSaid = "";
    private @Nullable Report report;
    private long former; // lease of an earlier agent that was not asked for yet, 0 for none
    private boolean refreshed; // the server that we found has our configuration
    private volatile boolean closed;

    Keeper(
            ClusterSpec spec,
            HostedMember.Place place,
            Etcd etcd,
            Engine server,
            Enforcer enforcer,
            RoleChanges roles,
            Ticker ticker) {
        this.spec = spec;
        this.me = place.host();
        this.place = place;
        this.etcd = etcd;
        this.ticker = ticker;
        this.server = server;
        this.enforcer = enforcer;
        this.roles = roles;
        this.former = server.rememberedLease();
        enforcer.pledgedBefore(server.pledged());
        ClusterKeys keys = new ClusterKeys(spec.kind(), spec.name());
        this.mirror = new Mirror(etcd, spec.name(), keys.all(), ticker, this::wake);
        this.desk = new Desk(etcd, keys, spec, me, mirror);
        this.word = new Word(spec, place, server, desk, ticker);
        this.homecoming = new Homecoming(desk, ticker);
        this.thread = Threads.startPlatform(spec.name() + " keeper", this::run);
    }

    private void wake() {
        wakes.offer(true);
    }

    /// What this member saw last. Any thread.
    Optional<View> view() {
        return Optional.ofNullable(seen);
    }

    private void run() {
        while (!closed) {
            try {
                Boolean _ = wakes.poll(vacantNanos == 0 ? TURN_NANOS : VACANT_TURN_NANOS, TimeUnit.NANOSECONDS);
                if (mirror.known()) turn();
            } catch (InterruptedException _) {
                return;
            } catch (RuntimeException bug) {
                LOG.error("A turn of the keeper of {} ended by a bug.", spec.name(), bug);
            }
        }
    }

    private void turn() throws InterruptedException {
        Optional<Secrets> secrets = desk.secrets();
        if (secrets.isEmpty()) {
            if (desk.makeSecrets(server.superuser()) instanceof Answer.Refused<Secrets>(Reason why))
                say("secrets", why);
            return;
        }
        server.learn(secrets.get());
        if (!refreshed) refreshed = server.refresh(desk.state().orElse(null));
        server.hear(desk.state().orElse(null), desk.members());
        Local local = server.look();
        Lease held = lease();
        View view = view(local, held);
        seen = view;
        roles.see(view);
        enforce(view, held);
        if (held != null) word.say(view, held);
        tell(view);
        if (!enforcer.isGuarded()) {
            say("guard", new Reason("no-guard", "No guard can be started: nothing is done here."));
            return;
        }
        if (began(view)) return;
        Move move = Failover.next(view);
        say(move.getClass().getSimpleName(), move.why());
        carryOut(move, view, held);
    }

    // ---- seeing ----

    /// The lease that keeps what is ours in the store; an earlier agent's is gone on with, so that its restart is no
    /// trouble.
    private @Nullable Lease lease() {
        Lease held = lease;
        if (held != null && !held.gone()) return held;
        lease = null;
        word.forget();
        Answer<Lease> answer = former == 0
                ? Lease.grant(etcd, spec.name() + " on " + me, spec.lease(), _ -> wake())
                : Lease.resume(etcd, spec.name() + " on " + me, former, _ -> wake());
        switch (answer) {
            case Answer.Done<Lease>(Lease fresh) -> {
                lease = fresh;
                former = 0;
                server.rememberLease(fresh.id());
            }
            case Answer.Refused<Lease> _ -> former = 0;
            case Answer.Unknown<Lease> _ -> {}
        }
        return lease;
    }

    private View view(Local local, @Nullable Lease held) {
        // before the key: a vacancy that is older than the state would be one of a term that has its primary
        @Nullable ClusterState state = desk.state().orElse(null);
        Optional<Pair> pair = desk.leaderPair();
        @Nullable Holder holder = pair.flatMap(Desk::holder).orElse(null);
        long now = ticker.nanos();
        if (holder != null) vacantNanos = 0;
        else if (vacantNanos == 0) vacantNanos = now;
        boolean mine = holder != null && holder.host().equals(me);
        boolean sure = mine && ((held != null && isKeptBy(held, pair) && held.sure()) || enforcer.isExtended());
        SortedMap<NodeId, Member> members = desk.members();
        if (state != null) {
            Member primary = members.get(state.primary());
            if (primary != null && primary.role() == Member.Role.PRIMARY) lastPrimary = primary.position();
            if (local.founding() && local.systemId() == state.systemId()) server.founded();
        }
        @Nullable Wish wish = desk.wish();
        if (wish != null && wish.atMillis() > ticker.wallMillis()) wish = null;
        return new View(
                me,
                spec,
                state,
                holder,
                sure,
                members,
                local,
                lastPrimary,
                vacantNanos,
                enforcer.promisedNanos(),
                wish,
                now);
    }

    private static boolean isKeptBy(Lease held, Optional<Pair> key) {
        return key.filter(pair -> pair.lease() == held.id()).isPresent();
    }

    /// While the key is ours the guard lets the server live as long as that is sure, and no longer.
    private void enforce(View view, @Nullable Lease held) {
        boolean mine = view.holds(me);
        boolean kept =
                held != null && isKeptBy(held, desk.leaderPair()); // it may still hang on a lease of an earlier agent
        boolean writes = view.local().phase() == Phase.PRIMARY
                || (view.local().phase() == Phase.STARTING && !view.local().standby());
        enforcer.watch(mine || writes ? server.pid() : 0, mine && kept ? held : null, view, storeAnswers());
    }

    private boolean storeAnswers() {
        return ticker.nanos() - mirror.readNanos() < ANSWERS_NANOS;
    }

    // ---- acting ----

    private void carryOut(Move move, View view, @Nullable Lease held) throws InterruptedException {
        boolean stillSure = (held != null && held.sure()) || enforcer.isExtended();
        if (view.sure() && !stillSure) return; // we stood still since we looked
        Outcome outcome = switch (move) {
            case Move.Wait _, Move.Call _ -> new Outcome.Done(0);
            case Move.TakeKey(ClusterState state, Reason why) -> take(state, why, held, view);
            case Move.Initialize _ -> server.initialize();
            case Move.WriteState(ClusterState state, Reason _) -> desk.write(state, fence(view));
            case Move.Start _ -> start(view, held);
            case Move.Follow(NodeId _, long _, Reason _) -> server.follow(holder(view));
            case Move.Pledge(long term, Reason _) ->
                enforcer.mayPledge(term)
                        ? server.pledge(term)
                        : new Outcome.Refused(new Reason("promised", "A promise of ours may still hold."));
            case Move.ApplyRule(var rule, Reason _) -> server.apply(rule);
            case Move.Promote _ -> server.promote();
            case Move.Serve(boolean serving, ClusterState state, Reason _) -> serve(serving, state, view, held);
            case Move.Stop(boolean orderly, Reason _) -> orderly ? server.handOver() : server.stop(false);
            case Move.Leave(ClusterState state, Reason _) -> desk.leave(state, fence(view));
            case Move.Rewind(NodeId _, Reason _) -> rewind(view);
            case Move.Clone(NodeId _, Reason _) -> server.cloneFrom(holder(view));
            case Move.Answer(Wish wish, var _, Reason why) -> desk.answer(wish, why, fence(view));
        };
        switch (outcome) {
            case Outcome.Done(long revision) -> {
                mirror.await(revision);
                if (!(move instanceof Move.Wait) && !(move instanceof Move.Call)) wake();
            }
            case Outcome.Refused(Reason why) -> trouble(move, why);
            case Outcome.Unknown(Reason why) -> trouble(move, why);
        }
    }

    /// Does what a person asked this member for; false when there is nothing, or it cannot be done now.
    private boolean began(View view) throws InterruptedException {
        Optional<Task> task = desk.task();
        if (task.isEmpty()) return false;
        Holder holder = view.holder();
        boolean replica = holder != null && !holder.host().equals(me) && holder.serving();
        if (task.get().kind() == Task.Kind.REINIT && !replica) return false;
        if (!(desk.begin(task.get()) instanceof Outcome.Done(long revision))) return false;
        mirror.await(revision);
        Outcome done = task.get().kind() == Task.Kind.RESTART ? server.stop(true) : server.cloneFrom(holder(view));
        if (!(done instanceof Outcome.Done)) LOG.warn("{} on {}: {} failed: {}", spec.name(), me, task.get(), done);
        wake();
        return true;
    }

    /// Tells of a takeover once it is known how it ended.
    private void tell(View view) {
        homecoming.tell();
        Report open = report;
        if (open == null) return;
        if (!view.holds(me)) {
            report = null;
            return;
        }
        if (holder(view).serving())
            open.serving(ticker.wallMillis(), fence(view).epoch());
        open.complete(view, ticker.wallMillis()).ifPresent(incident -> {
            if (desk.tell(incident, fence(view)) instanceof Outcome.Done) report = null;
        });
    }

    private void trouble(Move move, Reason why) throws InterruptedException {
        LOG.warn(
                "{} on {}: {} did not work: {}",
                spec.name(),
                me,
                move.getClass().getSimpleName(),
                why);
        TimeUnit.NANOSECONDS.sleep(LEASE_RETRY_NANOS);
    }

    private static Holder holder(View view) {
        return Objects.requireNonNull(view.holder(), "a move that needs a primary");
    }

    private static Fence fence(View view) {
        return holder(view).fence();
    }

    private Outcome take(@Nullable ClusterState state, Reason why, @Nullable Lease held, View view) {
        if (held == null || !held.sure()) {
            return new Outcome.Refused(new Reason("lease-unsure", "Our own lease is not sure."));
        }
        long term = state == null ? 1 : state.term();
        long lost = Report.lostBytesMax(view);
        Turn turn = new Turn(term, me.name(), ticker.wallMillis(), why.sentence(), lost);
        boolean serving = state != null && view.local().phase() == Phase.PRIMARY;
        Outcome taken = desk.take(state, turn, desk.value(place.address(), serving, term), held);
        if (!(taken instanceof Outcome.Done)) return taken;
        report = Report.begin(view, turn, ticker.nanos() - view.vacantNanos());
        LOG.info("{} on {} holds the key in term {}.", spec.name(), me, term);
        return taken;
    }

    private Outcome start(View view, @Nullable Lease held) throws InterruptedException {
        if (view.state() == null) {
            Outcome adopted = server.adopt();
            if (!(adopted instanceof Outcome.Done)) return adopted;
        }
        Outcome started = server.start();
        enforce(view, held);
        return started;
    }

    private Outcome serve(boolean serving, @Nullable ClusterState state, View view, @Nullable Lease held) {
        if (held == null) return new Outcome.Refused(new Reason("no-lease", "There is no lease to hold the key by."));
        if (!serving) server.checkpoint(); // so that the stop that follows is quick
        return desk.serve(desk.value(place.address(), serving, holder(view).term()), state, fence(view), held);
    }

    private Outcome rewind(View view) throws InterruptedException {
        Outcome rewound = server.rewind(holder(view));
        ClusterState state = view.state();
        if (rewound instanceof Outcome.Done && state != null) homecoming.rewound(state, server.rewoundFrom());
        if (!(rewound instanceof Outcome.Refused(Reason why)) || why.code().equals("no-source")) return rewound;
        LOG.warn("{} on {} cannot be rewound, and is cloned: {}", spec.name(), me, why);
        return server.cloneFrom(holder(view));
    }

    private void say(String what, Reason why) {
        String said = what + why.code();
        if (said.equals(lastSaid)) return;
        lastSaid = said;
        LOG.info("{} on {}: {}: {}", spec.name(), me, what, why);
    }

    /// Leaves the server running, and the guard with it: the next agent takes them over.
    @Override
    public void close() {
        closed = true;
        thread.interrupt();
        try {
            thread.join(TimeUnit.SECONDS.toMillis(5));
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
        mirror.close();
        Lease held = lease;
        if (held != null) held.close();
        roles.close();
        server.close();
        enforcer.close();
    }
}
