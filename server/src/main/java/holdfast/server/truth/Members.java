package holdfast.server.truth;

import com.google.protobuf.InvalidProtocolBufferException;
import holdfast.core.base.Bytes;
import holdfast.core.base.KeyRange;
import holdfast.core.truth.Command;
import holdfast.core.truth.Keyspace;
import holdfast.core.truth.ShelfView;
import holdfast.protocol.log.MemberRecord;
import holdfast.server.truth.raft.RaftLog.Peer;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import org.jspecify.annotations.Nullable;

/// Who the members are: numbers, addresses and votes from the log's membership, the rest from records in the
/// system space. A member writes its own name and client URLs there; its peer URLs stand as they were first
/// written, until somebody updates them ([MemberDesk]). Records of removed members stay, so that no number is
/// used twice.
final class Members {
    private static final Bytes PREFIX = Bytes.utf8("member/");

    private final Keyspace keyspace;
    private final long clusterId;
    private final int self;
    private final MemberRecord own;

    Members(Keyspace keyspace, long clusterId, int self, String name, List<String> peerUrls, List<String> clientUrls) {
        this.keyspace = keyspace;
        this.clusterId = clusterId;
        this.self = self;
        own = MemberRecord.newBuilder()
                .setName(name)
                .addAllPeerUrls(peerUrls)
                .addAllClientUrls(clientUrls)
                .build();
    }

    /// A member's public id: never 0, the same at every member.
    static long id(long clusterId, int number) {
        long mixed = clusterId + number * 0x9e3779b97f4a7c15L;
        mixed = (mixed ^ (mixed >>> 30)) * 0xbf58476d1ce4e5b9L;
        mixed = (mixed ^ (mixed >>> 27)) * 0x94d049bb133111ebL;
        mixed ^= mixed >>> 31;
        return mixed == 0 ? 1 : mixed;
    }

    private static Bytes key(int number) {
        return PREFIX.concat(Bytes.utf8(Integer.toString(number)));
    }

    static Command write(int number, MemberRecord record) {
        return new Command.SystemPut(key(number), Bytes.wrap(record.toByteArray()));
    }

    /// What must be proposed so that all know this member; null when they do.
    @Nullable
    Command announcement(ShelfView view) {
        Bytes key = key(self);
        @Nullable Bytes known = keyspace.system(KeyRange.single(key), view).get(key);
        @Nullable MemberRecord before = known == null ? null : parse(known);
        if (before == null) return write(self, own);
        MemberRecord wanted = before.toBuilder()
                .setName(own.getName())
                .clearClientUrls()
                .addAllClientUrls(own.getClientUrlsList())
                .build();
        return wanted.equals(before) ? null : write(self, wanted);
    }

    /// Everybody whom the log has as a member, in the order of their numbers.
    List<MemberRules.Entry> roll(List<Peer> peers, ShelfView view) {
        SortedMap<Bytes, Bytes> records = keyspace.system(KeyRange.prefix(PREFIX), view);
        List<MemberRules.Entry> roll = new ArrayList<>();
        for (Peer peer : peers) {
            @Nullable Bytes known = records.get(key(peer.id()));
            @Nullable MemberRecord record = known == null ? null : parse(known);
            roll.add(new MemberRules.Entry(
                    peer.id(), id(clusterId, peer.id()), peer.voter(), record == null ? spokenFor(peer) : record));
        }
        return roll;
    }

    /// A number that nobody had, as far as this member knows.
    int freeNumber(List<Peer> peers, ShelfView view) {
        int highest = peers.stream().mapToInt(Peer::id).max().orElse(0);
        for (Bytes key : keyspace.system(KeyRange.prefix(PREFIX), view).keySet())
            highest = Math.max(highest, Integer.parseInt(key.utf8().substring("member/".length())));
        return highest + 1;
    }

    List<Store.Member> list(List<Peer> peers, ShelfView view) {
        List<Store.Member> members = new ArrayList<>();
        for (MemberRules.Entry entry : roll(peers, view)) {
            MemberRecord record = entry.record();
            members.add(new Store.Member(
                    entry.id(),
                    record.getName(),
                    record.getPeerUrlsList(),
                    record.getClientUrlsList(),
                    !entry.votes()));
        }
        return members;
    }

    private static @Nullable MemberRecord parse(Bytes record) {
        try {
            return MemberRecord.parseFrom(record.unsafeArray());
        } catch (InvalidProtocolBufferException _) {
            return null; // as if it had not yet spoken
        }
    }

    private static MemberRecord spokenFor(Peer peer) {
        return MemberRecord.newBuilder()
                .setName(peer.name())
                .addPeerUrls("http://" + peer.address())
                .build();
    }
}
