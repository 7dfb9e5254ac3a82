package holdfast.core.healing.fleet;

import holdfast.core.base.NodeId;

/// Where clients reach a healthy instance: the value of `endpoints/<service>/<n>`, bound to the host's lease.
///
/// @param address `IP:PORT`
public record Endpoint(Part.Instance instance, String address, NodeId host) {}
