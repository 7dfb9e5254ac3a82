package holdfast.core.truth;

import java.util.List;
import org.jspecify.annotations.Nullable;

/// What a command answers. Every replica computes the same one.
public sealed interface Reply {

    /// @param count keys in the range at that revision, before limit and filters
    /// @param more whether the limit cut it short
    record Page(List<KeyValue> pairs, long count, boolean more) implements Reply {}

    record Putted(@Nullable KeyValue before) implements Reply {}

    /// @param before the pairs that died, in key order, when asked for
    record Deleted(long count, List<KeyValue> before) implements Reply {}

    record Txned(boolean succeeded, List<Reply> replies) implements Reply {}

    record Granted(long id, long ttlMillis) implements Reply {}

    record Revoked() implements Reply {}

    record Compacted() implements Reply {}

    /// @param alarms those that were raised or taken away; a raised one that stood already, too
    record Alarmed(List<Alarm> alarms) implements Reply {}

    /// It did not happen, for a reason that clients match.
    record Refused(Refusal why) implements Reply {}
}
