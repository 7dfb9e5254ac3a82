package holdfast.core.truth;

/// Something that is wrong with one member and that all must know of: replicated state, until it is taken away.
///
/// @param memberId who it concerns, as clients see the id; 0 when it cannot be told who
/// @param raisedByStore whether the store found it and takes it away by itself; false for an operator's own
public record Alarm(long memberId, Kind kind, boolean raisedByStore) {
    public enum Kind {
        /// The quota is used up: whatever takes room is refused.
        NO_SPACE,
        /// Members do not hold the same: nearly everything that would write is refused.
        CORRUPT;

        /// A number that stands for it in rows and in the log.
        public int code() {
            return switch (this) {
                case NO_SPACE -> 0;
                case CORRUPT -> 1;
            };
        }

        public static Kind of(int code) {
            return switch (code) {
                case 0 -> NO_SPACE;
                case 1 -> CORRUPT;
                default -> throw new IllegalArgumentException("no kind of alarm: " + code);
            };
        }
    }

    boolean concerns(Alarm other) {
        return memberId == other.memberId && kind == other.kind;
    }
}
