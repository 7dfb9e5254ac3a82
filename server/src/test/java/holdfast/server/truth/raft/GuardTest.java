package holdfast.server.truth.raft;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/// Each guard taken away: the fault that it closes must show, and with the guard it must be gone.
class GuardTest {
    private static final int SEEDS = 10;

    /// The engine finds that a follower is said to have an entry that its leader lacks. Without assertions the
    /// state machines would go apart.
    private static final String PAST_ITS_LOG =
            "member 3 halted: A step of the Raft driver broke: java.lang.AssertionError: 3<holdfast> prev entry index";

    @FunctionalInterface
    interface Script {
        List<String> run(long seed, Set<Guard> guards);
    }

    /// The guard, what shows without it, and the schedule that provokes it.
    static Stream<Arguments> scripts() {
        return Stream.of(
                script(Guard.STALE_ANSWERS, PAST_ITS_LOG, SimScript::staleAnswer),
                script(Guard.ONE_QUERY, "stale read", SimScript::overlappingQueries),
                script(Guard.COMPACTED_PREFIX, "liveness", SimScript::orphanTail),
                script(Guard.ELECTION_WATCH, "liveness", SimScript::forgottenPreVote),
                script(Guard.REFUSED_TERM, "liveness", SimScript::refusedTerm),
                script(Guard.FLUSH_BEFORE_ANSWER, "liveness", SimScript::unflushedAnswer),
                script(Guard.COMMIT_STAYS, "engine broke", SimScript::repeatedAppend),
                script(Guard.HALT_ON_DISK_ERROR, "liveness", SimScript::failedFlush),
                script(Guard.SNAPSHOT_TAIL, "liveness", SimScript::snapshotOverChange),
                script(Guard.NEWBORN, "state machine safety", SimScript::lostDisk),
                script(Guard.LOST_LOG, "liveness", SimScript::lostLog),
                script(Guard.OWN_VOTE, "election safety", SimScript::ownVote));
    }

    private static Arguments script(Guard guard, String shows, Script script) {
        return Arguments.of(guard, shows, script);
    }

    @ParameterizedTest
    @MethodSource("scripts")
    void engineFault_isProvokedWithoutItsGuard_andGoneWithIt(Guard guard, String shows, Script script) {
        List<String> without = new ArrayList<>();
        List<String> with = new ArrayList<>();
        for (int seed = 1; seed <= SEEDS; seed++) {
            without.addAll(script.run(seed, Guard.allBut(guard)));
            with.addAll(script.run(seed, Guard.ALL));
        }

        assertThat(without).as("without " + guard).anyMatch(violation -> violation.startsWith(shows));
        assertThat(with).as("with every guard").isEmpty();
    }

    @Test
    void leaderOfLearnersOnly_stepsDown_onlyWithItsGuard() {
        assertThat(SimScript.leadsLearnersOnly(1, Guard.ALL)).isFalse();
        assertThat(SimScript.leadsLearnersOnly(1, Guard.allBut(Guard.VOTER_QUORUM)))
                .isTrue();
    }

    @Test
    void followerThatFetchesSlowly_catchesUpUnderWrites_onlyWithItsGuard() {
        for (int seed = 1; seed <= SEEDS; seed++) {
            assertThat(SlowFetch.catchesUp(seed, Guard.ALL)).as("seed " + seed).isTrue();
            assertThat(SlowFetch.catchesUp(seed, Guard.allBut(Guard.HELD_TAIL)))
                    .as("seed " + seed + " without the guard")
                    .isFalse();
        }
    }

    @Test
    void followerThatVanishesWhileItFetches_isNotWaitedForForEver() {
        assertThat(SlowFetch.endsWithoutTheFollower(1)).isTrue();
    }
}
