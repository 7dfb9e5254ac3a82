package holdfast.server.truth.raft;

import io.microraft.RaftEndpoint;
import io.microraft.model.RaftModelFactory;
import io.microraft.model.log.SnapshotEntry;
import io.microraft.persistence.RestoredRaftState;

/// What a disk held, put right where the engine could not start from it.
final class Restored {
    private Restored() {}

    /// A crash may come after a snapshot was kept that makes this member a voter, and before the engine kept that it is
    /// one. It would then try to write so before it has a store.
    static RestoredRaftState mended(RestoredRaftState restored, RaftModelFactory model) {
        SnapshotEntry snapshot = restored.getSnapshotEntry();
        if (snapshot == null || restored.getLocalEndpointPersistentState().isVoting()) return restored;
        RaftEndpoint self = restored.getLocalEndpointPersistentState().getLocalEndpoint();
        if (!snapshot.getGroupMembersView().getVotingMembers().contains(self)) return restored;
        return new RestoredRaftState(
                model.createRaftEndpointPersistentStateBuilder()
                        .setLocalEndpoint(self)
                        .setVoting(true)
                        .build(),
                restored.getInitialGroupMembers(),
                restored.getTermPersistentState(),
                snapshot,
                restored.getLogEntries());
    }
}
