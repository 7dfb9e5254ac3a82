package holdfast.server.truth.raft;

import io.microraft.model.log.RaftGroupMembersView;
import io.microraft.model.log.SnapshotChunk;
import io.microraft.model.log.SnapshotEntry;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// What a log knows besides its entries. Each segment file begins with a copy, so that older files can be
/// deleted.
final class LogState {
    private int endpoint;
    private boolean voting;
    private int term;
    private int votedFor;
    private long headIndex;
    private long lastIndex;
    private @Nullable RaftGroupMembersView initialMembers;
    private final SortedMap<Long, List<SnapshotChunk>> chunks = new TreeMap<>();

    void endpoint(int id, boolean votes) {
        endpoint = id;
        voting = votes;
    }

    void term(int newTerm, int vote) {
        term = newTerm;
        votedFor = vote;
    }

    void initialMembers(RaftGroupMembersView members) {
        initialMembers = members;
    }

    /// Adds a chunk. A snapshot that is whole by this replaces every older one.
    void chunk(SnapshotChunk chunk) {
        List<SnapshotChunk> known = chunks.computeIfAbsent(chunk.getIndex(), _ -> new ArrayList<>());
        known.removeIf(other -> other.getSnapshotChunkIndex() == chunk.getSnapshotChunkIndex());
        known.add(chunk);
        if (isWhole(known)) chunks.headMap(chunk.getIndex()).clear();
    }

    void deleteChunks(long index) {
        chunks.remove(index);
    }

    void appended(long index) {
        lastIndex = index;
    }

    void truncatedFrom(long index) {
        lastIndex = index - 1;
    }

    void truncatedUntil(long index) {
        headIndex = Math.max(headIndex, index);
        lastIndex = Math.max(lastIndex, index);
    }

    /// Whether an entry at `index` may come next: behind the last entry, or behind a snapshot that lies ahead of
    /// it.
    boolean mayAppend(long index) {
        return index == Math.max(lastIndex, snapshotIndex()) + 1;
    }

    /// 0 before the first.
    long snapshotIndex() {
        SnapshotEntry snapshot = snapshot();
        return snapshot == null ? 0 : snapshot.getIndex();
    }

    /// The newest whole snapshot.
    @Nullable
    SnapshotEntry snapshot() {
        for (List<SnapshotChunk> known : chunks.reversed().values()) {
            if (!isWhole(known)) continue;
            SnapshotChunk first = known.getFirst();
            return ModelCodec.MODEL
                    .createSnapshotEntryBuilder()
                    .setIndex(first.getIndex())
                    .setTerm(first.getTerm())
                    .setGroupMembersView(first.getGroupMembersView())
                    .setSnapshotChunks(known.stream()
                            .sorted(Comparator.comparingInt(SnapshotChunk::getSnapshotChunkIndex))
                            .toList())
                    .build();
        }
        return null;
    }

    long headIndex() {
        return headIndex;
    }

    long lastIndex() {
        return Math.max(lastIndex, snapshotIndex());
    }

    /// 0 before the first start.
    int endpoint() {
        return endpoint;
    }

    boolean voting() {
        return voting;
    }

    int term() {
        return term;
    }

    /// 0: nobody.
    int votedFor() {
        return votedFor;
    }

    @Nullable
    RaftGroupMembersView initialMembers() {
        return initialMembers;
    }

    byte[] toBytes() {
        WireOut out = new WireOut()
                .number(endpoint)
                .flag(voting)
                .number(term)
                .number(votedFor)
                .number(headIndex)
                .number(lastIndex)
                .flag(initialMembers != null);
        if (initialMembers != null) ModelCodec.putView(out, initialMembers);
        return out.list(chunks.values().stream().flatMap(List::stream).toList(), ModelCodec::putChunk)
                .toBytes();
    }

    /// Takes over a copy that [#toBytes] made.
    void load(byte[] bytes) {
        WireIn in = new WireIn(bytes);
        endpoint = in.small();
        voting = in.flag();
        term = in.small();
        votedFor = in.small();
        headIndex = in.number();
        lastIndex = in.number();
        initialMembers = in.flag() ? ModelCodec.view(in) : null;
        chunks.clear();
        in.list(ModelCodec::chunk).forEach(this::chunk);
        in.end();
    }

    private static boolean isWhole(List<SnapshotChunk> known) {
        return known.size() == known.getFirst().getSnapshotChunkCount();
    }
}
