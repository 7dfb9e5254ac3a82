package holdfast.core.healing.recover.failover;

import holdfast.core.base.NodeId;
import holdfast.core.base.Reason;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// The one safe thing that a member does next.
public sealed interface Move {
    Reason why();

    /// Nothing now; look again when something changes.
    record Wait(Reason why) implements Move {}

    /// Only a person can go on; look again when something changes.
    record Call(Reason why) implements Move {}

    /// Take the primary's key, if nobody has it and the state is as it was read. What goes into the state is written in
    /// the same
    /// transaction.
    ///
    /// @param state null to found a cluster: its state is written when its identity is known
    record TakeKey(@Nullable ClusterState state, Reason why) implements Move {}

    /// Make a new, empty cluster here.
    record Initialize(Reason why) implements Move {}

    /// Write the state, guarded by our key.
    record WriteState(ClusterState state, Reason why) implements Move {}

    /// Start the server as the data is. With a standby's data it receives from nobody.
    record Start(Reason why) implements Move {}

    /// Become a standby of `of`, stopped or running.
    record Follow(NodeId of, long term, Reason why) implements Move {}

    /// Receive no more from the primary of this term.
    record Pledge(long term, Reason why) implements Move {}

    /// Tell the server which standbys commits wait for.
    record ApplyRule(Rule rule, Reason why) implements Move {}

    /// Leave recovery and take writes.
    record Promote(Reason why) implements Move {}

    /// Tell clients, in our key.
    ///
    /// @param state to be written with it, null for none
    record Serve(boolean serving, @Nullable ClusterState state, Reason why) implements Move {}

    /// Stop the server.
    ///
    /// @param orderly clients' transactions are ended and everything is sent to the standbys first; else at once
    record Stop(boolean orderly, Reason why) implements Move {}

    /// Let the key go, having written why.
    record Leave(ClusterState state, Reason why) implements Move {}

    /// Take back what the primary does not have. When that cannot be done, clone.
    record Rewind(NodeId from, Reason why) implements Move {}

    /// Copy everything from `from`; what was there is put aside or deleted.
    record Clone(NodeId from, Reason why) implements Move {}

    /// The wish cannot be granted, or was.
    record Answer(Wish wish, List<String> refusal, Reason why) implements Move {}
}
