package holdfast.core.healing;

import holdfast.core.base.Fence;
import holdfast.core.base.NodeId;
import holdfast.core.base.Outcome;
import holdfast.core.healing.detect.Signal;
import holdfast.core.healing.fleet.Fleet;
import holdfast.core.healing.fleet.Registration;

/// What the loop is told. Between [Elected] and [Deposed] it leads; at other times everything but [Elected] is
/// ignored.
public sealed interface Input {

    record Heard(Signal signal) implements Input {}

    /// An outcome appeared under `outcomes/<action id>`. Twice is fine.
    record Reported(String actionId, Outcome outcome) implements Input {}

    /// Something changed in the store that the loop did not write.
    record Changed(News news) implements Input {}

    record Asked(OperatorOrder order) implements Input {}

    /// This node won.
    ///
    /// @param fence create revision of its leader key
    /// @param restored read after winning
    /// @param wallMillisAtZero wall clock minus the loop's clock, in milliseconds: turns `nowNanos` into dates
    /// @param former the node that led before; empty when nobody did or it resigned on purpose
    /// @param leaderlessNanos how long nobody led, as far as this node saw; 0 when there was nobody before
    record Elected(Fence fence, Ledger restored, long wallMillisAtZero, String me, String former, long leaderlessNanos)
            implements Input {}

    /// This node no longer leads, or no longer knows.
    record Deposed() implements Input {}

    /// A change in the store by others.
    sealed interface News {
        record FleetApplied(Fleet fleet, long revision) implements News {}

        record HostRegistered(Registration registration) implements News {}

        /// Its key is gone: the lease ran out or was revoked, so its agent has stopped its instances' traffic.
        ///
        /// @param createRevision of the registration that is gone; an older one than the loop knows is ignored
        record HostGone(NodeId host, long createRevision) implements News {}
    }
}
