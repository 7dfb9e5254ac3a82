package holdfast.server.truth.raft;

import io.microraft.MembershipChangeMode;
import io.microraft.RaftEndpoint;
import io.microraft.model.RaftModelFactory;
import io.microraft.model.groupop.UpdateRaftGroupMembersOp;
import io.microraft.model.impl.DefaultRaftModelFactory;
import io.microraft.model.log.LogEntry;
import io.microraft.model.log.RaftGroupMembersView;
import io.microraft.model.log.SnapshotChunk;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.function.Function;

/// The parts that messages and segment files share: members, operations, chunks. Order of members is kept.
final class ModelCodec {
    static final RaftModelFactory MODEL = new DefaultRaftModelFactory();

    /// Their order is on disk and on the wire.
    private static final List<MembershipChangeMode> MODES = List.of(
            MembershipChangeMode.ADD_LEARNER,
            MembershipChangeMode.ADD_OR_PROMOTE_TO_FOLLOWER,
            MembershipChangeMode.REMOVE_MEMBER);

    /// What an operation is.
    enum Kind {
        BYTES,
        MEMBERS,
        ANNOUNCED,
        SNAPSHOT;

        private static final Kind[] ALL = values();

        @SuppressWarnings("EnumOrdinal") // the order above is the format
        int code() {
            return ordinal();
        }

        static Kind of(int code) {
            if (code < 0 || code >= ALL.length) throw new WireIn.Malformed("operation kind " + code);
            return ALL[code];
        }
    }

    private ModelCodec() {}

    static int id(RaftEndpoint member) {
        return ((MemberId) member).id();
    }

    static Kind kindOf(Object operation) {
        if (operation instanceof EntryBytes) return Kind.BYTES;
        if (operation instanceof UpdateRaftGroupMembersOp) return Kind.MEMBERS;
        if (operation instanceof Announced) return Kind.ANNOUNCED;
        if (operation instanceof SnapshotHandle) return Kind.SNAPSHOT;
        throw new IllegalArgumentException("no operation of ours: " + operation.getClass());
    }

    static byte[] operation(Object operation) {
        return switch (kindOf(operation)) {
            case BYTES -> ((EntryBytes) operation).get();
            case MEMBERS -> groupOp((UpdateRaftGroupMembersOp) operation);
            case ANNOUNCED -> {
                WireOut out = new WireOut();
                putPeer(out, ((Announced) operation).peer());
                yield out.toBytes();
            }
            case SNAPSHOT -> handle((SnapshotHandle) operation);
        };
    }

    static Object operation(Kind kind, byte[] body) {
        return switch (kind) {
            case BYTES -> EntryBytes.of(body);
            case MEMBERS -> whole(new WireIn(body), ModelCodec::groupOp);
            case ANNOUNCED -> new Announced(whole(new WireIn(body), ModelCodec::peer));
            case SNAPSHOT -> handle(body);
        };
    }

    static byte[] handle(SnapshotHandle handle) {
        return new WireOut()
                .number(handle.index())
                .number(handle.memberId())
                .list(handle.peers(), ModelCodec::putPeer)
                .list(
                        handle.files(),
                        (out, file) ->
                                out.text(file.name()).number(file.bytes()).number(file.crc() & 0xffff_ffffL))
                .toBytes();
    }

    static SnapshotHandle handle(byte[] body) {
        return whole(
                new WireIn(body),
                in -> new SnapshotHandle(
                        in.number(),
                        in.small(),
                        in.list(ModelCodec::peer),
                        in.list(from -> new SnapshotHandle.File(from.text(), from.number(), (int) from.number()))));
    }

    static void putPeer(WireOut out, RaftLog.Peer peer) {
        out.number(peer.id()).text(peer.name()).text(peer.address()).flag(peer.voter());
    }

    static RaftLog.Peer peer(WireIn in) {
        return new RaftLog.Peer(in.small(), in.text(), in.text(), in.flag());
    }

    private static <T> T whole(WireIn in, Function<WireIn, T> read) {
        T value = read.apply(in);
        in.end();
        return value;
    }

    static LogEntry entry(long index, int term, Object operation) {
        return MODEL.createLogEntryBuilder()
                .setIndex(index)
                .setTerm(term)
                .setOperation(operation)
                .build();
    }

    static void putMembers(WireOut out, Collection<RaftEndpoint> members) {
        out.list(members, (to, member) -> to.number(id(member)));
    }

    static Collection<RaftEndpoint> members(WireIn in) {
        return new ArrayList<>(in.<RaftEndpoint>list(from -> new MemberId(from.small())));
    }

    static void putView(WireOut out, RaftGroupMembersView view) {
        out.number(view.getLogIndex());
        putMembers(out, view.getMembers());
        putMembers(out, view.getVotingMembers());
    }

    static RaftGroupMembersView view(WireIn in) {
        return MODEL.createRaftGroupMembersViewBuilder()
                .setLogIndex(in.number())
                .setMembers(members(in))
                .setVotingMembers(members(in))
                .build();
    }

    static void putChunk(WireOut out, SnapshotChunk chunk) {
        out.number(chunk.getIndex())
                .number(chunk.getTerm())
                .number(chunk.getSnapshotChunkIndex())
                .number(chunk.getSnapshotChunkCount())
                .number(kindOf(chunk.getOperation()).code())
                .block(operation(chunk.getOperation()));
        putView(out, chunk.getGroupMembersView());
    }

    static SnapshotChunk chunk(WireIn in) {
        return MODEL.createSnapshotChunkBuilder()
                .setIndex(in.number())
                .setTerm(in.small())
                .setSnapshotChunkIndex(in.small())
                .setSnapshotChunkCount(in.small())
                .setOperation(operation(Kind.of(in.small()), in.block()))
                .setGroupMembersView(view(in))
                .build();
    }

    private static byte[] groupOp(UpdateRaftGroupMembersOp op) {
        WireOut out = new WireOut();
        putMembers(out, op.getMembers());
        putMembers(out, op.getVotingMembers());
        return out.number(id(op.getEndpoint()))
                .number(MODES.indexOf(op.getMode()))
                .toBytes();
    }

    private static UpdateRaftGroupMembersOp groupOp(WireIn in) {
        Collection<RaftEndpoint> members = members(in);
        Collection<RaftEndpoint> voting = members(in);
        MemberId endpoint = new MemberId(in.small());
        int mode = in.small();
        if (mode >= MODES.size()) throw new WireIn.Malformed("membership change " + mode);
        return MODEL.createUpdateRaftGroupMembersOpBuilder()
                .setMembers(members)
                .setVotingMembers(voting)
                .setEndpoint(endpoint)
                .setMode(MODES.get(mode))
                .build();
    }
}
