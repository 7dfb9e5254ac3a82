package holdfast.server.ledger;

/// The value of `led`: who led last and did not resign.
///
/// @param sinceMillis wall clock of its election
public record Led(String node, long epoch, long sinceMillis) {}
