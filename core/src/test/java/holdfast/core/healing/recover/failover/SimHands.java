package holdfast.core.healing.recover.failover;

import holdfast.core.base.Fence;
import holdfast.core.base.NodeId;
import holdfast.core.healing.recover.failover.Local.Phase;
import java.util.List;
import java.util.Objects;

/// Carries moves out, as the keeper of an agent does: one at a time, each as long as it takes.
final class SimHands {
    private final SimAgent agent;
    private final FailoverWorld world;
    private final SimHost host;
    private final SimServer server;
    private long awaited;

    SimHands(SimAgent agent) {
        this.agent = agent;
        this.world = agent.world;
        this.host = agent.host;
        this.server = agent.host.server;
    }

    void carryOut(Move move, View view) {
        switch (move) {
            case Move.Wait _, Move.Call _ -> agent.rest(false);
            case Move.TakeKey(ClusterState state, var _) -> take(state, view);
            case Move.Initialize _ -> slowly(200, 500, this::initialize);
            case Move.WriteState(ClusterState state, var _) -> write(state, view);
            case Move.Start _ -> {
                boolean up = server.start(term(view));
                agent.watch(view);
                slowly(5, 30, () -> done(up));
            }
            case Move.Follow(NodeId of, long term, var _) -> follow(of, term);
            case Move.Pledge(long term, var _) -> pledge(term);
            case Move.ApplyRule(Rule rule, var _) -> apply(rule);
            case Move.Promote _ -> {
                if (!view.local().intact()) server.pardoned = true; // its server ended after it was elected, alone
                promote(term(view));
            }
            case Move.Serve(boolean serving, ClusterState state, var _) -> {
                long lease = agent.lease;
                long read = agent.stateRevision;
                call(() -> world.store.serve(serving, state, fence(view), lease, read));
            }
            case Move.Stop(boolean orderly, var _) -> stop(orderly, () -> done(true));
            case Move.Leave(ClusterState state, var _) -> {
                boolean early = world.bug == FailoverWorld.Bug.LEAVES_TOO_EARLY
                        && !state.leftAt().equals(Lsn.ZERO);
                ClusterState left = early ? state.left(new Lsn(1)) : state;
                call(() -> world.store.leave(left, fence(view)));
            }
            case Move.Rewind(NodeId from, var _) -> {
                if (world.forgets()) resync(from, view);
                else rewind(from);
            }
            case Move.Clone(NodeId from, var _) -> copy(from);
            case Move.Answer _ -> call(() -> world.store.answer(fence(view)));
        }
    }

    private static long term(View view) {
        return view.state() == null ? 1 : view.state().term();
    }

    private static Fence fence(View view) {
        return Objects.requireNonNull(view.holder()).fence();
    }

    // ---- ends of moves ----

    private void done(boolean well) {
        if (well) agent.rest(true);
        else agent.later(SimAgent.TROUBLE_MILLIS, () -> agent.rest(false));
    }

    private void slowly(long low, long high, Runnable deed) {
        agent.later(world.dice.between(low, high), deed);
    }

    private void call(java.util.function.LongSupplier atStore) {
        agent.ask(SimAgent.CALL_MILLIS, atStore, revision -> {
            if (revision <= 0) {
                done(false);
                return;
            }
            if (Objects.requireNonNull(agent.seen).revision() >= revision) {
                done(true);
                return;
            }
            awaited = revision;
            agent.later(500, () -> {
                if (awaited == revision) heard(revision);
            });
        });
    }

    /// Our copy of the store is as new as this.
    void heard(long revision) {
        if (awaited == 0 || revision < awaited) return;
        awaited = 0;
        done(true);
    }

    // ---- the store ----

    private void take(@org.jspecify.annotations.Nullable ClusterState decided, View view) {
        if (!agent.leaseIsSure()) {
            done(false);
            return;
        }
        boolean first = world.bug == FailoverWorld.Bug.FIRST_RULE_WITHOUT_ALONE
                && decided != null
                && decided.rules().size() == 2
                && decided.timeline() == 0;
        ClusterState state = first ? decided.withRules(List.of(decided.rules().getLast())) : decided;
        boolean serving = state != null && view.local().phase() == Phase.PRIMARY;
        ClusterState former = view.state();
        boolean again = former != null
                && former.primary().equals(host.id)
                && !view.local().intact();
        if (again) world.pardon(server, view, former);
        long lease = agent.lease;
        long read = agent.stateRevision;
        call(() -> world.store.take(host.id, state, serving, lease, read));
    }

