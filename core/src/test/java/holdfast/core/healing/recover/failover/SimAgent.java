package holdfast.core.healing.recover.failover;

import holdfast.core.base.NodeId;
import holdfast.core.healing.recover.failover.Local.Phase;
import java.util.List;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.LongConsumer;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/// An agent: looks, asks [Failover], acts; beside that its lease, its copy of the store, and what it promised.
final class SimAgent {
    private static final long TURN_MILLIS = 100;
    private static final long VACANT_TURN_MILLIS = 20;
    private static final long LEASE_MILLIS = FailoverWorld.LEASE_MILLIS;
    private static final long SURE_MILLIS = LEASE_MILLIS * 7 / 8;
    private static final long VACANT_MAX_MILLIS = 5_000;
    private static final long REREAD_MILLIS = 1_000;
    static final long CALL_MILLIS = 1_000;
    static final long TROUBLE_MILLIS = 200;
    private static final long CLAIMED = 100;

    final FailoverWorld world;
    final SimHost host;
    final NodeId me;
    final SimHost.Guard guard = new SimHost.Guard();
    SimStore.@Nullable Seen seen;
    /// Of the state that the move is decided by.
    long stateRevision;

    long lease;
    Position lastPrimary = Position.NONE;
    private final SimHands hands;
    private final SortedMap<NodeId, Member> known = new TreeMap<>(); // where others were last
    private boolean ended;
    private boolean busy;
    private long turnAtMillis = Long.MAX_VALUE;
    private long turns;
    private long sureUntilMillis;
    private long readMillis;
    private long vacantMillis;
    private @Nullable Member reported;
    private long reportedMillis;
    private @Nullable View watched;
    private boolean watchedKept;
    private long watchedLife = -1;
    private long endMillis;
    private long extendedMillis;
    private final long freshUntilMillis;
    private long promisedMillis;
    private long pledgedTerm;

    SimAgent(FailoverWorld world, SimHost host) {
        this.world = world;
        this.host = host;
        this.me = host.id;
        this.hands = new SimHands(this);
        this.freshUntilMillis = world.nowMillis + LEASE_MILLIS;
        this.pledgedTerm = host.setting.pledged;
    }

    void start() {
        read();
        later(LEASE_MILLIS / 8, this::failsafe);
    }

    void end() {
        ended = true;
    }

    void later(long inMillis, Runnable deed) {
        host.beside(inMillis, () -> {
            if (!ended) deed.run();
        });
    }

    // ---- the store ----

    /// @param answered a revision (or whatever is above 0), 0 when it was refused, -1 when nothing was heard
    void ask(long limitMillis, LongSupplier atStore, LongConsumer answered) {
        boolean[] over = {false};
        if (world.toStore(host)) {
            world.at(world.storeDelay(), () -> {
                if (!world.store.answers()) return;
                long answer = atStore.getAsLong();
                if (!world.fromStore(host)) return;
                world.at(
                        world.storeDelay(),
                        () -> later(0, () -> {
                            if (over[0]) return;
                            over[0] = true;
                            answered.accept(answer);
                        }));
            });
        }
        later(limitMillis, () -> {
            if (over[0]) return;
            over[0] = true;
            answered.accept(-1);
        });
    }

    private void read() {
        SimStore.Seen[] copy = new SimStore.Seen[1];
        ask(
                CALL_MILLIS,
                () -> {
                    copy[0] = world.store.now;
                    return 1;
                },
                answer -> {
                    if (answer > 0) {
                        readMillis = world.nowMillis;
                        hear(copy[0]);
                    }
                    later(REREAD_MILLIS, this::read);
                });
    }

    void hear(SimStore.Seen news) {
        if (seen != null && news.revision() <= seen.revision()) return;
        seen = news;
        if (busy) hands.heard(news.revision());
        else wake();
    }

