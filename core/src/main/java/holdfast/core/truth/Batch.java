package holdfast.core.truth;

import java.util.List;

/// One log entry: the commands that gathered while earlier ones were in flight, in order.
///
/// @param leaderMillis the proposer's wall clock, the only time inside replicated rules; replicas clamp it to
/// never fall
public record Batch(long leaderMillis, List<Command> commands) {}
