package holdfast.server.healing.failover;

/// How a host became the primary: the value of `history/TERM`.
///
/// @param lostBytesMax most that the former primary had written and the new one does not have, as far as it was
///     told; 0 when commits wait for replicas
public record Turn(long term, String host, long atMillis, String why, long lostBytesMax) {}
