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

/// Who the members are: numbers, addresses and votes from the log's membership, URLs from records in the system space
/// that each member writes about itself.
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

    /// What must be proposed so that all know this member; null when they do.
    @Nullable
    Command announcement(ShelfView view) {
        Bytes key = key(self);
        Bytes wanted = Bytes.wrap(own.toByteArray());
        @Nullable Bytes known = keyspace.system(KeyRange.single(key), view).get(key);
        return known != null && known.equals(wanted) ? null : new Command.SystemPut(key, wanted);
    }

    List<Store.Member> list(List<Peer> peers, ShelfView view) {
        SortedMap<Bytes, Bytes> records = keyspace.system(KeyRange.prefix(PREFIX), view);
        List<Store.Member> members = new ArrayList<>();
        for (Peer peer : peers) {
            MemberRecord record = read(records.get(key(peer.id())), peer);
            members.add(new Store.Member(
                    id(clusterId, peer.id()),
                    record.getName(),
                    record.getPeerUrlsList(),
                    record.getClientUrlsList(),
                    !peer.voter()));
        }
        return members;
    }

    private static MemberRecord read(@Nullable Bytes record, Peer peer) {
        try {
            if (record != null) return MemberRecord.parseFrom(record.unsafeArray());
        } catch (InvalidProtocolBufferException _) {
            // as if it had not yet spoken
        }
        return MemberRecord.newBuilder()
                .setName(peer.name())
                .addPeerUrls("http://" + peer.address())
                .build();
    }
}
