package holdfast.core.healing.recover.singleton;

import static org.assertj.core.api.Assertions.assertThat;

import holdfast.core.base.Reason;
import holdfast.core.healing.fleet.CheckSpec;
import holdfast.core.healing.fleet.Limits;
import holdfast.core.healing.fleet.SingletonSpec;
import holdfast.core.healing.fleet.SingletonSpec.Standby;
import holdfast.core.healing.recover.singleton.Singleton.Input;
import holdfast.core.healing.recover.singleton.Singleton.Order;
import java.time.Duration;
import java.util.List;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

final class SingletonTest {
    private static final Reason KILLED = new Reason("ended", "It ended with status 137.");

    private Singleton singleton;
    private long nowMillis = 1_000_000;

    private void begin(Standby standby, int restarts, CheckSpec... checks) {
        singleton = new Singleton(new SingletonSpec(
                "cron",
                List.of("cron"),
                0,
                List.of(),
                new TreeMap<>(),
                List.of(checks),
                new Limits(restarts, Duration.ofMinutes(1), Limits.DEFAULT.isolateAtMost()),
                Duration.ofSeconds(2),
                Duration.ofSeconds(1),
                SingletonSpec.LEASE,
                standby,
                "",
                ""));
    }

    private List<Order> tell(Input... inputs) {
        return singleton.step(List.of(inputs), nowMillis * 1_000_000);
    }

    private List<Order> after(long millis, Input... inputs) {
        nowMillis += millis;
        return tell(inputs);
    }

    private static String codeOf(List<Order> orders) {
        return orders.getLast() instanceof Order.Release(Reason why, boolean _) ? why.code() : orders.toString();
    }

    @Test
    void coldOne_isStartedWhenItIsElected() {
        begin(Standby.COLD, 3);
        assertThat(tell()).containsExactly(new Order.Stand());
        assertThat(tell(new Input.Elected())).containsExactly(new Order.Start());
        assertThat(tell(new Input.Started())).containsExactly(new Order.Activate(1));
        assertThat(after(400)).containsExactly(new Order.Confirm(1));
    }

    @Test
    void warmOne_standsOnceItLives_andIsToldWhenItIsElected() {
        begin(Standby.WARM, 3);
        assertThat(tell()).containsExactly(new Order.Start());
        assertThat(tell(new Input.Started())).containsExactly(new Order.Stand());
        assertThat(after(5_000, new Input.Elected())).containsExactly(new Order.Activate(1));
    }

    @Test
    void warmOne_thatEndsAsAStandby_standsNoMore_untilItLivesAgain() {
        begin(Standby.WARM, 3);
        tell();
        tell(new Input.Started());
        assertThat(tell(new Input.Ended(KILLED))).containsExactly(new Order.Withdraw());
        assertThat(tell(new Input.NotElected(KILLED))).isEmpty();
        assertThat(after(1_000)).containsExactly(new Order.Start());
        assertThat(tell(new Input.Started())).containsExactly(new Order.Stand());
    }

    @Test
    void electionThatComesWithTheEnd_isGivenAway() {
        begin(Standby.WARM, 3);
        tell();
        tell(new Input.Started());
        tell(new Input.Ended(KILLED));
        assertThat(codeOf(tell(new Input.Elected()))).isEqualTo("not-ready");
    }

    @Test
    void processThatWasWell_isRestartedOnTheSpot_asOftenAsTheBudgetAllows() {
        begin(Standby.COLD, 2);
        tell();
        tell(new Input.Elected());
        for (long restart = 1; restart <= 2; restart++) {
            assertThat(tell(new Input.Started())).containsExactly(new Order.Activate(restart));
            after(400);
            assertThat(tell(new Input.Ended(KILLED))).containsExactly(new Order.Start());
        }
        tell(new Input.Started());
        after(400);
        assertThat(codeOf(tell(new Input.Ended(KILLED)))).isEqualTo("ended");
        assertThat(tell(new Input.LetGo())).isEmpty();
        assertThat(after(1_000)).containsExactly(new Order.Stand());
    }

