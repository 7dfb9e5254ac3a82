package holdfast.server.truth.raft;

import io.microraft.model.impl.DefaultRaftModelFactory;
import java.time.Duration;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;

/// Schedules written by hand, one for each fault of the engine that seldom shows by chance. The seed varies
/// latencies. Each ends with whatever makes the damage visible to the judge.
final class SimScript {
    final SimWorld world;
    private final SimClients clients;

    SimScript(long seed, int members, Set<Guard> guards) {
        this(new SimWorld(seed, members, guards, 0));
    }

    private SimScript(SimWorld world) {
        this.world = world;
        clients = new SimClients(world);
        world.members.values().forEach(SimClients::serve);
        world.runMillis(600);
    }

    SimMember leader() {
        SimMember leader = world.leader();
        if (leader == null) throw new IllegalStateException("no leader in seed " + world.seed);
        return leader;
    }

    List<SimMember> others(SimMember... but) {
        List<SimMember> gone = List.of(but);
        return world.members.values().stream()
                .filter(member -> !gone.contains(member))
                .toList();
    }

    void part(List<SimMember> some, List<SimMember> rest, boolean apart) {
        for (SimMember one : some) {
            for (SimMember other : rest) {
                if (apart) {
                    world.net.cut(one.id, other.id);
                    world.net.cut(other.id, one.id);
                } else {
                    world.net.join(one.id, other.id);
                    world.net.join(other.id, one.id);
                }
            }
        }
    }

    void write(SimMember at, int count) {
        for (int each = 0; each < count; each++) clients.write(at);
    }

    private void transfer(SimMember from, SimMember to) {
        from.with(engine -> engine.transferLeadership(to.id, _ -> {}));
    }

    List<String> healed() {
        world.net.heal();
        for (SimMember member : world.members.values()) member.start();
        SimRun.heal(world);
        return world.judge.violations();
    }

    /// A leader hears an old acknowledgement after it lost and regained the lead.
    static List<String> staleAnswer(long seed, Set<Guard> guards) {
        SimScript script = new SimScript(seed, 5, guards);
        SimWorld world = script.world;
        SimMember leader = script.leader();
        SimMember slow = script.others(leader).get(0);
        SimMember friend = script.others(leader, slow).get(0);
        List<SimMember> pair = List.of(leader, slow);
        List<SimMember> rest = script.others(leader, slow);
        world.net.hold(slow.id, leader.id);
        script.part(pair, rest, true);
        script.write(leader, 12); // slow acknowledges them; the leader does not hear it
        world.runMillis(700); // the others elect one of their own
        script.write(world.leader() == null ? friend : script.leader(), 2);
        world.runMillis(100);
        script.part(List.of(leader), rest, false); // the old leader is back, and drops its twelve
        world.runMillis(300);
        script.transfer(script.leader(), leader);
        world.runMillis(150);
        script.part(List.of(leader, friend), script.others(leader, friend), true);
        script.write(leader, 3); // two of five have these
        world.runMillis(20);
        world.net.release(slow.id, leader.id); // "I have twelve more"
        world.runMillis(20);
        script.part(List.of(slow), script.others(leader, friend, slow), false);
        world.runMillis(700); // the other three elect one of their own
        script.write(script.others(leader, friend, slow).get(0), 3);
        world.runMillis(200);
        return script.healed();
    }

    /// An acknowledgement of the first query arrives while a second waits, after another member took the lead.
    static List<String> overlappingQueries(long seed, Set<Guard> guards) {
        SimScript script = new SimScript(seed, 3, guards);
        SimWorld world = script.world;
        SimMember leader = script.leader();
        SimMember next = script.others(leader).get(0);
        SimMember third = script.others(leader, next).get(0);
        script.write(leader, 2);
        world.runMillis(50);
        world.net.hold(next.id, leader.id);
        world.net.hold(third.id, leader.id);
        script.clients.read(leader);
        world.runMillis(5);
        script.transfer(leader, next);
        world.runMillis(30);
        script.write(next, 2); // acknowledged by the new leader
        world.runMillis(20);
        script.clients.read(leader);
        world.net.release(third.id, leader.id);
        world.runMillis(100);
        return script.healed();
    }

