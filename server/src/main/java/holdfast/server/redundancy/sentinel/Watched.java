package holdfast.server.redundancy.sentinel;

import java.time.Duration;

/// A service that is told of.
///
/// @param lease how long a dead primary counts as alive
/// @param proxied clients are sent to this host's proxy, and not to the servers
/// @param writePort of that proxy; unused without
/// @param readPort of that proxy; unused without
public record Watched(String service, Duration lease, boolean proxied, int writePort, int readPort) {}
