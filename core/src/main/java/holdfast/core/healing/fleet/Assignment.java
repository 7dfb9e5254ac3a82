package holdfast.core.healing.fleet;

import holdfast.core.base.Fence;
import holdfast.core.base.NodeId;
import java.util.List;

/// Where one instance is meant to run and from which spec: the value of `instances/<service>/<n>`.
///
/// @param address IP address or DNS name of the host
/// @param port where it listens; 0 for nowhere
/// @param spec the service as it was when this run was ordered (a rollout changes one instance at a time)
/// @param fleetRevision revision of the fleet that `spec` is from
/// @param desired what the agent of `host` should see to
/// @param run id of the action that starts this run: which process is meant, and the key under which its outcome
///     lies
/// @param fence the leader that wrote this
/// @param proven whether this run's spec has ever been verified well on any host
/// @param change what the owner changed from the former run to this one, as a sentence; empty when nothing
/// @param restartsMillis wall clock of this instance's restarts within `spec.limits.per`, oldest first
/// @param movesMillis the same for moves that its own faults caused
public record Assignment(
        Part.Instance instance,
        NodeId host,
        String address,
        int port,
        ServiceSpec spec,
        long fleetRevision,
        Desired desired,
        String run,
        Fence fence,
        boolean proven,
        String change,
        List<Long> restartsMillis,
        List<Long> movesMillis) {

    public enum Desired {
        RUN,
        STOPPED
    }

    public Assignment {
        restartsMillis = List.copyOf(restartsMillis);
        movesMillis = List.copyOf(movesMillis);
    }

    /// `ADDRESS:PORT`, what clients and witnesses connect to; empty when it listens nowhere.
    public String target() {
        return port == 0 ? "" : address + ":" + port;
    }
}
