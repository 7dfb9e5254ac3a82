package holdfast.clients;

import com.google.protobuf.ByteString;
import io.etcd.jetcd.api.AlarmRequest;
import io.etcd.jetcd.api.ClusterGrpc;
import io.etcd.jetcd.api.CompactionRequest;
import io.etcd.jetcd.api.DeleteRangeRequest;
import io.etcd.jetcd.api.KVGrpc;
import io.etcd.jetcd.api.LeaseGrantRequest;
import io.etcd.jetcd.api.LeaseGrantResponse;
import io.etcd.jetcd.api.LeaseGrpc;
import io.etcd.jetcd.api.LeaseRevokeRequest;
import io.etcd.jetcd.api.LeaseTimeToLiveRequest;
import io.etcd.jetcd.api.MaintenanceGrpc;
import io.etcd.jetcd.api.MemberListRequest;
import io.etcd.jetcd.api.PutRequest;
import io.etcd.jetcd.api.RangeRequest;
import io.etcd.jetcd.api.RequestOp;
import io.etcd.jetcd.api.StatusRequest;
import io.etcd.jetcd.api.TxnRequest;
import io.grpc.ManagedChannel;
import io.grpc.ManagedChannelBuilder;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;

/// Corner cases that no client library would send, by the generated stubs.
final class RawTranscript {
    private static final long LIMIT_SECONDS = 30;

    private final Lines lines;
    private final String url;
    private final ManagedChannel channel;

    RawTranscript(Lines lines, String url) {
        this.lines = lines;
        this.url = url;
        channel = open(url);
    }

    private static ManagedChannel open(String url) {
        return ManagedChannelBuilder.forTarget(url.replaceFirst("^https?://", ""))
                .usePlaintext()
                .maxInboundMessageSize(64 << 20)
                .build();
    }

    void run() throws InterruptedException {
        keys();
        ranges();
        longAnswers();
        new RawTxns(lines, channel).run();
        leases();
        new RawStreams(lines, channel).run();
        new RawLocks(lines, channel).run();
        compaction();
        cluster();
        new RawProtocol(lines, channel).run();
        new RawOperations(lines, channel).run();
        channel.shutdownNow();
    }

    /// A fresh connection measures its bandwidth with a ping for each round trip of a long answer.
    private void longAnswers() {
        ByteString large = ByteString.copyFrom(new byte[1_000_000]);
        for (int n = 0; n < 5; n++) kv().put(put("lo" + n, "").setValue(large).build());
        for (int n = 0; n < 5; n++) {
            ManagedChannel fresh = open(url);
            lines.step(
                    "long answer " + n,
                    () -> KVGrpc.newBlockingStub(fresh)
                            .withDeadlineAfter(LIMIT_SECONDS, TimeUnit.SECONDS)
                            .range(range("lo", "lp").build())
                            .getKvsList()
                            .stream()
                            .map(pair -> pair.getKey().toStringUtf8() + " "
                                    + pair.getValue().size())
                            .collect(Collectors.joining(", ")));
            fresh.shutdownNow();
        }
        kv().deleteRange(delete("lo", "lp").build());
    }

    private KVGrpc.KVBlockingStub kv() {
        return KVGrpc.newBlockingStub(channel).withDeadlineAfter(LIMIT_SECONDS, TimeUnit.SECONDS);
    }

    private LeaseGrpc.LeaseBlockingStub lease() {
        return LeaseGrpc.newBlockingStub(channel).withDeadlineAfter(LIMIT_SECONDS, TimeUnit.SECONDS);
    }

    static ByteString bytes(String text) {
        return ByteString.copyFromUtf8(text);
    }

    static PutRequest.Builder put(String key, String value) {
        return PutRequest.newBuilder().setKey(bytes(key)).setValue(bytes(value));
    }

    static RangeRequest.Builder range(String key, String end) {
        return RangeRequest.newBuilder().setKey(bytes(key)).setRangeEnd(bytes(end));
    }

    static DeleteRangeRequest.Builder delete(String key, String end) {
        return DeleteRangeRequest.newBuilder().setKey(bytes(key)).setRangeEnd(bytes(end));
    }

    static RequestOp op(PutRequest.Builder put) {
        return RequestOp.newBuilder().setRequestPut(put).build();
    }

    static RequestOp op(RangeRequest.Builder range) {
        return RequestOp.newBuilder().setRequestRange(range).build();
    }

    static RequestOp op(DeleteRangeRequest.Builder delete) {
        return RequestOp.newBuilder().setRequestDeleteRange(delete).build();
    }

    static RequestOp op(TxnRequest.Builder txn) {
        return RequestOp.newBuilder().setRequestTxn(txn).build();
    }