    private void renew(long of) {
        later(LEASE_MILLIS / 4, () -> {
            if (lease != of) return;
            long sent = world.nowMillis;
            ask(LEASE_MILLIS / 4, () -> world.store.renew(of), answer -> {
                if (lease != of) return;
                if (answer > 0 && sent + SURE_MILLIS > world.nowMillis) {
                    sureUntilMillis = Math.max(sureUntilMillis, sent + SURE_MILLIS);
                    arm();
                }
                if (answer == 0) {
                    lease = 0;
                    reported = null;
                    wake();
                } else renew(of);
            });
        });
    }

    boolean leaseIsSure() {
        return lease != 0 && world.nowMillis < sureUntilMillis;
    }

    // ---- turns ----

    void wake() {
        turnIn(0);
    }

    private void turnIn(long inMillis) {
        if (turnAtMillis <= world.nowMillis + inMillis) return;
        turnAtMillis = world.nowMillis + inMillis;
        long which = ++turns;
        later(inMillis, () -> {
            if (which != turns) return;
            turnAtMillis = Long.MAX_VALUE;
            if (!busy && seen != null) turn();
        });
    }

    /// The move is over.
    void rest(boolean again) {
        busy = false;
        turnIn(again ? 0 : vacantMillis == 0 ? TURN_MILLIS : VACANT_TURN_MILLIS);
    }

    private void turn() {
        busy = true;
        if (lease != 0) {
            lookAndAct();
            return;
        }
        long sent = world.nowMillis;
        ask(CALL_MILLIS, world.store::grant, answer -> {
            if (answer > 0) {
                lease = answer;
                reported = null;
                sureUntilMillis = sent + SURE_MILLIS;
                renew(answer);
            }
            lookAndAct();
        });
    }

    private void lookAndAct() {
        View view = view(host.server.look());
        watch(view);
        Member due = due(view);
        if (due == null) {
            act(view);
            return;
        }
        long of = lease;
        ask(CALL_MILLIS, () -> world.store.report(due, of), answer -> {
            if (answer > 0) {
                reported = due;
                reportedMillis = world.nowMillis;
            }
            act(view);
        });
    }

    private void act(View view) {
        Move move = Failover.next(view);
        world.said(me, move, view);
        hands.carryOut(move, view);
    }

    private View view(Local local) {
        SimStore.Seen now = java.util.Objects.requireNonNull(seen);
        Holder holder = now.holder();
        if (holder != null) vacantMillis = 0;
        else if (vacantMillis == 0) vacantMillis = world.nowMillis;
        boolean mine = holder != null && holder.host().equals(me);
        boolean kept = mine && leaseIsSure() && now.holderLease() == lease;
        ClusterState state = now.state();
        stateRevision = now.stateRevision();
        known.putAll(now.members());
        if (state != null) {
            Member primary = now.members().get(state.primary());
            if (primary != null && primary.role() == Member.Role.PRIMARY) lastPrimary = primary.position();
            if (local.founding() && local.systemId() == state.systemId()) host.server.founding = false;
        }
        return new View(
                me,
                world.known,
                state,
                holder,
                kept || (mine && extendedMillis > world.nowMillis),
                now.members(),
                local,
                lastPrimary,
                FailoverWorld.nanos(vacantMillis),
                world.bug == FailoverWorld.Bug.PROMISE_AND_PLEDGE ? 0 : FailoverWorld.nanos(promisedMillis),
                now.wish(),
                FailoverWorld.nanos(world.nowMillis));
    }

    private @Nullable Member due(View view) {
        if (lease == 0) return null;
        Local local = view.local();
        Member.Role role = switch (local.phase()) {
            case PRIMARY -> Member.Role.PRIMARY;
            case STANDBY -> Member.Role.REPLICA;
            case STOPPED, STARTING -> Member.Role.STOPPED;
        };
        long pledged = Failover.isFinal(view) ? host.setting.pledged : 0;
        Member member = new Member(
                me, me.name(), 5_432, 8_008, role, local.receiving(), said(local), pledged, false, "", List.of());
        Member former = reported;
        boolean same = former != null
                && former.role() == role
                && former.streaming() == member.streaming()
                && former.pledged() == pledged
                && former.position().timeline() == member.position().timeline();
        return same && world.nowMillis - reportedMillis < 1_000 ? null : member;
    }

