package holdfast.clients;

import static holdfast.clients.RawTranscript.delete;
import static holdfast.clients.RawTranscript.op;
import static holdfast.clients.RawTranscript.put;
import static holdfast.clients.RawTranscript.range;

import io.etcd.jetcd.api.AlarmRequest;
import io.etcd.jetcd.api.AlarmRequest.AlarmAction;
import io.etcd.jetcd.api.ClusterGrpc;
import io.etcd.jetcd.api.CompactionRequest;
import io.etcd.jetcd.api.DefragmentRequest;
import io.etcd.jetcd.api.HashKVRequest;
import io.etcd.jetcd.api.HashKVResponse;
import io.etcd.jetcd.api.HashRequest;
import io.etcd.jetcd.api.KVGrpc;
import io.etcd.jetcd.api.LeaseGrantRequest;
import io.etcd.jetcd.api.LeaseGrpc;
import io.etcd.jetcd.api.LeaseRevokeRequest;
import io.etcd.jetcd.api.MaintenanceGrpc;
import io.etcd.jetcd.api.Member;
import io.etcd.jetcd.api.MemberAddRequest;
import io.etcd.jetcd.api.MemberAddResponse;
import io.etcd.jetcd.api.MemberListRequest;
import io.etcd.jetcd.api.MemberPromoteRequest;
import io.etcd.jetcd.api.MemberRemoveRequest;
import io.etcd.jetcd.api.MemberUpdateRequest;
import io.etcd.jetcd.api.MoveLeaderRequest;
import io.etcd.jetcd.api.StatusRequest;
import io.etcd.jetcd.api.TxnRequest;
import io.grpc.ManagedChannel;
import java.util.List;
import java.util.concurrent.TimeUnit;

/// What operators ask of a store: alarms, hashes, changes of members. Run it last: it leaves the store as it
/// was, but for revisions.
final class RawOperations {
    private static final long LIMIT_SECONDS = 30;
    private static final int NONE = 0; // kinds of alarms; the library is older than the third
    private static final int NOSPACE = 1;
    private static final int CORRUPT = 2;
    private static final String NEW_URL = "http://127.0.0.1:5";

    private final Lines lines;
    private final ManagedChannel channel;

    RawOperations(Lines lines, ManagedChannel channel) {
        this.lines = lines;
        this.channel = channel;
    }

    void run() {
        noSpace();
        corrupt();
        hashes();
        members();
    }

    private KVGrpc.KVBlockingStub kv() {
        return KVGrpc.newBlockingStub(channel).withDeadlineAfter(LIMIT_SECONDS, TimeUnit.SECONDS);
    }

    private LeaseGrpc.LeaseBlockingStub lease() {
        return LeaseGrpc.newBlockingStub(channel).withDeadlineAfter(LIMIT_SECONDS, TimeUnit.SECONDS);
    }

    private MaintenanceGrpc.MaintenanceBlockingStub maintenance() {
        return MaintenanceGrpc.newBlockingStub(channel).withDeadlineAfter(LIMIT_SECONDS, TimeUnit.SECONDS);
    }

    private ClusterGrpc.ClusterBlockingStub cluster() {
        return ClusterGrpc.newBlockingStub(channel).withDeadlineAfter(LIMIT_SECONDS, TimeUnit.SECONDS);
    }

    private void alarm(String step, AlarmAction action, int type, long member) {
        AlarmRequest request = AlarmRequest.newBuilder()
                .setAction(action)
                .setAlarmValue(type)
                .setMemberID(member)
                .build();
        lines.step(step, () -> maintenance().alarm(request));
    }

    private void noSpace() {
        kv().put(put("ops", "v").build());
        kv().put(put("ops2", "v").build());
        lease().leaseGrant(LeaseGrantRequest.newBuilder().setID(600).setTTL(600).build());
        alarm("raise no alarm", AlarmAction.ACTIVATE, NONE, 7);
        alarm("raise nospace", AlarmAction.ACTIVATE, NOSPACE, 7);
        alarm("raise it again", AlarmAction.ACTIVATE, NOSPACE, 7);
        alarm("alarms of all kinds", AlarmAction.GET, NONE, 0);
        alarm("alarms of its kind", AlarmAction.GET, NOSPACE, 0);
        alarm("alarms of another kind", AlarmAction.GET, CORRUPT, 0);
        attempts("full");
        lines.step(
                "status when full",
                () -> maintenance().status(StatusRequest.getDefaultInstance()).getErrorsList());
        alarm("disarm another member", AlarmAction.DEACTIVATE, NOSPACE, 8);
        alarm("disarm no alarm", AlarmAction.DEACTIVATE, NONE, 7);
        alarm("disarm", AlarmAction.DEACTIVATE, NOSPACE, 7);
        lines.step("put afterwards", () -> kv().put(put("ops", "v").build()));
    }

