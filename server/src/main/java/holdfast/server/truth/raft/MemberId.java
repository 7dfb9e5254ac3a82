package holdfast.server.truth.raft;

import io.microraft.RaftEndpoint;

/// A member as the engine knows it. The hash code is the number, so that every run orders members alike.
///
/// @param id 1 or more, never used again after removal
record MemberId(int id) implements RaftEndpoint {
    @Override
    public Object getId() {
        return id;
    }
}
