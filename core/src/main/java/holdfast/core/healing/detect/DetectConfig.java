package holdfast.core.healing.detect;

import holdfast.core.base.Require;
import java.time.Duration;

/// How silence is judged. Keys live under `healing.detect.`; the defaults are here and nowhere else.
///
/// @param heartbeatEvery what agents send at
/// @param phiThreshold suspicion level at which silence is worth a question; 8 is one mistake in 10^8 intervals
/// @param pauseForgiven added to each expected interval (a collector's pause, a busy machine)
/// @param askEvery time between two rounds of questions about one suspect
/// @param askTimeout after which a witness says TIMEOUT
/// @param attachGrace how long agents have to find a new leader before their silence counts
/// @param agentReturn how long an agent whose instances still answer may be away without an incident
/// @param selfStall a loop that was itself late by this much doubts its own silence verdicts for as long
public record DetectConfig(
        Duration heartbeatEvery,
        int phiThreshold,
        Duration pauseForgiven,
        Duration askEvery,
        Duration askTimeout,
        Duration attachGrace,
        Duration agentReturn,
        Duration selfStall) {
    public static final DetectConfig DEFAULT = new DetectConfig(
            Duration.ofMillis(250),
            8,
            Duration.ofMillis(500),
            Duration.ofMillis(250),
            Duration.ofMillis(400),
            Duration.ofSeconds(2),
            Duration.ofMillis(1_500),
            Duration.ofMillis(500));

    public DetectConfig {
        Require.between("healing.detect.heartbeat-every", heartbeatEvery, Duration.ofMillis(10), Duration.ofMinutes(1));
        Require.between("healing.detect.phi-threshold", phiThreshold, 1, 16);
        Require.between("healing.detect.pause-forgiven", pauseForgiven, Duration.ZERO, Duration.ofMinutes(1));
        Require.between("healing.detect.ask-every", askEvery, Duration.ofMillis(10), Duration.ofMinutes(1));
        Require.between("healing.detect.ask-timeout", askTimeout, Duration.ofMillis(10), Duration.ofMinutes(1));
        Require.between("healing.detect.attach-grace", attachGrace, heartbeatEvery, Duration.ofMinutes(5));
        Require.between("healing.detect.agent-return", agentReturn, Duration.ZERO, Duration.ofMinutes(5));
        Require.between("healing.detect.self-stall", selfStall, Duration.ofMillis(10), Duration.ofMinutes(1));
    }
}
