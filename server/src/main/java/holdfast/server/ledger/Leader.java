package holdfast.server.ledger;

/// The value of `leader/<lease>`: who leads the loop and where agents attach.
///
/// @param loopAddress `HOST:PORT` of its gRPC and HTTP port
/// @param tls whether that port takes TLS only
public record Leader(String node, String loopAddress, boolean tls) {}
