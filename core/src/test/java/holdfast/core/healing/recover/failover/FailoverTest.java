package holdfast.core.healing.recover.failover;

import static org.assertj.core.api.Assertions.assertThat;

import holdfast.core.base.Fence;
import holdfast.core.base.NodeId;
import holdfast.core.healing.fleet.ClusterSpec;
import holdfast.core.healing.fleet.ClusterSpec.Durability;
import holdfast.core.healing.fleet.Tags;
import holdfast.core.healing.recover.failover.Local.Phase;
import java.time.Duration;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/// The corners of a failover, one by one. h1 was or is the primary in term 1, on timeline 1.
final class FailoverTest {
    private static final NodeId H1 = new NodeId("h1");
    private static final NodeId H2 = new NodeId("h2");
    private static final NodeId H3 = new NodeId("h3");
    private static final long NOW = 100_000_000_000L;
    private static final long SECOND = 1_000_000_000L;

    private Durability durability = Durability.SYNC_1;
    private final TreeSet<NodeId> never = new TreeSet<>();
    private final TreeMap<NodeId, Integer> priority = new TreeMap<>();
    private final TreeSet<NodeId> noSync = new TreeSet<>();
    private final SortedMap<NodeId, Member> members = new TreeMap<>();
    private ClusterState state = state(Rule.of(List.of(H2, H3), 1));
    private @Nullable Holder holder;
    private long vacantNanos = NOW - SECOND / 2;
    private long downSinceNanos;
    private final SortedMap<NodeId, Lsn> flushed = new TreeMap<>();
    private Position lastPrimary = Position.NONE;
    private @Nullable Rule applied;
    private @Nullable NodeId followed;
    private long appliedAt = 100;
    private @Nullable Wish wish;

    private static ClusterState state(Rule... rules) {
        return new ClusterState(7, H1, 1, 1, Lsn.ZERO, List.of(rules), "", Lsn.ZERO, false, false, false);
    }

    private void member(NodeId host, Member.Role role, int timeline, long lsn, long pledged) {
        members.put(
                host,
                new Member(
                        host,
                        "a",
                        5_432,
                        0,
                        role,
                        false,
                        new Position(timeline, new Lsn(lsn)),
                        pledged,
                        false,
                        "",
                        List.of()));
    }

    private void replica(NodeId host, long lsn, long pledged) {
        member(host, Member.Role.REPLICA, 1, lsn, pledged);
    }

    private void held(NodeId host, long term, boolean serving) {
        holder = new Holder(host, "a", 5_432, term, new Fence(9), serving);
        vacantNanos = 0;
    }

    private Move next(NodeId me, Phase phase, boolean standby, int timeline, long lsn) {
        ClusterSpec spec = new ClusterSpec(
                ClusterSpec.Kind.POSTGRESQL,
                "orders",
                List.of(H1, H2, H3),
                5_432,
                "",
                "",
                "postgres",
                durability,
                false,
                Duration.ofSeconds(2),
                10,
                Duration.ofSeconds(2),
                Duration.ofSeconds(30),
                never,
                8_008,
                0,
                0,
                new Tags(priority, new TreeSet<>(), noSync),
                List.of());
        Lsn end = new Lsn(lsn);
        Local local = new Local(
                7,
                false,
                phase,
                standby,
                new Position(timeline, end),
                end,
                Lsn.ZERO,
                true,
                true,
                followed,
                followed == null ? 0 : state.term(),
                followed != null,
                0,
                0,
                applied,
                new Lsn(appliedAt),
                flushed,
                downSinceNanos,
                0);
        return Failover.next(new View(
                me,
                spec,
                state,
                holder,
                holder != null && holder.host().equals(me),
                members,
                local,
                lastPrimary,
                vacantNanos,
                0,
                wish,
                NOW));
    }

    private Move standby(NodeId me) {
        Position at = members.get(me).position();
        return next(me, Phase.STANDBY, true, at.timeline(), at.lsn().bytes());
    }

    // ---- elections ----

    @Test
    void bestReplica_whenEnoughPledged_takesKeyAndStandsAloneUntilOthersHaveIt() {
        replica(H2, 100, 1);
        replica(H3, 120, 1);

        assertThat(standby(H2)).isInstanceOf(Move.Wait.class);
        assertThat(standby(H3)).isInstanceOfSatisfying(Move.TakeKey.class, taken -> {
            assertThat(taken.state().term()).isEqualTo(2);
            assertThat(taken.state().timeline()).isZero();
            assertThat(taken.state().rules()).containsExactly(Rule.ALONE, Rule.of(List.of(H2), 1));
        });
    }

