package holdfast.server.truth.raft;

import io.microraft.impl.log.RaftLog;
import io.microraft.impl.state.RaftState;
import io.microraft.model.RaftModelFactory;
import io.microraft.model.log.LogEntry;
import io.microraft.model.message.AppendEntriesRequest;
import io.microraft.model.message.AppendEntriesSuccessResponse;
import java.util.List;
import java.util.Set;

/// Closes the engine's liveness gap on the follower's side. The engine compares an append's previous entry with
/// its log alone: when that entry is in the snapshot and gone from the log while later ones are there, it
/// refuses, the leader steps back, and they never meet.
///
/// What the snapshot holds was committed, and a leader of this term or a later one has every committed entry
/// (leader completeness, Raft section 5.4): up to the snapshot's index both logs agree without looking. So an
/// append that begins there is moved forward over everything that this member already has. Worked example:
/// snapshot at 10, log 11 to 13 of term 2.
///
/// | the append | becomes |
/// | --- | --- |
/// | after 10, nothing | "I agree up to 10" |
/// | after 8: 9, 10, 11 of term 2, 12 of term 3 | after 11: 12 of term 3 |
/// | after 10: 11 of term 3 | after 0: 11 of term 3, which the engine takes unchecked, cutting 11 to 13 |
///
/// The engine counts the answer of the first and third from 0; [#correct] adds what was left out.
final class CompactedPrefix {
    private final RaftModelFactory model;
    private final Set<Guard> guards;
    private long leftOut;

    CompactedPrefix(RaftModelFactory model, Set<Guard> guards) {
        this.model = model;
        this.guards = guards;
    }

    /// The same append in a form that the engine can check, or `request` itself when it can do so already.
    AppendEntriesRequest mend(AppendEntriesRequest request, RaftState state) {
        long previous = request.getPreviousLogIndex();
        long covered = previous + request.getLogEntries().size();
        RaftLog log = state.log();
        long snapshot = log.snapshotIndex();
        if (previous > snapshot || canCheck(previous, log) || !guards.contains(Guard.COMPACTED_PREFIX)) {
            boolean takesBack = covered < state.commitIndex() && request.getCommitIndex() > state.commitIndex();
            if (!takesBack || !guards.contains(Guard.COMMIT_STAYS)) return request;
            return rebuilt(request, previous, request.getPreviousLogTerm(), 0, request.getLogEntries());
        }
        List<LogEntry> entries = request.getLogEntries();
        int at = 0;
        while (at < entries.size() && entries.get(at).getIndex() <= snapshot) at++;
        int fresh = at;
        while (fresh < entries.size() && has(log, entries.get(fresh))) fresh++;
        List<LogEntry> rest = entries.subList(fresh, entries.size());
        if (fresh > at) {
            LogEntry last = entries.get(fresh - 1);
            long commitIndex = covered < state.commitIndex() ? 0 : request.getCommitIndex();
            return rebuilt(request, last.getIndex(), last.getTerm(), commitIndex, rest);
        }
        leftOut = snapshot;
        return rebuilt(request, 0, 0, 0, rest);
    }

    private static boolean canCheck(long previous, RaftLog log) {
        if (log.snapshotIndex() == 0 || previous == log.lastLogOrSnapshotIndex()) return true;
        return log.containsLogEntry(Math.max(previous, 1));
    }

    private static boolean has(RaftLog log, LogEntry entry) {
        LogEntry mine = log.containsLogEntry(entry.getIndex()) ? log.getLogEntry(entry.getIndex()) : null;
        return mine != null && mine.getTerm() == entry.getTerm();
    }

    private AppendEntriesRequest rebuilt(
            AppendEntriesRequest request, long previous, int previousTerm, long commitIndex, List<LogEntry> entries) {
        return model.createAppendEntriesRequestBuilder()
                .setGroupId(request.getGroupId())
                .setSender(request.getSender())
                .setTerm(request.getTerm())
                .setPreviousLogIndex(previous)
                .setPreviousLogTerm(previousTerm)
                .setCommitIndex(commitIndex)
                .setLogEntries(entries)
                .setQuerySequenceNumber(request.getQuerySequenceNumber())
                .setFlowControlSequenceNumber(request.getFlowControlSequenceNumber())
                .build();
    }

    /// The answer to the append under way, with the right index.
    AppendEntriesSuccessResponse correct(AppendEntriesSuccessResponse answer) {
        if (leftOut == 0) return answer;
        return model.createAppendEntriesSuccessResponseBuilder()
                .setGroupId(answer.getGroupId())
                .setSender(answer.getSender())
                .setTerm(answer.getTerm())
                .setLastLogIndex(answer.getLastLogIndex() + leftOut)
                .setQuerySequenceNumber(answer.getQuerySequenceNumber())
                .setFlowControlSequenceNumber(answer.getFlowControlSequenceNumber())
                .build();
    }

    /// The append was handled.
    void done() {
        leftOut = 0;
    }
}