    private void put(String step, PutRequest.Builder request) {
        lines.step(step, () -> kv().put(request.build()));
    }

    private void range(String step, RangeRequest.Builder request) {
        lines.step(step, () -> kv().range(request.build()));
    }

    private void delete(String step, DeleteRangeRequest.Builder request) {
        lines.step(step, () -> kv().deleteRange(request.build()));
    }

    private void txn(String step, TxnRequest.Builder request) {
        lines.step(step, () -> kv().txn(request.build()));
    }

    private void keys() {
        put("put empty key", put("", "v"));
        put("put", put("k", "1"));
        put("put previous", put("k", "2").setPrevKv(true));
        put("put ignoring value with a value", put("k", "3").setIgnoreValue(true));
        put("put ignoring value", put("k", "").setIgnoreValue(true).setPrevKv(true));
        put("put ignoring value of no key", put("none", "").setIgnoreValue(true));
        put(
                "put ignoring lease with a lease",
                put("k", "3").setIgnoreLease(true).setLease(7));
        put("put ignoring lease", put("k", "3").setIgnoreLease(true));
        put("put ignoring lease of no key", put("none", "3").setIgnoreLease(true));
        put("put ignoring both", put("k", "").setIgnoreLease(true).setIgnoreValue(true));
        put("put unknown lease", put("k", "3").setLease(4711));
        put(
                "put ignoring value with unknown lease",
                put("none", "").setIgnoreValue(true).setLease(4711));
        put("put negative lease", put("k", "3").setLease(-5));
        put("put empty key beats value provided", put("", "3").setIgnoreValue(true));
        delete("delete empty key", delete("", ""));
        delete("delete nothing", delete("none", ""));
        delete("delete empty range", delete("z", "a"));
        delete("delete with previous", delete("k", "").setPrevKv(true));
        for (String key : List.of("a", "b", "c", "d", "e", "\0", "\u007f")) put("put for ranges", put(key, "v" + key));
        put("put again", put("c", "w"));
    }

    private void ranges() {
        range("range empty key", range("", ""));
        range("range one", range("a", ""));
        range("range a to d", range("a", "d"));
        range("range from c", range("c", "\0"));
        range("range all", range("\0", "\0"));
        range("range zero key", range("\0", ""));
        range("range end before key", range("d", "a"));
        range("range end is key", range("d", "d"));
        range("range negative limit", range("a", "e").setLimit(-1));
        range("range limit 2", range("a", "e").setLimit(2));
        range("range limit is count", range("a", "e").setLimit(4));
        range("range negative revision", range("a", "").setRevision(-1));
        range("range revision 1", range("a", "e").setRevision(1));
        range("range first write", range("k", "").setRevision(2));
        range("range future revision", range("a", "").setRevision(1_000_000));
        range("range unknown order", range("a", "").setSortOrderValue(9));
        range("range unknown target", range("a", "").setSortTargetValue(9));
        range("range empty key beats order", range("", "").setSortOrderValue(9));
        for (RangeRequest.SortTarget target : RangeRequest.SortTarget.values()) {
            if (target == RangeRequest.SortTarget.UNRECOGNIZED) continue;
            for (RangeRequest.SortOrder order : RangeRequest.SortOrder.values()) {
                if (order == RangeRequest.SortOrder.UNRECOGNIZED) continue;
                range(
                        "range by " + target + " " + order,
                        range("a", "f")
                                .setSortTarget(target)
                                .setSortOrder(order)
                                .setLimit(3));
            }
        }
        range("range filter and limit", range("a", "f").setMinModRevision(9).setLimit(1));
        range("range filter without match", range("a", "f").setMinModRevision(900));
        range("range filters", range("a", "f").setMinCreateRevision(8).setMaxModRevision(10));
        range("range count only with limit", range("a", "f").setCountOnly(true).setLimit(1));
        range("range count only with filter", range("a", "f").setCountOnly(true).setMinModRevision(900));
        range("range keys only", range("a", "f").setKeysOnly(true));
        range("range serializable", range("a", "").setSerializable(true));
        range("range serializable future", range("a", "").setSerializable(true).setRevision(1_000_000));
    }