    @Test
    void replica_whenOnlyOneOfTwoVotersPledged_waits() {
        replica(H2, 100, 1);
        replica(H3, 90, 0);

        assertThat(standby(H2).why().code()).isEqualTo("too-few");
    }

    @Test
    void twoRules_whenPrimaryDies_mustBothElect() {
        state = state(Rule.of(List.of(H2), 1), Rule.of(List.of(H3), 1));
        replica(H2, 100, 1);
        replica(H3, 120, 0);
        assertThat(standby(H2).why().code()).isEqualTo("too-few");

        replica(H3, 120, 1);
        assertThat(standby(H2)).isInstanceOf(Move.Wait.class);
        assertThat(standby(H3)).isInstanceOf(Move.TakeKey.class);

        state = state(Rule.ALONE, Rule.of(List.of(H3), 1));
        assertThat(standby(H3).why().code()).isEqualTo("too-few");
    }

    @Test
    void namedSuccessor_whenBehind_isNotElected() {
        state = state.leaving("h2", false);
        replica(H2, 100, 1);
        replica(H3, 120, 1);

        assertThat(standby(H2)).isInstanceOf(Move.Wait.class);
        assertThat(standby(H3)).isInstanceOf(Move.TakeKey.class);
    }

    @Test
    void namedSuccessor_whenBehindAndAPersonAcceptedThat_isElected() {
        state = state.withRules(List.of(Rule.of(List.of(H2), 1))).forced("h2");
        replica(H2, 100, 1);
        replica(H3, 120, 1);

        assertThat(standby(H2)).isInstanceOf(Move.TakeKey.class);
        assertThat(standby(H3)).isInstanceOf(Move.Wait.class);
    }

    @Test
    void namedSuccessor_whenNotPledgedYet_isWaitedForALittle() {
        state = new ClusterState(
                7, H1, 1, 1, Lsn.ZERO, List.of(Rule.of(List.of(H3), 1)), "h2", Lsn.ZERO, false, false, false);
        replica(H2, 100, 0);
        replica(H3, 100, 1);

        assertThat(standby(H3).why().code()).isEqualTo("named");
        vacantNanos = NOW - 3 * SECOND;
        assertThat(standby(H3)).isInstanceOf(Move.TakeKey.class);
    }

    @Test
    void namedSuccessor_ofOneThatWasStoppedInOrder_takesTheKeyAtOnce_ifItHasTheWholeLog() {
        state = state.leaving("h2", false).left(new Lsn(100));
        replica(H2, 100, 0);
        replica(H3, 120, 0);

        assertThat(standby(H2))
                .isInstanceOfSatisfying(
                        Move.TakeKey.class,
                        taken ->
                                assertThat(taken.state().rules()).containsExactly(Rule.ALONE, Rule.of(List.of(H3), 1)));
        assertThat(standby(H3)).isInstanceOf(Move.Pledge.class);
        replica(H2, 99, 0);
        assertThat(standby(H2)).isInstanceOf(Move.Pledge.class);
        member(H2, Member.Role.REPLICA, 2, 100, 0);
        assertThat(standby(H2)).isInstanceOf(Move.Pledge.class);
    }

    @Test
    void namedSuccessor_whenThePrimaryDidNotSayWhereItsLogEnds_pledges() {
        state = state.leaving("h2", false);
        replica(H2, 100, 0);

        assertThat(standby(H2)).isInstanceOf(Move.Pledge.class);
    }

    @Test
    void namedSuccessor_whileThePrimaryStillLeads_isToldWhatCommitsWillWaitFor() {
        held(H1, 1, false);
        state = state.leaving("h2", false);
        replica(H2, 100, 0);
        replica(H3, 100, 0);
        followed = H1;

        Rule first = Rule.of(List.of(H3), 1);
        assertThat(standby(H2))
                .isInstanceOfSatisfying(
                        Move.ApplyRule.class, told -> assertThat(told.rule()).isEqualTo(first));
        assertThat(standby(H3)).isInstanceOf(Move.Wait.class);
        applied = first;
        assertThat(standby(H2)).isInstanceOf(Move.Wait.class);
    }

    @Test
    void primary_thatLeaves_saysWhereItsLogEnds_onlyIfItWasStoppedInOrder() {
        held(H1, 1, false);
        state = state.leaving("h2", false);
        assertThat(next(H1, Phase.STOPPED, false, 1, 140))
                .isInstanceOfSatisfying(
                        Move.Leave.class,
                        left -> assertThat(left.state().leftAt()).isEqualTo(new Lsn(140)));
        assertThat(next(H1, Phase.STOPPED, false, 1, 0))
                .isInstanceOfSatisfying(
                        Move.Leave.class,
                        left -> assertThat(left.state().leftAt()).isEqualTo(Lsn.ZERO));
    }

