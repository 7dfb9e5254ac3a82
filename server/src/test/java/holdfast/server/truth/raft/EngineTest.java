package holdfast.server.truth.raft;

import static org.assertj.core.api.Assertions.assertThat;

import holdfast.server.truth.raft.RaftLog.Appended;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/// The engine on its own ground: what it does when nothing, or one thing, goes wrong.
class EngineTest {
    private static final int KILLS = 40;
    private static final long MEDIAN_MILLIS_MAX = 150;
    private static final long WORST_MILLIS_MAX = 400;

    @Test
    void threeMembers_withoutFaults_electOneLeaderAndAgree() {
        SimWorld world = world(1, 3);
        new SimClients(world).start(4, 5 * SimWorld.MILLI);
        world.runMillis(2_000);

        assertThat(world.judge.violations()).isEmpty();
        assertThat(world.judge.broken()).isEmpty();
        assertThat(world.judge.leaderships()).isEqualTo(1);
        assertThat(world.judge.writesAcknowledged()).isGreaterThan(1_000);
        assertThat(world.judge.readsDone()).isGreaterThan(1_000);
    }

    @Test
    void singleMember_leadsAtOnceAndWrites() {
        SimWorld world = world(1, 1);
        new SimClients(world).start(2, 5 * SimWorld.MILLI);
        world.runMillis(1_000);

        assertThat(world.judge.violations()).isEmpty();
        assertThat(world.judge.writesAcknowledged()).isGreaterThan(100);
    }

    @Test
    void killedLeader_isReplacedWithinTheBound_whenItsConnectionsClose() {
        List<Long> millis = new ArrayList<>();
        for (int seed = 1; seed <= KILLS; seed++) millis.add(millisWithoutWrites(seed));
        millis.sort(null);

        assertThat(millis.get(KILLS / 2)).as("median of " + millis).isLessThanOrEqualTo(MEDIAN_MILLIS_MAX);
        assertThat(millis.getLast()).as("worst of " + millis).isLessThanOrEqualTo(WORST_MILLIS_MAX);
    }

    /// How long after the leader's death the survivors acknowledge the first write, in simulated time.
    private static long millisWithoutWrites(long seed) {
        SimWorld world = world(seed, 3);
        SimClients clients = new SimClients(world);
        world.runMillis(1_000);
        SimMember leader = leader(world);
        leader.wipe();
        world.closeConnections(leader.id);
        long diedNanos = world.nowNanos();
        long before = world.judge.writesAcknowledged();
        while (world.judge.writesAcknowledged() == before) {
            world.up().forEach(clients::write);
            world.runMillis(1);
        }
        return (world.nowNanos() - diedNanos) / SimWorld.MILLI;
    }

    @Test
    void appendsBeyondTheBound_areRefusedAsTooBusy() {
        SimWorld world = world(1, 3);
        world.runMillis(500);
        SimMember leader = leader(world);
        for (int other = 1; other <= 3; other++) world.net.cut(other, leader.id);
        List<Appended> answers = new ArrayList<>();
        int appends = SimWorld.CONFIG.pendingMax() + 10;
        for (int each = 1; each <= appends; each++) {
            byte[] entry = SimMachine.entry(each);
            leader.with(engine -> engine.append(entry, answers::add));
        }

        assertThat(answers).hasSize(10).allMatch(answer -> code(answer).equals("too-busy"));
        world.runMillis(1_000);
        assertThat(answers.subList(10, appends)).allMatch(answer -> answer instanceof Appended.Unknown);
    }

    /// A read's round keeps the followers busy when the entry comes up; a heartbeat is 40 ms away.
    @Test
    void entryDuringARead_reachesEveryMember_withoutWaitingForAHeartbeat() {
        SimWorld world = world(1, 3);
        world.runMillis(500);
        SimMember leader = leader(world);
        for (int each = 1; each <= 50; each++) {
            byte[] entry = SimMachine.entry(each);
            List<Appended> answers = new ArrayList<>();
            leader.with(engine -> engine.readBarrier(_ -> {}));
            world.run(world.dice.nextLong(SimWorld.MILLI));
            leader.with(engine -> engine.append(entry, answers::add));
            world.runMillis(8);

            assertThat(answers).singleElement().isInstanceOf(Appended.Done.class);
            long index = leader.machine.now().index();
            assertThat(world.members.values())
                    .allMatch(member -> member.machine.now().index() == index);
            world.run(world.dice.nextLong(40 * SimWorld.MILLI));
        }
    }

    @Test
    void append_onAFollower_isRefused() {
        SimWorld world = world(1, 3);
        world.runMillis(500);
        List<Appended> answers = new ArrayList<>();
        for (SimMember member : world.members.values()) {
            if (!member.leads()) member.with(engine -> engine.append(SimMachine.entry(1), answers::add));
        }

        assertThat(answers).hasSize(2).allMatch(answer -> code(answer).equals("not-leader"));
    }

    @Test
    void learner_isNotPromotedBeforeItCaughtUp_andItsNumberIsNeverUsedAgain() {
        SimWorld world = world(1, 3);
        SimClients clients = new SimClients(world);
        world.runMillis(500);
        SimMember leader = leader(world);
        for (int each = 0; each < 30; each++) clients.write(leader);
        world.runMillis(100);
        List<Appended> answers = new ArrayList<>();
        leader.with(engine -> engine.addLearner(SimWorld.peer(4, false), answers::add));
        world.runMillis(200);
        leader.with(engine -> engine.promote(4, answers::add)); // it does not even run
        world.runMillis(200);
        SimMember joiner = world.add(4);
        joiner.start();
        world.runMillis(1_000);
        leader.with(engine -> engine.promote(4, answers::add));
        world.runMillis(200);
        leader.with(engine -> engine.remove(4, answers::add));
        world.runMillis(200);
        leader.with(engine -> engine.addLearner(SimWorld.peer(4, false), answers::add));
        world.runMillis(200);

        assertThat(answers).hasSize(5);
        assertThat(answers.get(0)).isInstanceOf(Appended.Done.class);
        assertThat(code(answers.get(1))).isEqualTo("not-caught-up");
        assertThat(answers.get(2)).isInstanceOf(Appended.Done.class);
        assertThat(answers.get(3)).isInstanceOf(Appended.Done.class);
        assertThat(code(answers.get(4))).isEqualTo("id-used");
        assertThat(joiner.machine.now().index()).isGreaterThan(25);
        assertThat(world.judge.violations()).isEmpty();
    }

    @Test
    void failedFlush_endsTheMember_andTheOthersGoOn() {
        SimWorld world = world(1, 3);
        SimClients clients = new SimClients(world);
        world.runMillis(500);
        SimMember leader = leader(world);
        leader.disk.failFlushIn(1);
        clients.write(leader);
        world.runMillis(5);

        assertThat(leader.isAlive()).isFalse();
        SimRun.heal(world);
        assertThat(world.judge.violations()).isEmpty();
    }

    private static SimWorld world(long seed, int members) {
        SimWorld world = new SimWorld(seed, members, Guard.ALL, 0);
        world.members.values().forEach(SimClients::serve);
        return world;
    }

    private static SimMember leader(SimWorld world) {
        SimMember leader = world.leader();
        assertThat(leader).isNotNull();
        if (leader == null) throw new AssertionError();
        return leader;
    }

    private static String code(Appended answer) {
        return answer instanceof Appended.Refused(var why) ? why.code() : answer.toString();
    }
}