    /// A leader that has just made a snapshot appends what nobody else gets; its successor cannot sync it.
    static List<String> orphanTail(long seed, Set<Guard> guards) {
        SimScript script = new SimScript(seed, 3, guards);
        SimWorld world = script.world;
        SimMember leader = script.leader();
        Engine engine = leader.engine();
        if (engine == null) throw new IllegalStateException();
        SimMember behind = script.others(leader).get(0); // so far that the leader keeps nothing for it
        script.part(List.of(behind), script.others(behind), true);
        while (engine.state().log().snapshotIndex() == 0
                || engine.state().log().lastLogOrSnapshotIndex()
                        != engine.state().log().snapshotIndex()) {
            script.write(leader, 1);
            world.runMillis(10);
        }
        script.part(List.of(leader), script.others(leader), true);
        script.part(List.of(behind), script.others(leader, behind), false);
        script.write(leader, 5);
        world.runMillis(600);
        return script.healed();
    }

    /// A short silence makes each follower begin a pre-vote that is refused; then the leader dies for good.
    static List<String> forgottenPreVote(long seed, Set<Guard> guards) {
        SimScript script = new SimScript(seed, 3, guards);
        SimWorld world = script.world;
        SimMember leader = script.leader();
        for (SimMember follower : script.others(leader)) {
            world.net.cut(leader.id, follower.id);
            world.runMillis(350);
            world.net.join(leader.id, follower.id);
            world.runMillis(350);
        }
        script.leader().wipe();
        return script.healed();
    }

    /// The member with the better log is in the earlier term, and only the other one is left.
    static List<String> refusedTerm(long seed, Set<Guard> guards) {
        SimScript script = new SimScript(seed, 3, guards);
        SimWorld world = script.world;
        SimMember leader = script.leader();
        SimMember behind = script.others(leader).get(0);
        script.part(List.of(behind), script.others(behind), true);
        script.write(leader, 5);
        world.runMillis(100);
        // a candidate that has meanwhile vanished took it to a later term
        behind.with(engine -> engine.receive(
                leader.id,
                new EngineMessage.Raft(new DefaultRaftModelFactory()
                        .createVoteRequestBuilder()
                        .setGroupId("holdfast")
                        .setSender(new MemberId(leader.id))
                        .setTerm(engine.state().term() + 5)
                        .setLastLogIndex(0)
                        .setLastLogTerm(0)
                        .setSticky(false)
                        .build())));
        leader.wipe();
        world.runMillis(500);
        return script.healed();
    }

    /// A leader removes itself from four, falls silent before that is committed, and stands for election again
    /// with the one member that knows nothing of it, while the others elect theirs.
    static List<String> ownVote(long seed, Set<Guard> guards) {
        SimScript script = new SimScript(seed, 4, guards);
        SimWorld world = script.world;
        SimMember leader = script.leader();
        SimMember unaware = script.others(leader).get(0);
        List<SimMember> rest = script.others(leader, unaware);
        script.part(List.of(unaware), rest, true);
        script.part(List.of(unaware), List.of(leader), true);
        for (SimMember each : rest) world.net.hold(each.id, leader.id);
        leader.with(engine -> engine.remove(leader.id, _ -> {}));
        world.runMillis(10);
        script.part(List.of(leader), rest, true);
        script.part(List.of(leader), List.of(unaware), false);
        for (int each = 0; each < 200 && world.judge.violations().isEmpty(); each++) {
            script.write(unaware, 1);
            world.runMillis(10);
        }
        return script.healed();
    }

    /// A leader steps down before it has flushed its last entry, acknowledges it to its successor from memory
    /// alone, and dies.
    static List<String> unflushedAnswer(long seed, Set<Guard> guards) {
        Set<Guard> bare = EnumSet.copyOf(guards);
        bare.remove(Guard.LOST_LOG); // it would send again what was never flushed, and hide the fault
        SimScript script = new SimScript(seed, 3, bare);
        SimWorld world = script.world;
        SimMember leader = script.leader();
        SimMember next = script.others(leader).get(0);
        script.write(leader, 2);
        world.runMillis(100);
        leader.putOff(2_000 * SimWorld.MILLI);
        script.write(leader, 1);
        world.runMillis(10);
        script.transfer(leader, next);
        for (int each = 0; each < 5_000 && !knowsLog(next, leader); each++) world.run(20_000);
        leader.putOff(0);
        world.crash(leader.id, 50 * SimWorld.MILLI);
        return script.healed();
    }

    private static boolean knowsLog(SimMember leader, SimMember follower) {
        Engine engine = leader.engine();
        if (engine == null || !leader.leads()) return false;
        return engine.state()
                        .leaderState()
                        .getFollowerState(new MemberId(follower.id))
                        .matchIndex()
                > 0;
    }