    private void write(ClusterState decided, View view) {
        boolean forgets =
                world.bug == FailoverWorld.Bug.RULE_FORGOTTEN && decided.rules().size() > 1;
        ClusterState state = forgets ? decided.withRules(List.of(decided.rules().getLast())) : decided;
        long read = agent.stateRevision;
        call(() -> world.store.write(state, fence(view), read));
    }

    // ---- the server ----

    private void initialize() {
        host.setting = new SimSetting();
        server.systemId = world.nextId();
        server.founding = true;
        server.standby = false;
        server.log = new SimLog();
        server.log.add(new SimLog.Entry(world.nextId(), 1));
        done(true);
    }

    private void follow(NodeId of, long term) {
        host.setting.follows = of;
        host.setting.term = term;
        host.setting.pledged = 0;
        server.lostSinceMillis = 0;
        if (server.runs()) {
            server.reload(() -> {});
            done(true);
            return;
        }
        server.standby = true;
        done(server.start(0));
    }

    private void pledge(long term) {
        if (agent.mayPledge(term)) {
            host.setting.follows = null;
            host.setting.pledged = term;
            server.reload(() -> {});
        }
        slowly(10, 20, () -> done(true));
    }

    private void apply(Rule rule) {
        host.setting.rule = rule;
        host.setting.told = false;
        long life = server.life;
        boolean[] over = {false};
        server.reload(() -> {
            if (over[0]) return;
            agent.later(0, () -> {
                over[0] = true;
                boolean same = server.life == life && rule.equals(host.setting.rule);
                if (same) {
                    host.setting.told = true;
                    host.setting.appliedAt = server.log.end();
                }
                done(same);
            });
        });
        agent.later(2_000, () -> {
            if (over[0]) return;
            over[0] = true;
            done(false);
        });
    }

    private void promote(long term) {
        int received = server.log.end();
        long life = server.life;
        slowly(10, world.dice.oneIn(10) ? 1_500 : 100, () -> {
            if (server.life != life) {
                done(false);
                return;
            }
            host.setting.appliedAt = received;
            done(server.promote(term));
        });
    }

    private void stop(boolean orderly, Runnable then) {
        if (!orderly) {
            server.kill();
            slowly(1, 10, then);
            return;
        }
        server.stopOrderly(() -> agent.later(world.dice.nextLong(50), then));
    }

    // ---- copies ----

    private boolean isThere(SimServer source) {
        return source.host.runs()
                && source.phase == Phase.PRIMARY
                && world.passes(host, source.host)
                && world.passes(source.host, host);
    }

    private void rewind(NodeId from) {
        SimServer source = world.host(from).server;
        if (!isThere(source)) {
            done(false);
            return;
        }
        stop(true, () -> {
            host.setting.rewound++;
            server.rewinding = true;
            slowly(50, 500, () -> {
                if (!isThere(source)) {
                    copy(from);
                    return;
                }
                if (server.log.timeline() != source.log.timeline()) server.log = source.log.copy();
                world.trace(() -> host.id + " is rewound from " + from + " to " + server.position());
                server.standby = true;
                server.rewinding = false;
                host.setting.timeline = 0;
                done(true);
            });
        });
    }

    /// It finds out for itself what it needs.
    private void resync(NodeId from, View view) {
        if (!isThere(world.host(from).server)) {
            done(false);
            return;
        }
        server.standby = true;
        follow(from, Objects.requireNonNull(view.holder()).term());
    }

    private void copy(NodeId from) {
        SimServer source = world.host(from).server;
        if (!isThere(source)) {
            done(false);
            return;
        }
        stop(
                true,
                () -> slowly(100, 1_000, () -> {
                    if (!isThere(source)) {
                        done(false);
                        return;
                    }
                    world.trace(() -> host.id + " is cloned from " + from + " at " + source.position());
                    server.log = source.log.copy();
                    server.systemId = source.systemId;
                    server.founding = false;
                    server.rewinding = false;
                    server.standby = true;
                    host.setting = new SimSetting();
                    done(true);
                }));
    }
}
