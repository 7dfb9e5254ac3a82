package holdfast.core.truth;

/// A lease as the log knows it. What is left of it only the leader's [LeaseBook] knows.
///
/// @param id positive
/// @param ttlMillis what was granted
public record Lease(long id, long ttlMillis) {}
