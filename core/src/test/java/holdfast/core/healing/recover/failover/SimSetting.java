package holdfast.core.healing.recover.failover;

import holdfast.core.base.NodeId;
import org.jspecify.annotations.Nullable;

/// What a member was set to be; on disk.
final class SimSetting {
    @Nullable
    NodeId follows;

    long term;
    long pledged;

    @Nullable
    Rule rule;

    /// The server is known to go by the rule.
    boolean told;

    int appliedAt;
    int timeline;
    int rewound;
}
