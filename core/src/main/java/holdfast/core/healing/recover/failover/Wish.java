package holdfast.core.healing.recover.failover;

/// What a person asked for, the value of the key `request`; the primary takes it when it is due, and deletes it.
///
/// @param to who shall be the primary; empty for the best
/// @param atMillis not before, wall clock; 0 for now
public record Wish(String id, String to, long atMillis) {}
