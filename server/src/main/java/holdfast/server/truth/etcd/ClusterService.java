package holdfast.server.truth.etcd;

import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.MessageLite;
import holdfast.protocol.etcd.Member;
import holdfast.protocol.etcd.MemberAddRequest;
import holdfast.protocol.etcd.MemberAddResponse;
import holdfast.protocol.etcd.MemberListRequest;
import holdfast.protocol.etcd.MemberListResponse;
import holdfast.protocol.etcd.MemberPromoteRequest;
import holdfast.protocol.etcd.MemberPromoteResponse;
import holdfast.protocol.etcd.MemberRemoveRequest;
import holdfast.protocol.etcd.MemberRemoveResponse;
import holdfast.protocol.etcd.MemberUpdateRequest;
import holdfast.protocol.etcd.MemberUpdateResponse;
import holdfast.protocol.etcd.ResponseHeader;
import holdfast.server.truth.Operations;
import holdfast.server.truth.Operations.Changed;
import holdfast.server.truth.Operations.Told;
import holdfast.server.truth.Store;
import holdfast.server.truth.Store.MembersAnswer;
import java.util.List;
import java.util.Map;
import java.util.function.BiFunction;
import java.util.function.Consumer;

/// `etcdserverpb.Cluster`: who the members are. Its answers carry no revision, as etcd's.
final class ClusterService {
    private final Store store;
    private final Gate gate;
    private final Standing standing;

    ClusterService(Store store, Gate gate, Standing standing) {
        this.store = store;
        this.gate = gate;
        this.standing = standing;
    }

    void addTo(Map<String, Rpc> methods) {
        methods.put("/etcdserverpb.Cluster/MemberList", standing.unlessLearner(gate.known(this::list)));
        methods.put("/etcdserverpb.Cluster/MemberAdd", standing.unlessLearner(gate.root(this::add)));
        methods.put("/etcdserverpb.Cluster/MemberRemove", standing.unlessLearner(gate.root(this::remove)));
        methods.put("/etcdserverpb.Cluster/MemberUpdate", standing.unlessLearner(gate.root(this::update)));
        methods.put("/etcdserverpb.Cluster/MemberPromote", standing.unlessLearner(gate.root(this::promote)));
    }

    private Operations operations() {
        return store.operations();
    }

    private void list(Call call, byte[] message) throws InvalidProtocolBufferException {
        MemberListRequest request = MemberListRequest.parseFrom(message);
        store.members(request.getLinearizable(), answer -> call.later(() -> listed(call, answer)));
    }

    private static void listed(Call call, MembersAnswer answer) {
        switch (answer) {
            case MembersAnswer.Listed(Store.Header header, var members) ->
                call.reply(MemberListResponse.newBuilder()
                        .setHeader(header(header))
                        .addAllMembers(members(members))
                        .build());
            case MembersAnswer.Refused(var why) -> call.fail(EtcdError.of(why));
        }
    }

    private void add(Call call, byte[] message) throws InvalidProtocolBufferException {
        MemberAddRequest request = MemberAddRequest.parseFrom(message);
        operations()
                .addMember(
                        request.getPeerURLsList(),
                        request.getIsLearner(),
                        done(
                                call,
                                (header, changed) -> MemberAddResponse.newBuilder()
                                        .setHeader(header)
                                        .setMember(added(request, changed.changedId()))
                                        .addAllMembers(members(changed.members()))
                                        .build()));
    }

    private static Member added(MemberAddRequest request, long id) {
        return Member.newBuilder()
                .setID(id)
                .addAllPeerURLs(request.getPeerURLsList())
                .setIsLearner(request.getIsLearner())
                .build();
    }

    private void remove(Call call, byte[] message) throws InvalidProtocolBufferException {
        MemberRemoveRequest request = MemberRemoveRequest.parseFrom(message);
        operations()
                .removeMember(
                        request.getID(),
                        done(
                                call,
                                (header, changed) -> MemberRemoveResponse.newBuilder()
                                        .setHeader(header)
                                        .addAllMembers(members(changed.members()))
                                        .build()));
    }

    private void update(Call call, byte[] message) throws InvalidProtocolBufferException {
        MemberUpdateRequest request = MemberUpdateRequest.parseFrom(message);
        operations()
                .updateMember(
                        request.getID(),
                        request.getPeerURLsList(),
                        done(
                                call,
                                (header, changed) -> MemberUpdateResponse.newBuilder()
                                        .setHeader(header)
                                        .addAllMembers(members(changed.members()))
                                        .build()));
    }

    private void promote(Call call, byte[] message) throws InvalidProtocolBufferException {
        MemberPromoteRequest request = MemberPromoteRequest.parseFrom(message);
        operations()
                .promoteMember(
                        request.getID(),
                        done(
                                call,
                                (header, changed) -> MemberPromoteResponse.newBuilder()
                                        .setHeader(header)
                                        .addAllMembers(members(changed.members()))
                                        .build()));
    }

    private static Consumer<Told<Changed>> done(Call call, BiFunction<ResponseHeader, Changed, MessageLite> reply) {
        return told -> call.later(() -> {
            switch (told) {
                case Told.Done<Changed>(Store.Header header, Changed changed) ->
                    call.reply(reply.apply(header(header), changed));
                case Told.Refused<Changed>(var why) -> call.fail(EtcdError.of(why));
            }
        });
    }

    private static ResponseHeader header(Store.Header header) {
        return Translate.header(header).toBuilder().clearRevision().build();
    }

    private static List<Member> members(List<Store.Member> members) {
        return members.stream()
                .map(member -> Member.newBuilder()
                        .setID(member.id())
                        .setName(member.name())
                        .addAllPeerURLs(member.peerUrls())
                        .addAllClientURLs(member.clientUrls())
                        .setIsLearner(member.learner())
                        .build())
                .toList();
    }
}