    private void leases() {
        lines.step(
                "grant of 0 s",
                () -> lease().leaseGrant(
                                LeaseGrantRequest.newBuilder().setID(40).build()));
        lines.step(
                "grant of -1 s",
                () -> lease().leaseGrant(LeaseGrantRequest.newBuilder()
                        .setID(41)
                        .setTTL(-1)
                        .build()));
        lines.step(
                "grant",
                () -> lease().leaseGrant(LeaseGrantRequest.newBuilder()
                        .setID(42)
                        .setTTL(500)
                        .build()));
        lines.step(
                "grant again",
                () -> lease().leaseGrant(LeaseGrantRequest.newBuilder()
                        .setID(42)
                        .setTTL(500)
                        .build()));
        lines.step(
                "grant too long",
                () -> lease().leaseGrant(LeaseGrantRequest.newBuilder()
                        .setID(42)
                        .setTTL(9_000_000_001L)
                        .build()));
        lines.step(
                "grant longest",
                () -> lease().leaseGrant(LeaseGrantRequest.newBuilder()
                        .setID(43)
                        .setTTL(9_000_000_000L)
                        .build()));
        LeaseGrantResponse picked = lines.must("grant any", () -> {
            LeaseGrantResponse any = lease().leaseGrant(
                            LeaseGrantRequest.newBuilder().setTTL(500).build());
            return any.getID() > 0 ? any.toBuilder().setID(1).build() : any;
        });
        lines.say("grant any is positive", "" + (picked.getID() == 1));
        put("put with lease", put("leased1", "v").setLease(42));
        put("put with lease, too", put("leased0", "v").setLease(42));
        range("range leased", range("leased", "leasee"));
        put("put keeps the lease", put("leased1", "w").setIgnoreLease(true).setPrevKv(true));
        put("put loses the lease", put("leased0", "w").setPrevKv(true));
        range("range leased after that", range("leased", "leasee"));
        lines.step(
                "time to live with keys",
                () ->
                        lease()
                                .leaseTimeToLive(LeaseTimeToLiveRequest.newBuilder()
                                        .setID(42)
                                        .setKeys(true)
                                        .build())
                                .toBuilder()
                                .setTTL(0)
                                .build());
        lines.step(
                "time to live of none",
                () -> lease().leaseTimeToLive(LeaseTimeToLiveRequest.newBuilder()
                        .setID(4711)
                        .setKeys(true)
                        .build()));
        lines.step(
                "revoke none",
                () -> lease().leaseRevoke(
                                LeaseRevokeRequest.newBuilder().setID(4711).build()));
        lines.step("revoke 0", () -> lease().leaseRevoke(LeaseRevokeRequest.getDefaultInstance()));
        lines.step(
                "revoke",
                () -> lease().leaseRevoke(
                                LeaseRevokeRequest.newBuilder().setID(42).build()));
        range("range after revoke", range("leased", "leasee"));
        lines.step(
                "revoke without keys",
                () -> lease().leaseRevoke(
                                LeaseRevokeRequest.newBuilder().setID(43).build()));
        lines.step(
                "grant the id once more",
                () -> lease().leaseGrant(LeaseGrantRequest.newBuilder()
                        .setID(42)
                        .setTTL(500)
                        .build()));
    }

    private void compaction() {
        lines.step(
                "compact negative",
                () -> kv().compact(
                                CompactionRequest.newBuilder().setRevision(-3).build()));
        lines.step("compact 0", () -> kv().compact(CompactionRequest.getDefaultInstance()));
        lines.step(
                "compact 12",
                () -> kv().compact(
                                CompactionRequest.newBuilder().setRevision(12).build()));
        lines.step(
                "compact 12 again",
                () -> kv().compact(
                                CompactionRequest.newBuilder().setRevision(12).build()));
        lines.step(
                "compact lower",
                () -> kv().compact(
                                CompactionRequest.newBuilder().setRevision(11).build()));
        lines.step(
                "compact future",
                () -> kv().compact(CompactionRequest.newBuilder()
                        .setRevision(1_000_000)
                        .build()));
        lines.step(
                "compact physical",
                () -> kv().compact(CompactionRequest.newBuilder()
                        .setRevision(13)
                        .setPhysical(true)
                        .build()));
        range("range at the compact revision", range("a", "f").setRevision(13));
        range("range below it", range("a", "f").setRevision(12));
        txn(
                "txn range below it",
                TxnRequest.newBuilder().addSuccess(op(range("a", "f").setRevision(12))));
        txn(
                "txn range at negative revision",
                TxnRequest.newBuilder().addSuccess(op(range("a", "f").setRevision(-1))));
        txn(
                "txn range below it in a write",
                TxnRequest.newBuilder()
                        .addSuccess(op(put("a", "v")))
                        .addSuccess(op(range("a", "f").setRevision(12))));
    }

    private void cluster() {
        lines.step(
                "members",
                () -> ClusterGrpc.newBlockingStub(channel)
                        .memberList(MemberListRequest.getDefaultInstance())
                        .getMembersCount());
        lines.step(
                "status",
                () -> MaintenanceGrpc.newBlockingStub(channel)
                        .status(StatusRequest.getDefaultInstance())
                        .getVersion());
        lines.step("alarms", () -> MaintenanceGrpc.newBlockingStub(channel).alarm(AlarmRequest.getDefaultInstance()));
    }
}
