package holdfast.core.proof;

import holdfast.core.base.Dice;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Collectors;

/// Which faults a round brings, when, and whom they hit. Decided by a seed alone, so a round can be had again.
///
/// @param faults in the order of their beginnings
public record FaultSchedule(List<Fault> faults) {
    private static final long HEAD_MILLIS = 500; // something must have been written first
    private static final long LENGTH_MILLIS_MIN = 400;

    public FaultSchedule {
        faults = List.copyOf(faults);
    }

    public enum Kind {
        /// SIGKILL to one member; it is started again at the end.
        KILL,
        /// SIGKILL to all at once, started again right away.
        KILL_ALL,
        /// SIGSTOP until the end.
        FREEZE,
        /// SIGSTOP and SIGCONT in quick turns.
        STUTTER,
        /// The other members cannot be reached, in either direction; clients can.
        PARTITION,
        /// Nothing from the others arrives.
        DEAF,
        /// Nothing reaches the others.
        MUTE,
        /// No room on the disk; a member that stops for it is started again at the end.
        FULL,
        /// The date jumps by minutes, and back at the end.
        CLOCK;

        public String key() {
            return name().toLowerCase(Locale.ROOT).replace('_', '-');
        }

        public static Optional<Kind> of(String key) {
            return Arrays.stream(values())
                    .filter(kind -> kind.key().equals(key))
                    .findFirst();
        }
    }

    public enum Whom {
        LEADER,
        FOLLOWER,
        ANY
    }

    /// @param fromMillis after the beginning of the round; until `untilMillis`
    /// @param throwOfDice decides which of several it is
    public record Fault(Kind kind, Whom whom, long fromMillis, long untilMillis, int throwOfDice) {
        @Override
        public String toString() {
            return kind.key() + (kind == Kind.KILL_ALL ? "" : " " + whom.name().toLowerCase(Locale.ROOT));
        }
    }

    /// One to three faults of `kinds`, all over before `lengthMillis`.
    ///
    /// @param kinds at least one
    /// @param lengthMillis at least 2000
    public static FaultSchedule of(long seed, List<Kind> kinds, long lengthMillis) {
        Dice dice = new Dice(seed);
        int count = (int) dice.between(1, 3);
        List<Fault> faults = new ArrayList<>();
        for (int index = 0; index < count; index++) {
            long from = dice.between(HEAD_MILLIS, lengthMillis - 2 * LENGTH_MILLIS_MIN);
            long until = dice.between(from + LENGTH_MILLIS_MIN, Math.min(lengthMillis, from + lengthMillis / 2));
            Whom whom = dice.pick(List.of(Whom.LEADER, Whom.LEADER, Whom.FOLLOWER, Whom.ANY));
            faults.add(new Fault(dice.pick(kinds), whom, from, until, dice.nextInt(1 << 16)));
        }
        faults.sort(Comparator.comparingLong(Fault::fromMillis));
        return new FaultSchedule(faults);
    }

    @Override
    public String toString() {
        return faults.stream().map(Fault::toString).collect(Collectors.joining(", "));
    }
}