    @Test
    void namedSuccessor_whenLevel_goesBeforeTheFirstByName() {
        state = state.leaving("h3", false);
        replica(H2, 100, 1);
        replica(H3, 100, 1);

        assertThat(standby(H2)).isInstanceOf(Move.Wait.class);
        assertThat(standby(H3)).isInstanceOf(Move.TakeKey.class);
    }

    @Test
    void laterTimeline_beatsLongerLog() {
        state = new ClusterState(
                7, H1, 2, 2, new Lsn(90), List.of(Rule.of(List.of(H2, H3), 1)), "", Lsn.ZERO, false, false, false);
        member(H2, Member.Role.REPLICA, 1, 500, 2);
        member(H3, Member.Role.REPLICA, 2, 120, 2);

        assertThat(standby(H2)).isInstanceOf(Move.Wait.class);
        assertThat(standby(H3)).isInstanceOf(Move.TakeKey.class);
    }

    @Test
    void onlyHostThatHasAll_whenItIsNeverToLead_callsForAPerson() {
        never.add(H3);
        replica(H2, 100, 1);
        replica(H3, 120, 1);

        assertThat(standby(H2)).isInstanceOf(Move.Wait.class);
        assertThat(standby(H3)).isInstanceOf(Move.Call.class);

        replica(H2, 120, 1);
        assertThat(standby(H2)).isInstanceOf(Move.TakeKey.class);
    }

    @Test
    void replicaOfHigherPriority_goesFirst_amongThoseThatHaveEquallyMuch() {
        priority.put(H3, 2);
        replica(H2, 100, 1);
        replica(H3, 100, 1);
        assertThat(standby(H2)).isInstanceOf(Move.Wait.class);
        assertThat(standby(H3)).isInstanceOf(Move.TakeKey.class);

        replica(H3, 99, 1);
        assertThat(standby(H2)).isInstanceOf(Move.TakeKey.class);
        assertThat(standby(H3)).isInstanceOf(Move.Wait.class);
    }

    @Test
    void replicaOfPriorityZero_isNeverElected() {
        priority.put(H3, 0);
        replica(H2, 100, 1);
        replica(H3, 120, 1);
        assertThat(standby(H2)).isInstanceOf(Move.Wait.class);
        assertThat(standby(H3)).isInstanceOf(Move.Call.class);

        replica(H2, 120, 1);
        assertThat(standby(H2)).isInstanceOf(Move.TakeKey.class);
    }

    @Test
    void replicaOfHigherPriority_thatHasNotPledgedYet_isWaitedForAMoment() {
        state = state(Rule.of(List.of(H2), 1));
        priority.put(H3, 2);
        replica(H2, 100, 1);
        replica(H3, 100, 0);
        vacantNanos = NOW - SECOND / 10;
        assertThat(standby(H2).why().code()).isEqualTo("preferred");

        vacantNanos = NOW - SECOND / 2;
        assertThat(standby(H2)).isInstanceOf(Move.TakeKey.class);
    }

    @Test
    void switchoverToNobodyByName_goesToThePreferred_unlessItIsFarBehind() {
        held(H1, 1, true);
        applied = state.rules().getFirst();
        priority.put(H3, 2);
        replica(H2, 100, 0);
        replica(H3, 100, 0);
        flushed.put(H2, new Lsn(100));
        flushed.put(H3, new Lsn(90));
        wish = new Wish("w", "", 0);
        assertThat(next(H1, Phase.PRIMARY, false, 1, 100))
                .isInstanceOfSatisfying(
                        Move.WriteState.class,
                        written -> assertThat(written.state().handTo()).isEqualTo("h3"));

        flushed.put(H3, new Lsn(89));
        assertThat(next(H1, Phase.PRIMARY, false, 1, 100))
                .isInstanceOfSatisfying(
                        Move.WriteState.class,
                        written -> assertThat(written.state().handTo()).isEqualTo("h2"));
    }

