package holdfast.server.truth;

import holdfast.core.base.Require;
import holdfast.core.truth.AutoCompaction;
import java.time.Duration;

/// How the store keeps itself in order. Defaults of what a person may set are in `ServerConfig`.
///
/// @param quotaBytes what the store may hold, in bytes of [holdfast.core.truth.Stock]; below 0 there is no limit
/// @param retention which history is kept when nobody asks to forget it
/// @param verifyEvery how often members compare what they hold; zero never
/// @param strictMembership whether changes of members that endanger the majority are refused
public record UpkeepConfig(
        long quotaBytes, AutoCompaction.Retention retention, Duration verifyEvery, boolean strictMembership) {
    public static final long QUOTA_BYTES = 2L << 30; // etcd's

    public static final UpkeepConfig DEFAULT =
            new UpkeepConfig(QUOTA_BYTES, AutoCompaction.Retention.ALL, Duration.ofMinutes(1), true);

    public UpkeepConfig {
        Require.that("quota-backend-bytes", quotaBytes, quotaBytes != 0, "not 0 here: 0 stands for the default");
        Require.atLeast("corrupt-check-time", verifyEvery, Duration.ZERO);
    }
}
