package holdfast.server.proof;

import holdfast.core.proof.FaultSchedule;
import holdfast.core.proof.FaultSchedule.Fault;
import holdfast.core.proof.FaultSchedule.Kind;
import holdfast.server.base.Ticker;
import holdfast.server.client.Etcd;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// Carries out a [FaultSchedule] on an [Arena], and undoes all of it. One thread.
final class FaultDriver {
    private static final int STUTTERS_MAX = 40;
    private static final long STUTTER_MILLIS = 60;
    private static final int CLOCK_SECONDS_MAX = 3_600;

    private final Arena arena;
    private final Ticker ticker;
    private final Map<String, Etcd> eyes = new LinkedHashMap<>();
    private final List<String> said = new ArrayList<>();

    FaultDriver(Arena arena, Ticker ticker) {
        this.arena = arena;
        this.ticker = ticker;
        for (String member : Arena.MEMBERS) eyes.put(member, arena.client(member));
    }

    private record Moment(long millis, Runnable step) {}

    /// Returns when the last fault is over and every member runs.
    ///
    /// @return what was really done, for people
    List<String> run(FaultSchedule schedule) {
        said.clear();
        arena.forgive();
        List<Moment> moments = new ArrayList<>();
        for (Fault fault : schedule.faults()) {
            String[] victim = {""};
            moments.add(new Moment(fault.fromMillis(), () -> {
                victim[0] = victim(fault);
                said.add("%s of %s from %.1f s to %.1f s"
                        .formatted(
                                fault.kind().key(),
                                fault.kind() == Kind.KILL_ALL ? "all" : victim[0],
                                fault.fromMillis() / 1e3,
                                fault.untilMillis() / 1e3));
                begin(fault, victim[0]);
            }));
            moments.add(new Moment(fault.untilMillis(), () -> end(fault, victim[0])));
        }
        moments.sort(Comparator.comparingLong(Moment::millis));
        long startNanos = ticker.nanos();
        for (Moment moment : moments) {
            while ((ticker.nanos() - startNanos) / 1_000_000 < moment.millis()) Pause.millis(5);
            moment.step().run();
        }
        Arena.MEMBERS.forEach(member -> arena.signal(member, "CONT"));
        arena.startAll();
        return List.copyOf(said);
    }

    /// Starts the members that ended, if any did; call it while waiting for them.
    void startEnded() {
        arena.startAll();
    }

    /// What went wrong without a fault that would explain it; empty when nothing did.
    String unexplained() {
        return arena.strays().isEmpty()
                ? ""
                : String.join(" and ", arena.strays()) + " ended, though nobody had killed it or filled its disk";
    }

    private String victim(Fault fault) {
        String leader = fault.whom() == FaultSchedule.Whom.ANY ? "" : arena.leader(eyes);
        if (fault.whom() == FaultSchedule.Whom.LEADER && !leader.isEmpty()) return leader;
        List<String> others =
                Arena.MEMBERS.stream().filter(member -> !member.equals(leader)).toList();
        return others.get(fault.throwOfDice() % others.size());
    }

    private void begin(Fault fault, String victim) {
        switch (fault.kind()) {
            case KILL -> arena.signal(victim, "KILL");
            case KILL_ALL -> {
                Arena.MEMBERS.forEach(member -> arena.signal(member, "STOP")); // so that none sees another one die
                Arena.MEMBERS.forEach(member -> arena.signal(member, "KILL"));
                Arena.MEMBERS.forEach(arena::awaitEnd);
                Arena.MEMBERS.forEach(arena::start);
            }
            case FREEZE -> arena.signal(victim, "STOP");
            case STUTTER -> stutter(fault, victim);
            case PARTITION ->
                others(victim).forEach(other -> {
                    arena.cut(victim, other);
                    arena.cut(other, victim);
                });
            case DEAF -> others(victim).forEach(other -> arena.cut(other, victim));
            case MUTE -> others(victim).forEach(other -> arena.cut(victim, other));
            case FULL -> arena.fill(victim);
            case CLOCK -> arena.stepClock(victim, fault.throwOfDice() % (2 * CLOCK_SECONDS_MAX) - CLOCK_SECONDS_MAX);
        }
    }

    private void stutter(Fault fault, String victim) {
        long turns = Math.min(STUTTERS_MAX, (fault.untilMillis() - fault.fromMillis()) / (2 * STUTTER_MILLIS));
        for (long turn = 0; turn < turns; turn++) {
            arena.signal(victim, "STOP");
            Pause.millis(STUTTER_MILLIS);
            arena.signal(victim, "CONT");
            Pause.millis(STUTTER_MILLIS / 2);
        }
    }

    private void end(Fault fault, String victim) {
        switch (fault.kind()) {
            case KILL -> arena.start(victim);
            case KILL_ALL -> {}
            case FREEZE, STUTTER -> arena.signal(victim, "CONT");
            case PARTITION, DEAF, MUTE ->
                others(victim).forEach(other -> {
                    arena.reconnect(victim, other);
                    arena.reconnect(other, victim);
                });
            case FULL -> {
                arena.empty(victim);
                arena.start(victim); // if it stopped for it
            }
            case CLOCK -> arena.stepClock(victim, 0);
        }
    }

    private static List<String> others(String member) {
        return Arena.MEMBERS.stream().filter(other -> !other.equals(member)).toList();
    }
}
