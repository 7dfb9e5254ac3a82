package holdfast.clients;

import static holdfast.clients.RawTranscript.bytes;
import static holdfast.clients.RawTranscript.delete;
import static holdfast.clients.RawTranscript.op;
import static holdfast.clients.RawTranscript.put;
import static holdfast.clients.RawTranscript.range;

import com.google.protobuf.ByteString;
import com.google.protobuf.UnknownFieldSet;
import io.etcd.jetcd.api.Compare;
import io.etcd.jetcd.api.DeleteRangeRequest;
import io.etcd.jetcd.api.KVGrpc;
import io.etcd.jetcd.api.PutRequest;
import io.etcd.jetcd.api.RangeRequest;
import io.etcd.jetcd.api.RequestOp;
import io.etcd.jetcd.api.TxnRequest;
import io.grpc.ManagedChannel;
import java.util.List;
import java.util.concurrent.TimeUnit;

/// Transactions: compares of all kinds, nesting, duplicate keys, limits.
final class RawTxns {
    private static final long LIMIT_SECONDS = 30;
    private static final int LEASE_TARGET = 4; // of Compare

    private final Lines lines;
    private final ManagedChannel channel;

    RawTxns(Lines lines, ManagedChannel channel) {
        this.lines = lines;
        this.channel = channel;
    }

    void run() {
        transactions();
        nesting();
        limits();
    }

    private KVGrpc.KVBlockingStub kv() {
        return KVGrpc.newBlockingStub(channel).withDeadlineAfter(LIMIT_SECONDS, TimeUnit.SECONDS);
    }

    private void txn(String step, TxnRequest.Builder request) {
        lines.step(step, () -> kv().txn(request.build()));
    }

    private void tryPut(String step, PutRequest.Builder request) {
        lines.step(step, () -> kv().put(request.build()));
    }

    private void tryRange(String step, RangeRequest.Builder request) {
        lines.step(step, () -> kv().range(request.build()));
    }

    private void tryDelete(String step, DeleteRangeRequest.Builder request) {
        lines.step(step, () -> kv().deleteRange(request.build()));
    }

    private void transactions() {
        txn("txn nothing", TxnRequest.newBuilder());
        txn("txn empty op", TxnRequest.newBuilder().addSuccess(RequestOp.getDefaultInstance()));
        txn("txn empty compare key", TxnRequest.newBuilder().addCompare(Compare.getDefaultInstance()));
        txn("txn empty put key", TxnRequest.newBuilder().addFailure(op(put("", "v"))));
        txn("txn bad sort", TxnRequest.newBuilder().addSuccess(op(range("a", "").setSortOrderValue(7))));
        txn(
                "txn value provided",
                TxnRequest.newBuilder().addSuccess(op(put("a", "v").setIgnoreValue(true))));
        txn(
                "txn duplicate",
                TxnRequest.newBuilder().addSuccess(op(put("a", "1"))).addSuccess(op(put("a", "2"))));
        txn(
                "txn duplicate in the other branch",
                TxnRequest.newBuilder().addFailure(op(put("a", "1"))).addFailure(op(put("a", "2"))));
        txn(
                "txn same key in both branches",
                TxnRequest.newBuilder().addSuccess(op(put("a", "1"))).addFailure(op(put("a", "2"))));
        txn(
                "txn put under delete",
                TxnRequest.newBuilder().addSuccess(op(put("b", "1"))).addSuccess(op(delete("a", "c"))));
        txn(
                "txn put at the end of a delete",
                TxnRequest.newBuilder().addSuccess(op(put("c", "1"))).addSuccess(op(delete("a", "c"))));
        txn(
                "txn put of the deleted key",
                TxnRequest.newBuilder().addSuccess(op(put("c", "1"))).addSuccess(op(delete("c", ""))));
        txn(
                "txn overlapping deletes",
                TxnRequest.newBuilder().addSuccess(op(delete("a", "c"))).addSuccess(op(delete("b", "d"))));
        txn(
                "txn lease not found",
                TxnRequest.newBuilder().addSuccess(op(put("a", "1").setLease(99))));
        txn(
                "txn nothing of it when one fails",
                TxnRequest.newBuilder()
                        .addSuccess(op(put("new", "1")))
                        .addSuccess(op(put("none", "").setIgnoreValue(true))));
        tryRange("range after a failed txn", range("new", ""));
        txn(
                "txn future range in a write",
                TxnRequest.newBuilder()
                        .addSuccess(op(put("new", "1")))
                        .addSuccess(op(range("a", "").setRevision(1_000_000))));
        txn(
                "txn future range",
                TxnRequest.newBuilder().addSuccess(op(range("a", "").setRevision(1_000_000))));
        txn(
                "txn read only",
                TxnRequest.newBuilder().addSuccess(op(range("a", "f"))).addSuccess(op(range("d", ""))));
        txn(
                "txn serializable",
                TxnRequest.newBuilder().addSuccess(op(range("a", "f").setSerializable(true))));
        txn(
                "txn reads its writes",
                TxnRequest.newBuilder()
                        .addSuccess(op(range("x", "")))
                        .addSuccess(op(put("x", "1").setPrevKv(true)))
                        .addSuccess(op(range("x", "")))
                        .addSuccess(op(delete("y", "")))
                        .addSuccess(op(delete("e", "")))
                        .addSuccess(op(range("e", ""))));
        txn(
                "txn that changes nothing",
                TxnRequest.newBuilder().addSuccess(op(delete("none", ""))).addSuccess(op(range("x", ""))));
        compares();
    }