    private Position said(Local local) {
        Position own = local.position();
        boolean lies = world.bug == FailoverWorld.Bug.PREFERRED_CLAIMS_MORE
                && local.phase() == Phase.STANDBY
                && world.spec.priorityOf(me) > 1;
        return lies ? new Position(own.timeline(), new Lsn(own.lsn().bytes() + CLAIMED)) : own;
    }

    // ---- how long the server may take writes ----

    void watch(View view) {
        Holder holder = view.holder();
        Local local = view.local();
        boolean mine = holder != null && holder.host().equals(me);
        Phase phase = host.server.phase;
        boolean writes = phase == Phase.PRIMARY || (phase == Phase.STARTING && !local.standby());
        watched = view;
        watchedKept = mine && seen != null && seen.holderLease() == lease;
        watchedLife = (mine || writes) && host.server.runs() ? host.server.life : -1;
        if (mine && view.sure()) host.server.term = holder.term();
        arm();
    }

    private void arm() {
        if (watchedKept && leaseIsSure()) endMillis = Math.max(endMillis, sureUntilMillis);
        endMillis = Math.max(endMillis, extendedMillis);
        host.arm(guard, endMillis, watchedLife);
    }

    private void failsafe() {
        View now = watched;
        if (now != null && isDoubtful(now)) askOthers(now);
        later(LEASE_MILLIS / 8, this::failsafe);
    }

    private boolean isDoubtful(View now) {
        boolean ours = now.state() != null
                && now.state().primary().equals(me)
                && (now.holder() == null || now.holder().host().equals(me))
                && watchedLife >= 0;
        return ours && endMillis - world.nowMillis < LEASE_MILLIS / 2 && endMillis > world.nowMillis;
    }

    private void askOthers(View now) {
        ClusterState state = java.util.Objects.requireNonNull(now.state());
        long sent = world.nowMillis;
        Set<NodeId> promised = new TreeSet<>();
        promised(state, promised, sent);
        for (Rule rule : state.rules()) {
            for (NodeId voter : rule.voters()) {
                SimHost other = world.host(voter);
                if (!known.containsKey(voter) || !world.passes(host, other)) continue;
                world.at(
                        world.delay(),
                        () -> other.beside(0, () -> {
                            SimAgent asked = other.agent;
                            if (asked == null || !asked.promise(state.term()) || !world.passes(other, host)) return;
                            world.at(
                                    world.delay(),
                                    () -> later(0, () -> {
                                        promised.add(voter);
                                        if (world.nowMillis - sent <= LEASE_MILLIS / 4) promised(state, promised, sent);
                                    }));
                        }));
            }
        }
    }

    private void promised(ClusterState state, Set<NodeId> promised, long sent) {
        if (!state.rules().stream().allMatch(rule -> rule.isHeldBy(promised))) return;
        world.trace(() -> me + " goes on without the store by the word of " + promised);
        extendedMillis = Math.max(extendedMillis, sent + SURE_MILLIS);
        arm();
    }

    private boolean promise(long term) {
        boolean bug = world.bug == FailoverWorld.Bug.PROMISE_AND_PLEDGE;
        View now = watched;
        if (now == null || now.state() == null || now.state().term() != term) return false;
        if (pledgedTerm >= term && !bug) return false;
        boolean vacant =
                vacantMillis != 0 && world.nowMillis - FailoverWorld.millis(now.vacantNanos()) > VACANT_MAX_MILLIS;
        if (vacant && now.vacantNanos() != 0 && world.nowMillis - readMillis < 3_000) return false;
        promisedMillis = world.nowMillis + LEASE_MILLIS;
        return true;
    }

    boolean mayPledge(long term) {
        boolean bug = world.bug == FailoverWorld.Bug.PROMISE_AND_PLEDGE;
        if (world.nowMillis < Math.max(promisedMillis, freshUntilMillis) && !bug) return false;
        pledgedTerm = Math.max(pledgedTerm, term);
        return true;
    }
}