    /// A follower catches up by several appends, each of which arrives again later.
    ///
    /// @return what the engine threw away: it trips over its own assertion, where those are on
    static List<String> repeatedAppend(long seed, Set<Guard> guards) {
        RaftConfig longLog = new RaftConfig(
                Duration.ofMillis(40),
                Duration.ofMillis(200),
                Duration.ofMillis(60),
                1_000,
                64,
                4,
                Duration.ofSeconds(1),
                8);
        SimScript script = new SimScript(new SimWorld(seed, 3, guards, 0, longLog));
        SimWorld world = script.world;
        SimMember leader = script.leader();
        SimMember behind = script.others(leader).get(0);
        script.part(List.of(behind), script.others(behind), true);
        script.write(leader, 50);
        world.runMillis(100);
        world.net.trouble(0, 1, 0);
        script.part(List.of(behind), script.others(behind), false);
        world.runMillis(500);
        List<String> broken = List.copyOf(world.judge.broken());
        return script.healed().isEmpty() ? broken : world.judge.violations();
    }

    /// A follower's flush fails once; it acknowledges the repeated append, and then is all that is left of the
    /// majority.
    static List<String> failedFlush(long seed, Set<Guard> guards) {
        SimScript script = new SimScript(seed, 3, guards);
        SimWorld world = script.world;
        SimMember leader = script.leader();
        SimMember follower = script.others(leader).get(0);
        SimMember absent = script.others(leader, follower).get(0);
        script.write(leader, 3);
        world.runMillis(100);
        script.part(List.of(absent), script.others(absent), true);
        follower.disk.failFlushIn(1);
        script.write(leader, 3);
        world.runMillis(1_500);
        leader.wipe();
        world.crash(follower.id, 10 * SimWorld.MILLI);
        script.part(List.of(absent), script.others(absent), false);
        world.runMillis(700);
        script.write(absent, 3);
        world.runMillis(300);
        return script.healed();
    }

    /// A leader cut off changes the members in vain; the others go on so far that it gets their snapshot.
    static List<String> snapshotOverChange(long seed, Set<Guard> guards) {
        SimScript script = new SimScript(seed, 3, guards);
        SimWorld world = script.world;
        SimMember leader = script.leader();
        SimMember other = script.others(leader).get(0);
        script.write(leader, 3);
        world.runMillis(100);
        script.part(List.of(leader), script.others(leader), true);
        leader.with(engine -> engine.remove(other.id, _ -> {}));
        world.runMillis(700);
        for (int each = 0; each < 60; each++) {
            script.write(other, 1);
            world.runMillis(10);
        }
        return script.healed();
    }

    /// Two of three have the newest entries; one of them loses its disk while the other is down.
    static List<String> lostDisk(long seed, Set<Guard> guards) {
        SimScript script = new SimScript(seed, 3, guards);
        SimWorld world = script.world;
        SimMember leader = script.leader();
        SimMember follower = script.others(leader).get(0);
        SimMember absent = script.others(leader, follower).get(0);
        script.part(List.of(absent), script.others(absent), true);
        script.write(leader, 5);
        world.runMillis(100);
        world.crash(leader.id, 1_500 * SimWorld.MILLI);
        follower.wipeInPlace();
        script.part(List.of(absent), script.others(absent), false);
        for (int each = 0; each < 50 && world.judge.violations().isEmpty(); each++) {
            script.write(absent, 1);
            world.runMillis(20);
        }
        return script.healed();
    }

    /// A follower loses its disk while its leader stays in office, and no snapshot is near.
    static List<String> lostLog(long seed, Set<Guard> guards) {
        SimScript script = new SimScript(seed, 3, guards);
        SimMember leader = script.leader();
        script.write(leader, 5);
        script.world.runMillis(100);
        script.others(leader).get(0).wipeInPlace();
        return script.healed();
    }

    /// Two learners answer, no voter does.
    ///
    /// @return whether the leader still thinks that it leads after a second of that
    static boolean leadsLearnersOnly(long seed, Set<Guard> guards) {
        SimScript script = new SimScript(seed, 3, guards);
        SimWorld world = script.world;
        for (int id = 4; id <= 5; id++) {
            int learner = id;
            SimMember joiner = world.add(id);
            SimClients.serve(joiner);
            joiner.start();
            script.leader().with(engine -> engine.addLearner(SimWorld.peer(learner, false), _ -> {}));
            world.runMillis(300);
        }
        SimMember leader = script.leader();
        List<SimMember> voters =
                script.others(leader).stream().filter(member -> member.id <= 3).toList();
        script.part(script.others(voters.toArray(SimMember[]::new)), voters, true);
        world.runMillis(1_000);
        return leader.leads();
    }
}