    private void compares() {
        for (Compare.CompareResult result : Compare.CompareResult.values()) {
            if (result == Compare.CompareResult.UNRECOGNIZED) continue;
            for (int target = 0; target <= LEASE_TARGET; target++) {
                for (String key : List.of("x", "missing")) {
                    Compare.Builder compare = Compare.newBuilder()
                            .setKey(bytes(key))
                            .setResult(result)
                            .setTargetValue(target);
                    String step = key + " " + target + " " + result;
                    txn(
                            "compare without operand " + step,
                            TxnRequest.newBuilder().addCompare(compare));
                    switch (target) {
                        case 0 -> compare.setVersion(1);
                        case 1 -> compare.setCreateRevision(5);
                        case 2 -> compare.setModRevision(1_000);
                        case 3 -> compare.setValue(bytes("1"));
                        default -> compare.setUnknownFields(leaseOperand(7));
                    }
                    txn("compare " + step, TxnRequest.newBuilder().addCompare(compare));
                    txn(
                            "compare range " + step,
                            TxnRequest.newBuilder().addCompare(compare.clone().setRangeEnd(bytes("y"))));
                }
            }
        }
    }

    /// jetcd's messages are older than compares of leases.
    private static UnknownFieldSet leaseOperand(long lease) {
        UnknownFieldSet.Field operand =
                UnknownFieldSet.Field.newBuilder().addVarint(lease).build();
        return UnknownFieldSet.newBuilder().addField(8, operand).build();
    }

    private void nesting() {
        TxnRequest.Builder inner = TxnRequest.newBuilder()
                .addCompare(Compare.newBuilder().setKey(bytes("n")).setVersion(0))
                .addSuccess(op(put("n1", "1")))
                .addFailure(op(put("n1", "2")));
        txn(
                "nested",
                TxnRequest.newBuilder()
                        .addSuccess(op(put("n", "1")))
                        .addSuccess(op(inner))
                        .addSuccess(op(range("n", "o"))));
        txn(
                "nested again",
                TxnRequest.newBuilder().addSuccess(op(put("n", "2"))).addSuccess(op(inner)));
        txn(
                "nested duplicate across levels",
                TxnRequest.newBuilder().addSuccess(op(put("n1", "1"))).addSuccess(op(inner)));
        txn(
                "nested duplicate across siblings",
                TxnRequest.newBuilder().addSuccess(op(inner)).addSuccess(op(inner)));
        txn(
                "nested put under outer delete",
                TxnRequest.newBuilder().addSuccess(op(delete("n", "o"))).addSuccess(op(inner)));
        TxnRequest.Builder deleting = TxnRequest.newBuilder().addSuccess(op(delete("n", "o")));
        txn(
                "outer put under nested delete",
                TxnRequest.newBuilder().addSuccess(op(put("n2", "1"))).addSuccess(op(deleting)));
        txn(
                "nested put beside a nested delete",
                TxnRequest.newBuilder().addSuccess(op(inner)).addSuccess(op(deleting)));
        txn(
                "nested delete before nested put",
                TxnRequest.newBuilder().addSuccess(op(deleting)).addSuccess(op(inner)));
        txn(
                "nested reads only",
                TxnRequest.newBuilder().addSuccess(op(TxnRequest.newBuilder().addSuccess(op(range("n", "o"))))));
        txn(
                "nested empty op",
                TxnRequest.newBuilder()
                        .addSuccess(op(TxnRequest.newBuilder().addFailure(RequestOp.getDefaultInstance()))));
    }

    private void limits() {
        TxnRequest.Builder full = TxnRequest.newBuilder();
        for (int n = 0; n < 128; n++) full.addSuccess(op(put("limit" + n, "")));
        txn("txn of 128 operations", full.clone());
        txn("txn of 129 operations", full.clone().addSuccess(op(put("limit", ""))));
        TxnRequest.Builder outer = TxnRequest.newBuilder();
        for (int n = 0; n < 64; n++) outer.addSuccess(op(range("limit" + n, "")));
        TxnRequest.Builder fits = TxnRequest.newBuilder();
        for (int n = 0; n < 63; n++) fits.addSuccess(op(range("limit" + n, "")));
        txn("nested txn that fits", outer.clone().addSuccess(op(fits)));
        TxnRequest.Builder over = fits.clone().addSuccess(op(range("limit", "")));
        txn("nested txn one over", outer.clone().addSuccess(op(over)));
        TxnRequest.Builder compares = TxnRequest.newBuilder();
        for (int n = 0; n < 129; n++) compares.addCompare(Compare.newBuilder().setKey(bytes("limit" + n)));
        txn("txn of 129 compares", compares);
        ByteString large = ByteString.copyFrom(new byte[1_572_864]);
        tryPut("put of 1.5 MiB", put("large", "").setValue(large));
        tryPut("put just below 1.5 MiB", put("large", "").setValue(large.substring(0, 1_572_864 - 200)));
        tryPut("put just over 1.5 MiB", put("large", "").setValue(large.substring(0, 1_572_864 - 10)));
        tryPut("put of 2 MiB", put("large", "").setValue(large.concat(large.substring(0, 524_200))));
        tryDelete("delete large", delete("large", ""));
        tryDelete("delete limit", delete("limit", "limiu"));
    }
}
