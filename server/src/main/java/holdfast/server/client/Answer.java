package holdfast.server.client;

import holdfast.core.base.Outcome;
import holdfast.core.base.Reason;
import java.util.function.Function;

/// What became of a call to the store and what it said. A timeout of a write is [Unknown], never [Refused].
public sealed interface Answer<T> {
    record Done<T>(T value) implements Answer<T> {}

    /// It did not happen and will not: safe to try again.
    record Refused<T>(Reason why) implements Answer<T> {}

    /// It may have happened: read back before trying again.
    record Unknown<T>(Reason why) implements Answer<T> {}

    default <R> Answer<R> map(Function<T, R> change) {
        return switch (this) {
            case Done<T>(T value) -> new Done<>(change.apply(value));
            case Refused<T>(Reason why) -> new Refused<>(why);
            case Unknown<T>(Reason why) -> new Unknown<>(why);
        };
    }

    default <R> Answer<R> then(Function<T, Answer<R>> next) {
        return switch (this) {
            case Done<T>(T value) -> next.apply(value);
            case Refused<T>(Reason why) -> new Refused<>(why);
            case Unknown<T>(Reason why) -> new Unknown<>(why);
        };
    }

    /// The same without the value; `revision` takes the store's revision from it.
    default Outcome outcome(Function<T, Long> revision) {
        return switch (this) {
            case Done<T>(T value) -> new Outcome.Done(revision.apply(value));
            case Refused<T>(Reason why) -> new Outcome.Refused(why);
            case Unknown<T>(Reason why) -> new Outcome.Unknown(why);
        };
    }
}
