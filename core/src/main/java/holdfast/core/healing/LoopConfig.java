package holdfast.core.healing;

import holdfast.core.base.Require;
import holdfast.core.healing.detect.DetectConfig;
import java.time.Duration;

/// How patient the loop is. Keys live under `healing.`; the defaults are here and nowhere else.
///
/// @param actionPatience how long an agent may take over an order, besides `stop-within`, before it counts as
///     unknown
/// @param hold how long an incident may wait for a budget or for a host before a person is told
/// @param agentPatience how long an agent whose instances still answer may be away before a person is told
/// @param gather how long the first placement waits for all hosts to be up
/// @param leaseMargin added to a host's lease before the loop takes it away, and to the wait after that
/// @param drain how long an instance stays up after it left routing for a rollout
public record LoopConfig(
        DetectConfig detect,
        Duration actionPatience,
        Duration hold,
        Duration agentPatience,
        Duration gather,
        Duration leaseMargin,
        Duration drain) {
    public static final LoopConfig DEFAULT = new LoopConfig(
            DetectConfig.DEFAULT,
            Duration.ofSeconds(10),
            Duration.ofSeconds(30),
            Duration.ofSeconds(30),
            Duration.ofSeconds(3),
            Duration.ofMillis(500),
            Duration.ofMillis(300));

    public LoopConfig {
        Require.between("healing.action-patience", actionPatience, Duration.ofMillis(100), Duration.ofHours(1));
        Require.between("healing.hold", hold, Duration.ofMillis(100), Duration.ofHours(24));
        Require.between("healing.agent-patience", agentPatience, Duration.ofMillis(100), Duration.ofHours(24));
        Require.between("healing.gather", gather, Duration.ZERO, Duration.ofMinutes(5));
        Require.between("healing.lease-margin", leaseMargin, Duration.ofMillis(10), Duration.ofMinutes(5));
        Require.between("healing.drain", drain, Duration.ZERO, Duration.ofMinutes(5));
    }
}
