package holdfast.server.client;

import com.google.protobuf.ByteString;
import holdfast.core.base.Bytes;
import holdfast.core.base.KeyRange;
import holdfast.protocol.etcd.Compare;
import holdfast.protocol.etcd.DeleteRangeRequest;
import holdfast.protocol.etcd.PutRequest;
import holdfast.protocol.etcd.RangeRequest;
import holdfast.protocol.etcd.RequestOp;
import holdfast.protocol.etcd.TxnRequest;

/// A transaction under construction: all `if...` hold, then everything else happens at one revision; else
/// nothing but the `elseGet` reads. One thread.
public final class Txn {
    private final TxnRequest.Builder request = TxnRequest.newBuilder();

    /// The key lives since this revision; 0 means that it does not exist.
    public Txn ifCreateRevision(Bytes key, long revision) {
        request.addCompare(Compare.newBuilder()
                .setKey(bytes(key))
                .setTarget(Compare.CompareTarget.CREATE)
                .setResult(Compare.CompareResult.EQUAL)
                .setCreateRevision(revision));
        return this;
    }

    public Txn ifAbsent(Bytes key) {
        return ifCreateRevision(key, 0);
    }

    public Txn ifPresent(Bytes key) {
        request.addCompare(Compare.newBuilder()
                .setKey(bytes(key))
                .setTarget(Compare.CompareTarget.CREATE)
                .setResult(Compare.CompareResult.GREATER)
                .setCreateRevision(0));
        return this;
    }

    /// The key was last written at this revision; 0 means that it does not exist.
    public Txn ifModRevision(Bytes key, long revision) {
        request.addCompare(Compare.newBuilder()
                .setKey(bytes(key))
                .setTarget(Compare.CompareTarget.MOD)
                .setResult(Compare.CompareResult.EQUAL)
                .setModRevision(revision));
        return this;
    }

    public Txn put(Bytes key, Bytes value) {
        return put(key, value, 0);
    }

    /// @param lease the lease to bind it to, 0 for none
    public Txn put(Bytes key, Bytes value, long lease) {
        request.addSuccess(RequestOp.newBuilder()
                .setRequestPut(PutRequest.newBuilder()
                        .setKey(bytes(key))
                        .setValue(bytes(value))
                        .setLease(lease)));
        return this;
    }

    public Txn delete(Bytes key) {
        request.addSuccess(RequestOp.newBuilder()
                .setRequestDeleteRange(DeleteRangeRequest.newBuilder().setKey(bytes(key))));
        return this;
    }

    public Txn delete(KeyRange range) {
        request.addSuccess(RequestOp.newBuilder()
                .setRequestDeleteRange(
                        DeleteRangeRequest.newBuilder().setKey(start(range)).setRangeEnd(end(range))));
        return this;
    }

    /// Reads when the conditions hold, after the writes.
    public Txn get(Bytes key) {
        request.addSuccess(
                RequestOp.newBuilder().setRequestRange(RangeRequest.newBuilder().setKey(bytes(key))));
        return this;
    }

    /// Reads when the conditions do not hold.
    public Txn elseGet(Bytes key) {
        request.addFailure(
                RequestOp.newBuilder().setRequestRange(RangeRequest.newBuilder().setKey(bytes(key))));
        return this;
    }

    /// Whether nothing would be written.
    public boolean isEmpty() {
        return request.getSuccessCount() == 0;
    }

    TxnRequest request() {
        return request.build();
    }

    static ByteString bytes(Bytes bytes) {
        return ByteString.copyFrom(bytes.unsafeArray());
    }

    /// etcd takes no empty key: the least is one zero byte.
    static ByteString start(KeyRange range) {
        return range.start().isEmpty() ? ByteString.copyFrom(new byte[1]) : bytes(range.start());
    }

    static ByteString end(KeyRange range) {
        if (range.isSingle()) return ByteString.EMPTY;
        return range.end() == null ? ByteString.copyFrom(new byte[1]) : bytes(range.end());
    }
}
