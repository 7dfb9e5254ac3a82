package holdfast.core.truth;

import holdfast.core.base.Bytes;
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

    /// What [Command.AuthChange] and [AuthQuery] answer.
    sealed interface OfAuth extends Reply {
        record Changed() implements OfAuth {}

        record Authenticated(String token) implements OfAuth {}

        record Status(boolean enabled, long revision) implements OfAuth {}

        /// Of users or roles, in byte order.
        record Names(List<Bytes> names) implements OfAuth {}

        record Permissions(List<Permission> permissions) implements OfAuth {}
    }

    /// It did not happen, for a reason that clients match.
    record Refused(Refusal why) implements Reply {}
}
