package holdfast.core.healing.fleet;

import holdfast.core.base.NodeId;

/// Where clients reach a healthy instance: the value of `endpoints/<service>/<n>`, bound to the host's lease.
///
/// @param address `IP:PORT`
/// @param registration create revision of the host's registration whose lease it is bound to: when the host
///     registers anew, the endpoint dies with the former lease unless it is published again
public record Endpoint(Part.Instance instance, String address, NodeId host, long registration) {}
