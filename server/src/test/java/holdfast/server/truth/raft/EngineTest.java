package holdfast.server.truth.raft;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class EngineTest {

    @Test
    void threeMembers_withoutFaults_electOneLeaderAndAgree() {
        SimWorld world = new SimWorld(1, 3, Guard.ALL, 0);
        world.members.values().forEach(SimClients::serve);
        new SimClients(world).start(4, 5 * SimWorld.MILLI);
        world.runMillis(5_000);

        System.out.println(world.judge.writesAcknowledged() + " writes, " + world.judge.readsDone() + " reads, "
                + world.judge.leaderships() + " leaders, at " + world.judge.highestCommitted());
        assertThat(world.judge.violations()).isEmpty();
        assertThat(world.judge.leaderships()).isEqualTo(1);
        assertThat(world.judge.writesAcknowledged()).isGreaterThan(1_000);
        assertThat(world.judge.readsDone()).isGreaterThan(1_000);
    }
}