    @Test
    void replicaThatIsNotToCount_isNoVoter_butOfAnAsynchronousCluster() {
        noSync.add(H2);
        held(H1, 1, true);
        applied = state.rules().getFirst();
        replica(H2, 100, 0);
        replica(H3, 100, 0);
        flushed.put(H2, new Lsn(100));
        flushed.put(H3, new Lsn(100));
        assertThat(next(H1, Phase.PRIMARY, false, 1, 100))
                .isInstanceOfSatisfying(
                        Move.WriteState.class,
                        written -> assertThat(written.state().rules().getLast()).isEqualTo(Rule.of(List.of(H3), 1)));

        durability = Durability.ASYNC;
        assertThat(next(H1, Phase.PRIMARY, false, 1, 100).why().code()).isEqualTo("leads");
    }

    @Test
    void asynchronousReplica_whenItLacksMoreThanMayBeLost_callsForAPerson() {
        durability = Durability.ASYNC;
        replica(H2, 100, 1);
        replica(H3, 90, 1);
        lastPrimary = new Position(1, new Lsn(111));
        assertThat(standby(H2).why().code()).isEqualTo("lags");

        lastPrimary = new Position(1, new Lsn(110));
        assertThat(standby(H2)).isInstanceOf(Move.TakeKey.class);
    }

    @Test
    void replica_whilePaused_neitherPledgesNorTakesKey() {
        state = state.withPaused(true);
        replica(H2, 100, 1);
        replica(H3, 100, 1);

        assertThat(standby(H2).why().code()).isEqualTo("paused");
    }

    // ---- the former primary ----

    @Test
    void formerPrimary_takesKeyAgainAtOnce_alsoWhilePausedIfItRuns() {
        assertThat(next(H1, Phase.PRIMARY, false, 1, 120)).isInstanceOfSatisfying(Move.TakeKey.class, taken -> {
            assertThat(taken.state().term()).isEqualTo(2);
            assertThat(taken.state().rules()).isEqualTo(state.rules());
            assertThat(taken.state().timeline()).isEqualTo(1);
        });
        state = state.withPaused(true);
        assertThat(next(H1, Phase.PRIMARY, false, 1, 120)).isInstanceOf(Move.TakeKey.class);
        assertThat(next(H1, Phase.STOPPED, false, 1, 0)).isInstanceOf(Move.Wait.class);
    }

    @Test
    void formerPrimary_thatLeft_stopsAndWaitsBeforeItStandsAgain() {
        state = state.leaving("h2", true);

        assertThat(next(H1, Phase.PRIMARY, false, 1, 120)).isInstanceOf(Move.Stop.class);
        assertThat(next(H1, Phase.STOPPED, false, 1, 0).why().code()).isEqualTo("gave-up");
        vacantNanos = NOW - 11 * SECOND;
        assertThat(next(H1, Phase.STOPPED, false, 1, 0)).isInstanceOfSatisfying(Move.TakeKey.class, taken -> {
            assertThat(taken.state().handTo()).isEmpty();
            assertThat(taken.state().gaveUp()).isTrue();
        });
    }

    @Test
    void formerPrimary_whenReplicasStandAndItsDataIsGone_calls() {
        Local none = new Local(
                0,
                false,
                Phase.STOPPED,
                false,
                Position.NONE,
                Lsn.ZERO,
                Lsn.ZERO,
                false,
                true,
                null,
                0,
                false,
                0,
                0,
                null,
                Lsn.ZERO,
                new TreeMap<>(),
                0,
                0);
        ClusterSpec spec = new ClusterSpec(
                ClusterSpec.Kind.POSTGRESQL,
                "orders",
                List.of(H1, H2),
                5_432,
                "",
                "",
                "postgres",
                durability,
                false,
                Duration.ofSeconds(2),
                0,
                Duration.ofSeconds(2),
                Duration.ofSeconds(30),
                never,
                0,
                0,
                0,
                Tags.NONE,
                List.of());
        View view = new View(H1, spec, state, null, false, members, none, Position.NONE, vacantNanos, 0, null, NOW);

        assertThat(Failover.next(view)).isInstanceOf(Move.Call.class);
    }

    // ---- the primary ----

    @Test
    void primary_whoseServerIsTooSlow_saysSoStopsAndLeaves_onceOnly() {
        held(H1, 1, true);
        replica(H2, 100, 0);
        replica(H3, 110, 0);
        downSinceNanos = NOW - 3 * SECOND;
        Move said = next(H1, Phase.STARTING, false, 1, 0);
        assertThat(said).isInstanceOfSatisfying(Move.WriteState.class, written -> {
            assertThat(written.state().handTo()).isEqualTo("h3");
            assertThat(written.state().gaveUp()).isTrue();
        });

        state = ((Move.WriteState) said).state();
        assertThat(next(H1, Phase.STARTING, false, 1, 0))
                .isInstanceOfSatisfying(
                        Move.Stop.class,
                        stopped -> assertThat(stopped.orderly()).isFalse());
        assertThat(next(H1, Phase.STOPPED, false, 1, 0)).isInstanceOf(Move.Leave.class);

        state = state.again();
        held(H1, 2, false);
        assertThat(next(H1, Phase.STOPPED, false, 1, 0)).isInstanceOf(Move.Start.class);
        assertThat(next(H1, Phase.STARTING, false, 1, 0)).isInstanceOf(Move.Wait.class);
    }

