package holdfast.server.truth.etcd;

import com.google.protobuf.InvalidProtocolBufferException;
import holdfast.protocol.etcd.Member;
import holdfast.protocol.etcd.MemberListRequest;
import holdfast.protocol.etcd.MemberListResponse;
import holdfast.server.truth.Store;
import holdfast.server.truth.Store.MembersAnswer;
import java.util.Map;

/// `etcdserverpb.Cluster`: who the members are.
final class ClusterService {
    private final Store store;

    ClusterService(Store store) {
        this.store = store;
    }

    void addTo(Map<String, Rpc> methods) {
        methods.put("/etcdserverpb.Cluster/MemberList", Rpc.unary(this::list));
    }

    private void list(Call call, byte[] message) throws InvalidProtocolBufferException {
        MemberListRequest request = MemberListRequest.parseFrom(message);
        store.members(request.getLinearizable(), answer -> call.later(() -> done(call, answer)));
    }

    private static void done(Call call, MembersAnswer answer) {
        switch (answer) {
            case MembersAnswer.Listed(Store.Header header, var members) -> {
                // etcd's cluster answers carry no revision
                MemberListResponse.Builder built = MemberListResponse.newBuilder()
                        .setHeader(Translate.header(header).toBuilder().clearRevision());
                for (Store.Member member : members) {
                    built.addMembers(Member.newBuilder()
                            .setID(member.id())
                            .setName(member.name())
                            .addAllPeerURLs(member.peerUrls())
                            .addAllClientURLs(member.clientUrls())
                            .setIsLearner(member.learner()));
                }
                call.reply(built.build());
            }
            case MembersAnswer.Refused(var why) -> call.fail(EtcdError.of(why));
        }
    }
}