    @Test
    void processThatWasNeverWell_isNotRestarted() {
        begin(Standby.COLD, 3);
        tell();
        tell(new Input.Elected());
        tell(new Input.Started());
        List<Order> orders = tell(new Input.Ended(KILLED));
        assertThat(codeOf(orders)).isEqualTo("ended");
        assertThat(((Order.Release) orders.getLast()).trouble()).isTrue();
    }

    @Test
    void restThatFollowsTrouble_doublesUntilItIsWellAgain() {
        begin(Standby.COLD, 3);
        tell();
        for (long rest = 1_000; rest <= 64_000; rest *= 2) {
            tell(new Input.Elected());
            tell(new Input.NotStarted(KILLED));
            assertThat(tell(new Input.LetGo())).isEmpty();
            assertThat(after(rest - 1)).isEmpty();
            assertThat(after(1)).containsExactly(new Order.Stand());
        }
    }

    @Test
    void checksThatFail_endIt_andCountAsAnEnd() {
        CheckSpec.Timing timing = new CheckSpec.Timing(Duration.ofMillis(100), Duration.ofMillis(50), 2, 1);
        begin(Standby.COLD, 1, new CheckSpec.Exec(List.of("true"), timing));
        tell();
        tell(new Input.Elected());
        tell(new Input.Started());
        assertThat(after(400)).isEmpty();
        assertThat(tell(new Input.Checked(1, 0, true))).containsExactly(new Order.Confirm(1));
        assertThat(tell(new Input.Checked(1, 0, false))).isEmpty();
        assertThat(tell(new Input.Checked(1, 0, false))).containsExactly(new Order.Terminate());
        assertThat(after(1_000)).containsExactly(new Order.Kill());
        assertThat(tell(new Input.Ended(KILLED))).containsExactly(new Order.Start());
    }

    @Test
    void checksThatNeverPass_giveItAway() {
        begin(Standby.COLD, 1, new CheckSpec.Exec(List.of("true"), CheckSpec.Timing.DEFAULT));
        tell();
        tell(new Input.Elected());
        tell(new Input.Started());
        assertThat(after(2_000)).containsExactly(new Order.Terminate());
        assertThat(codeOf(tell(new Input.Ended(KILLED)))).isEqualTo("never-well");
    }

    @Test
    void lostRight_startsNothing_untilItIsOutOfOurHands() {
        begin(Standby.WARM, 3);
        tell();
        tell(new Input.Started());
        tell(new Input.Elected());
        assertThat(tell(new Input.Lost(KILLED))).isEmpty();
        assertThat(tell(new Input.Ended(KILLED))).isEmpty();
        assertThat(tell(new Input.LetGo())).containsExactly(new Order.Start());
        assertThat(tell(new Input.Started())).containsExactly(new Order.Stand());
    }

    @Test
    void handover_endsTheProcessFirst() {
        begin(Standby.COLD, 3);
        tell();
        tell(new Input.Elected());
        tell(new Input.Started());
        assertThat(tell(new Input.AskedToRelease())).containsExactly(new Order.Terminate());
        List<Order> orders = tell(new Input.Ended(KILLED));
        assertThat(codeOf(orders)).isEqualTo("asked");
        assertThat(((Order.Release) orders.getLast()).trouble()).isFalse();
        assertThat(tell(new Input.LetGo())).containsExactly(new Order.Stand());
    }

    @Test
    void closing_endsEverything() {
        begin(Standby.WARM, 3);
        tell();
        tell(new Input.Started());
        assertThat(tell(new Input.Closing())).containsExactly(new Order.Terminate(), new Order.Withdraw());
        tell(new Input.NotElected(KILLED));
        assertThat(singleton.over()).isFalse();
        assertThat(tell(new Input.Ended(KILLED))).isEmpty();
        assertThat(singleton.over()).isTrue();
    }
}
