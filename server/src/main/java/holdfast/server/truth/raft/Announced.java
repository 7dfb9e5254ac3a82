package holdfast.server.truth.raft;

/// A log entry that tells every member the name and address behind a number, committed before the number joins.
record Announced(RaftLog.Peer peer) {}
