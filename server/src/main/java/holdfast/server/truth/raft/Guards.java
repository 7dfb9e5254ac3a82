package holdfast.server.truth.raft;

/// Which of the engine's faults are closed. Production uses [#ALL]; the simulation takes them away one by one
/// and must then find the fault.
///
/// @param staleAnswers drop answers of an earlier term (else they count as replication)
/// @param oneQuery one engine query at a time (else an old acknowledgement serves a new query)
/// @param compactedPrefix answer for entries that this member's snapshot covers (else a new leader cannot sync
/// it)
/// @param haltOnDiskError a failed write or flush ends the member (else a repeated append is acknowledged
/// unflushed)
/// @param flushBeforeAnswer nothing is acknowledged that is not flushed (a leader that steps down may hold
/// such)
/// @param electionWatch a pre-vote that the engine forgot to end is started again
/// @param voterQuorum a leader that no majority of voters answers steps down (the engine counts learners)
record Guards(
        boolean staleAnswers,
        boolean oneQuery,
        boolean compactedPrefix,
        boolean haltOnDiskError,
        boolean flushBeforeAnswer,
        boolean electionWatch,
        boolean voterQuorum) {
    static final Guards ALL = new Guards(true, true, true, true, true, true, true);
    static final Guards NONE = new Guards(false, false, false, false, false, false, false);
}
