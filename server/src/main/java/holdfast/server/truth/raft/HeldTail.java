package holdfast.server.truth.raft;

import io.microraft.RaftEndpoint;
import io.microraft.impl.RaftNodeImpl;
import io.microraft.impl.log.RaftLog;
import io.microraft.impl.state.FollowerState;
import io.microraft.impl.state.LeaderState;
import io.microraft.impl.state.RaftState;
import io.microraft.model.RaftModelFactory;
import io.microraft.model.log.LogEntry;
import io.microraft.model.message.InstallSnapshotRequest;
import io.microraft.model.message.RaftMessage;
import java.util.ArrayList;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// What a leader's log has dropped and a follower that fetches a snapshot will need next. Without it a follower whose
/// fetch takes longer than the leader takes to its next snapshot would get that one, then the next, and so on for ever.
///
/// A follower that asked for the snapshot at `i` wants what follows `i`. Worked example:
///
/// | when | the engine's log | held here |
/// | --- | --- | --- |
/// | a follower asks for the snapshot at 5,000 | from 5,001 | nothing |
/// | the snapshot at 7,000 is made | from 7,001 | 5,001 to 7,000 |
/// | the follower has installed 5,000 | from 7,001 | the engine offers 7,000; it gets 5,001 and on instead |
/// | it has got as far as 7,000 | from 7,001 | nothing: the engine sends it 7,001 |
///
/// Only a leader holds anything, and only what a snapshot of its covers: that was committed, so it stays true whoever
/// leads. Held are at most [#ENTRIES_MAX] entries of [#BYTES_MAX] bytes, the older ones fall out first, and a follower
/// counts until it made no step for [#IDLE_NANOS_MAX] and reads no snapshot either.
final class HeldTail {
    /// About 200 bytes of heap each; their content is read back from the log files.
    static final int ENTRIES_MAX = 200_000;

    /// On disk, beside the log.
    static final long BYTES_MAX = 512L << 20;

    static final long IDLE_NANOS_MAX = 60_000_000_000L;

    private static final int OTHER_BYTES = 64; // an entry that is not the machine's

    private final EngineHost host;
    private final RaftNodeImpl node;
    private final RaftModelFactory model;
    private final int entriesPerMessage;
    private final boolean on;
    private final TreeMap<Integer, TreeMap<Long, Want>> wants = new TreeMap<>(); // by follower, by index
    private final TreeMap<Long, LogEntry> held = new TreeMap<>();
    private int termBefore; // of the entry before the first held
    private long heldBytes;

    /// A follower will need everything behind an index.
    ///
    /// @param term of the entry at that index
    private record Want(int term, long sinceNanos) {}

    HeldTail(
            EngineHost host,
            RaftNodeImpl node,
            RaftModelFactory model,
            RaftConfig config,
            StrictStore store,
            Set<Guard> guards) {
        this.host = host;
        this.node = node;
        this.model = model;
        entriesPerMessage = config.entriesPerMessage();
        on = guards.contains(Guard.HELD_TAIL);
        store.onForget(this::dropping);
    }

    /// The engine is about to send `request` to `follower`: that one, or the entries that make it needless.
    RaftMessage sending(RaftEndpoint follower, InstallSnapshotRequest request) {
        LeaderState leads = node.state().leaderState();
        FollowerState state = leads == null ? null : leads.getFollowerStateOrNull(follower);
        if (!on || state == null) return request;
        int id = Roster.id(follower);
        long next = state.nextIndex();
        if (state.matchIndex() > 0 && next == state.matchIndex() + 1 && held.containsKey(next)) {
            int term = termAt(next - 1);
            TreeMap<Long, Want> its = wants.computeIfAbsent(id, _ -> new TreeMap<>());
            its.headMap(next - 1, false).clear();
            its.putIfAbsent(next - 1, new Want(term, host.nanos())); // counts as a step only the first time
            return entries(request, next, term);
        }
        // a mere offer goes to the dead, too; the snapshot's handle goes to a follower that answered the offer
        boolean isNewest = request.getSnapshotIndex() == node.state().log().snapshotIndex();
        if (request.getSnapshotChunk() != null && isNewest) {
            Want want = new Want(request.getSnapshotTerm(), host.nanos());
            wants.computeIfAbsent(id, _ -> new TreeMap<>()).put(request.getSnapshotIndex(), want);
        }
        return request;
    }

