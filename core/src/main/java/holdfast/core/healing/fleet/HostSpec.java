package holdfast.core.healing.fleet;

import holdfast.core.base.NodeId;
import holdfast.core.base.Require;

/// A machine that may run instances.
///
/// @param address IP address or DNS name where its agent and its instances are reached, without a port
public record HostSpec(NodeId name, String address) {
    public HostSpec {
        Require.that(
                "address",
                "'" + address + "'",
                address.matches("[A-Za-z0-9._:-]{1,253}"),
                "an IP address or a DNS name");
    }
}
