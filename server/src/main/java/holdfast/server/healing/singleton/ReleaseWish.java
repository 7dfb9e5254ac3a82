package holdfast.server.healing.singleton;

/// A person wants another host to be active.
///
/// @param fence of the one that is to let go; nobody else heeds it
public record ReleaseWish(long fence) {}