    private int termAt(long index) {
        LogEntry entry = held.get(index);
        return entry == null ? termBefore : entry.getTerm();
    }

    private RaftMessage entries(InstallSnapshotRequest request, long first, int termBeforeFirst) {
        return model.createAppendEntriesRequestBuilder()
                .setGroupId(request.getGroupId())
                .setSender(request.getSender())
                .setTerm(request.getTerm())
                .setPreviousLogIndex(first - 1)
                .setPreviousLogTerm(termBeforeFirst)
                .setCommitIndex(node.state().commitIndex())
                .setLogEntries(new ArrayList<>(
                        held.subMap(first, first + entriesPerMessage).values()))
                .setQuerySequenceNumber(request.getQuerySequenceNumber())
                .setFlowControlSequenceNumber(request.getFlowControlSequenceNumber())
                .build();
    }

    /// The engine sends entries to `follower` from its own log: nothing needs to be held for it.
    void caughtUp(RaftEndpoint follower) {
        if (!wants.isEmpty()) wants.remove(Roster.id(follower));
    }

    /// The engine's log is about to drop its entries up to `untilIndex`, which its new snapshot covers.
    private void dropping(long untilIndex) {
        RaftState state = node.state();
        if (state.leaderState() == null) wants.clear(); // a follower's log may disagree with the snapshot that it gets
        expire();
        Map.Entry<Long, Want> oldest = oldest();
        if (oldest == null) return;
        if (held.isEmpty()) termBefore = oldest.getValue().term();
        RaftLog log = state.log();
        for (long at = held.isEmpty() ? oldest.getKey() + 1 : held.lastKey() + 1; at <= untilIndex; at++) {
            LogEntry entry = Objects.requireNonNull(log.getLogEntry(at), "a gap between what is held and the log");
            held.put(at, entry);
            heldBytes += bytes(entry);
        }
        while (held.size() > ENTRIES_MAX || heldBytes > BYTES_MAX) dropFirst();
        if (!held.isEmpty()) host.holdLog(held.firstKey());
    }

    /// Lets go of what nobody needs any more.
    void expire() {
        if (wants.isEmpty() && held.isEmpty()) return;
        long nowNanos = host.nanos();
        for (TreeMap<Long, Want> its : wants.values()) its.entrySet().removeIf(want -> isOver(want, nowNanos));
        wants.values().removeIf(Map::isEmpty);
        Map.Entry<Long, Want> oldest = oldest();
        long needless = oldest == null ? Long.MAX_VALUE : oldest.getKey();
        if (held.isEmpty() || held.firstKey() > needless) return;
        while (!held.isEmpty() && held.firstKey() <= needless) dropFirst();
        host.holdLog(held.isEmpty() ? Long.MAX_VALUE : held.firstKey());
    }

    private boolean isOver(Map.Entry<Long, Want> want, long nowNanos) {
        if (!held.isEmpty() && want.getKey() < held.firstKey() - 1) return true; // it fell out
        return nowNanos - want.getValue().sinceNanos() > IDLE_NANOS_MAX && !host.isFetched(want.getKey());
    }

    private Map.@Nullable Entry<Long, Want> oldest() {
        return wants.values().stream()
                .map(TreeMap::firstEntry)
                .min(Map.Entry.comparingByKey())
                .orElse(null);
    }

    private void dropFirst() {
        LogEntry first = held.pollFirstEntry().getValue();
        termBefore = first.getTerm();
        heldBytes -= bytes(first);
    }

    private static int bytes(LogEntry entry) {
        return entry.getOperation() instanceof EntryBytes bytes ? bytes.size() : OTHER_BYTES;
    }
}