    @Test
    void primary_thatIsDown_startsWhereItIs_unlessPaused() {
        held(H1, 1, true);
        assertThat(next(H1, Phase.STOPPED, false, 1, 0)).isInstanceOf(Move.Start.class);
        state = state.withPaused(true);
        assertThat(next(H1, Phase.STOPPED, false, 1, 0).why().code()).isEqualTo("paused");
    }

    @Test
    void newPrimary_forgetsThatItStandsAlone_onlyWhenReplicasAreOnItsTimeline() {
        Rule others = Rule.of(List.of(H2), 1);
        state = new ClusterState(
                7, H1, 2, 2, new Lsn(100), List.of(Rule.ALONE, others), "", Lsn.ZERO, false, false, false);
        held(H1, 2, true);
        replica(H2, 100, 0);
        applied = others;
        flushed.put(H2, new Lsn(100));
        assertThat(next(H1, Phase.PRIMARY, false, 2, 130)).isInstanceOf(Move.Wait.class);

        flushed.put(H2, new Lsn(101));
        assertThat(next(H1, Phase.PRIMARY, false, 2, 130))
                .isInstanceOfSatisfying(
                        Move.WriteState.class,
                        written -> assertThat(written.state().rules()).containsExactly(others));
    }

    @Test
    void primary_whoseNewVotersGoBeforeTheyCover_addsAnotherRule() {
        Rule gone = Rule.of(List.of(H2), 1);
        state = state(Rule.ALONE, gone);
        held(H1, 1, true);
        replica(H3, 90, 0);
        applied = gone;
        flushed.put(H3, new Lsn(90));

        assertThat(next(H1, Phase.PRIMARY, false, 1, 130))
                .isInstanceOfSatisfying(
                        Move.WriteState.class,
                        written -> assertThat(written.state().rules())
                                .containsExactly(Rule.ALONE, gone, Rule.of(List.of(H3), 1)));
    }

    @Test
    void primary_askedToSwitch_refusesAHostThatDoesNotStream_andWhilePaused() {
        held(H1, 1, true);
        replica(H2, 100, 0);
        replica(H3, 100, 0);
        applied = state.rules().getFirst();
        flushed.put(H2, new Lsn(100));
        wish = new Wish("w", "h3", 0);
        assertThat(next(H1, Phase.PRIMARY, false, 1, 100)).isInstanceOf(Move.Answer.class);

        wish = new Wish("w", "h2", 0);
        assertThat(next(H1, Phase.PRIMARY, false, 1, 100)).isInstanceOf(Move.WriteState.class);
        state = state.withPaused(true);
        assertThat(next(H1, Phase.PRIMARY, false, 1, 100)).isInstanceOf(Move.Answer.class);
    }

    // ---- members that follow ----

    @Test
    void deposedPrimary_stopsThenRewindsWhenTheNewOneServes() {
        state = new ClusterState(7, H2, 2, 2, new Lsn(100), List.of(Rule.ALONE), "", Lsn.ZERO, false, false, false);
        held(H2, 2, false);
        assertThat(next(H1, Phase.PRIMARY, false, 1, 120)).isInstanceOf(Move.Stop.class);
        assertThat(next(H1, Phase.STOPPED, false, 1, 0)).isInstanceOf(Move.Wait.class);
        held(H2, 2, true);
        assertThat(next(H1, Phase.STOPPED, false, 1, 0)).isInstanceOf(Move.Rewind.class);
    }

    @Test
    void standbyOfOlderTimeline_followsUpToTheFork_andIsRewoundBeyondIt() {
        state = new ClusterState(7, H2, 2, 2, new Lsn(100), List.of(Rule.ALONE), "", Lsn.ZERO, false, false, false);
        held(H2, 2, true);
        assertThat(next(H3, Phase.STANDBY, true, 1, 100)).isInstanceOf(Move.Follow.class);
        assertThat(next(H3, Phase.STANDBY, true, 1, 101)).isInstanceOf(Move.Rewind.class);
        assertThat(next(H3, Phase.STANDBY, true, 3, 90)).isInstanceOf(Move.Rewind.class);
    }
}