    private void attempts(String when) {
        lines.step("put when " + when, () -> kv().put(put("ops", "w").build()));
        lines.step(
                "txn with a put when " + when,
                () -> kv().txn(TxnRequest.newBuilder()
                        .addSuccess(op(put("ops", "w")))
                        .build()));
        lines.step(
                "txn whose other branch puts when " + when,
                () -> kv().txn(TxnRequest.newBuilder()
                        .addFailure(op(put("ops", "w")))
                        .build()));
        lines.step(
                "txn that deletes when " + when,
                () -> kv().txn(TxnRequest.newBuilder()
                        .addSuccess(op(delete("ops2", "")))
                        .build()));
        lines.step(
                "txn that reads when " + when,
                () -> kv().txn(TxnRequest.newBuilder()
                        .addSuccess(op(range("ops", "")))
                        .build()));
        lines.step(
                "delete when " + when, () -> kv().deleteRange(delete("ops3", "").build()));
        lines.step("range when " + when, () -> kv().range(range("ops", "").build()));
        lines.step(
                "serializable range when " + when,
                () -> kv().range(range("ops", "").setSerializable(true).build()));
        lines.step(
                "compact when " + when,
                () -> kv().compact(
                                CompactionRequest.newBuilder().setRevision(14).build()));
        lines.step(
                "grant when " + when,
                () -> lease().leaseGrant(LeaseGrantRequest.newBuilder()
                        .setID(601)
                        .setTTL(600)
                        .build()));
        lines.step(
                "revoke when " + when,
                () -> lease().leaseRevoke(
                                LeaseRevokeRequest.newBuilder().setID(600).build()));
    }

    private void corrupt() {
        alarm("raise corrupt", AlarmAction.ACTIVATE, CORRUPT, 7);
        alarm("raise nospace beside it", AlarmAction.ACTIVATE, NOSPACE, 9);
        attempts("corrupt");
        alarm("disarm corrupt", AlarmAction.DEACTIVATE, CORRUPT, 7);
        alarm("disarm nospace beside it", AlarmAction.DEACTIVATE, NOSPACE, 9);
        lines.step("put when all is well", () -> kv().put(put("ops", "v").build()));
    }

    private void hash(String step, long revision) {
        lines.step(step, () -> {
            HashKVResponse answer = maintenance()
                    .hashKV(HashKVRequest.newBuilder().setRevision(revision).build());
            return "header " + answer.getHeader().getRevision() + ", compacted " + answer.getCompactRevision();
        });
    }

    private void hashes() {
        hash("hash of the newest revision", 0);
        hash("hash of an older revision", 15);
        hash("hash of the compact revision", 14);
        hash("hash below it", 13);
        hash("hash of a future revision", 1_000_000);
        hash("hash of a negative revision", -1);
        lines.step(
                "hash of all",
                () -> maintenance()
                        .hash(HashRequest.getDefaultInstance())
                        .getHeader()
                        .getRevision());
        lines.step("defragment", () -> maintenance().defragment(DefragmentRequest.getDefaultInstance()));
        lines.step("move the lead to nobody, by its leader or not", () -> {
            boolean leads = isLeader();
            try {
                return maintenance()
                        .moveLeader(
                                MoveLeaderRequest.newBuilder().setTargetID(4711).build());
            } catch (io.grpc.StatusRuntimeException refused) {
                String expected = leads ? "etcdserver: bad leader transferee" : "etcdserver: not leader";
                return expected.equals(refused.getStatus().getDescription()) + " "
                        + refused.getStatus().getCode();
            }
        });
    }

    private boolean isLeader() {
        var status = maintenance().status(StatusRequest.getDefaultInstance());
        return status.getLeader() == status.getHeader().getMemberId();
    }

