package holdfast.core.healing.fleet;

import holdfast.core.base.NodeId;

/// A host whose agent holds a lease: the value of `hosts/<host>`.
///
/// @param agentAddress `IP:PORT` of the agent, where witnesses knock
/// @param incarnation grows with each start of the agent
/// @param createRevision of the key: tells one registration from the next
/// @param ttlNanos of the lease; an agent that could not renew for so long has stopped its instances' traffic
public record Registration(
        NodeId host, String address, String agentAddress, long incarnation, long createRevision, long ttlNanos) {}
