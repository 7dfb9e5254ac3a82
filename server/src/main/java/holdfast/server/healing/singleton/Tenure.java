package holdfast.server.healing.singleton;

import holdfast.core.base.Reason;
import org.jspecify.annotations.Nullable;

/// One host's time as the active one. The value of [SingletonKeys#tenure]: the present one, or the last. Times in wall
/// clock milliseconds, 0 for not yet.
///
/// @param number from 1, one more for each
/// @param confirmedMillis when it was seen to be well
/// @param left why it let go; null while it has not, or lost it without a word
/// @param trouble whether it let go because it could not act there
public record Tenure(
        long number,
        String host,
        long fence,
        long sinceMillis,
        long confirmedMillis,
        @Nullable Reason left,
        boolean trouble) {

    Tenure confirmed(long atMillis) {
        return new Tenure(number, host, fence, sinceMillis, atMillis, left, trouble);
    }

    Tenure ended(Reason why, boolean inTrouble) {
        return new Tenure(number, host, fence, sinceMillis, confirmedMillis, why, inTrouble);
    }
}