    private void members() {
        lines.step("add without URLs", () -> cluster().memberAdd(MemberAddRequest.getDefaultInstance()));
        for (String url : List.of("nonsense", "ftp://127.0.0.1:5", "http://127.0.0.1", "http://127.0.0.1:5/path"))
            lines.step(
                    "add at " + url,
                    () -> cluster()
                            .memberAdd(MemberAddRequest.newBuilder()
                                    .addPeerURLs(url)
                                    .build()));
        Member first = all().getFirst();
        lines.step(
                "add at a URL that is taken",
                () -> cluster()
                        .memberAdd(MemberAddRequest.newBuilder()
                                .addPeerURLs(first.getPeerURLs(0))
                                .build()));
        lines.step(
                "promote a voter",
                () -> cluster()
                        .memberPromote(MemberPromoteRequest.newBuilder()
                                .setID(first.getID())
                                .build()));
        lines.step(
                "promote nobody",
                () -> cluster()
                        .memberPromote(
                                MemberPromoteRequest.newBuilder().setID(4711).build()));
        lines.step(
                "remove nobody",
                () -> cluster()
                        .memberRemove(
                                MemberRemoveRequest.newBuilder().setID(4711).build()));
        lines.step(
                "update nobody",
                () -> cluster()
                        .memberUpdate(MemberUpdateRequest.newBuilder()
                                .setID(4711)
                                .addPeerURLs(NEW_URL)
                                .build()));
        MemberAddResponse added = lines.must(
                "add a learner",
                () -> cluster().memberAdd(learnerAt(NEW_URL)),
                answer -> text(answer.getMember()) + " of " + answer.getMembersCount());
        learner(added.getMember().getID(), first);
        voter(first);
    }

    private void learner(long id, Member first) {
        lines.step("add a second learner", () -> cluster().memberAdd(learnerAt("http://127.0.0.1:6")));
        lines.step(
                "promote one that never started",
                () -> cluster()
                        .memberPromote(
                                MemberPromoteRequest.newBuilder().setID(id).build()));
        lines.step(
                "update to a URL that is taken",
                () -> cluster()
                        .memberUpdate(MemberUpdateRequest.newBuilder()
                                .setID(id)
                                .addPeerURLs(first.getPeerURLs(0))
                                .build()));
        lines.step(
                "update",
                () -> summary(cluster()
                        .memberUpdate(MemberUpdateRequest.newBuilder()
                                .setID(id)
                                .addPeerURLs("http://127.0.0.1:6")
                                .build())
                        .getMembersList()));
        lines.step("everybody", () -> summary(all()));
        lines.step(
                "remove the learner",
                () -> summary(cluster()
                        .memberRemove(MemberRemoveRequest.newBuilder().setID(id).build())
                        .getMembersList()));
        lines.step(
                "remove it again",
                () -> cluster()
                        .memberRemove(MemberRemoveRequest.newBuilder().setID(id).build()));
        lines.step(
                "promote it",
                () -> cluster()
                        .memberPromote(
                                MemberPromoteRequest.newBuilder().setID(id).build()));
    }

    /// Three voters bear a fourth that does not run, and none of the three may then be taken away.
    private void voter(Member first) {
        MemberAddRequest request =
                MemberAddRequest.newBuilder().addPeerURLs("http://127.0.0.1:8").build();
        MemberAddResponse added =
                lines.must("add a voter", () -> cluster().memberAdd(request), answer -> text(answer.getMember()));
        long id = added.getMember().getID();
        lines.step("everybody with it", () -> summary(all()));
        lines.step("put with it", () -> kv().put(put("ops", "v").build()));
        lines.step(
                "promote it while it does not run",
                () -> cluster()
                        .memberPromote(MemberPromoteRequest.newBuilder()
                                .setID(first.getID())
                                .build()));
        lines.step(
                "remove the voter",
                () -> summary(cluster()
                        .memberRemove(MemberRemoveRequest.newBuilder().setID(id).build())
                        .getMembersList()));
        lines.step("put without it", () -> kv().put(put("ops", "v").build()));
    }

    private static MemberAddRequest learnerAt(String url) {
        return MemberAddRequest.newBuilder().addPeerURLs(url).setIsLearner(true).build();
    }

    private List<Member> all() {
        return cluster().memberList(MemberListRequest.getDefaultInstance()).getMembersList();
    }

    private static String text(Member member) {
        return "named '" + member.getName() + "' at " + member.getPeerURLsList() + " learner " + member.getIsLearner();
    }

    /// The order is that of random ids.
    private static String summary(List<Member> members) {
        return members.stream()
                .map(member -> member.getName().isEmpty() ? text(member) : "a member, learner " + member.getIsLearner())
                .sorted()
                .toList()
                .toString();
    }
}
