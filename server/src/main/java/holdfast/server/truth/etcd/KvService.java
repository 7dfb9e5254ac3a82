package holdfast.server.truth.etcd;

import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.MessageLite;
import holdfast.core.truth.Command;
import holdfast.core.truth.KeyValue;
import holdfast.core.truth.Reply;
import holdfast.protocol.etcd.CompactionRequest;
import holdfast.protocol.etcd.CompactionResponse;
import holdfast.protocol.etcd.DeleteRangeRequest;
import holdfast.protocol.etcd.PutRequest;
import holdfast.protocol.etcd.RangeRequest;
import holdfast.protocol.etcd.ResponseHeader;
import holdfast.protocol.etcd.TxnRequest;
import holdfast.server.truth.Store;
import holdfast.server.truth.Store.PageAnswer;
import java.util.Map;
import java.util.function.Consumer;

/// `etcdserverpb.KV`.
final class KvService {
    /// What etcd's own envelope adds to a request in the log, which its size limit counts: an id, a tag and
    /// lengths.
    private static final int ENVELOPE_BYTES = 18;

    private final Gate gate;
    private final Standing standing;
    private final int requestBytesMax;
    private final int txnOpsMax;

    KvService(Gate gate, Standing standing, EtcdConfig config) {
        this.gate = gate;
        this.standing = standing;
        this.requestBytesMax = config.requestBytesMax();
        this.txnOpsMax = config.txnOpsMax();
    }

    void addTo(Map<String, Rpc> methods) {
        methods.put("/etcdserverpb.KV/Range", Rpc.unary(this::range));
        methods.put("/etcdserverpb.KV/Put", Rpc.unary(this::put));
        methods.put("/etcdserverpb.KV/DeleteRange", Rpc.unary(this::delete));
        methods.put("/etcdserverpb.KV/Txn", Rpc.unary(this::txn));
        methods.put("/etcdserverpb.KV/Compact", Rpc.unary(gate.root(this::compact)));
    }

    private void range(Call call, byte[] message) throws InvalidProtocolBufferException {
        RangeRequest request = Translate.parse(RangeRequest.parser(), message);
        EtcdError wrong = Checks.range(request);
        if (wrong == null && standing.isLearner() && !request.getSerializable()) wrong = EtcdError.NOT_FOR_LEARNER;
        if (wrong != null) {
            call.fail(wrong);
            return;
        }
        Command.Range range = Translate.range(request);
        boolean linearizable = !request.getSerializable();
        Debt debt = call.debt();
        if (debt == null) {
            gate.store(call).longRange(range, linearizable, answer -> call.later(() -> done(call, answer)));
            return;
        }
        Consumer<Debt.Pass> begin = pass -> gate.store(call)
                .longRange(
                        range,
                        linearizable,
                        answer -> call.later(() -> {
                            pass.answered(bytesOf(answer));
                            done(call, answer);
                            pass.giveBack();
                        }));
        debt.enter(call, range.range().isSingle(), begin);
    }

    /// What the answer takes until it lies with the connection.
    private static long bytesOf(PageAnswer answer) {
        if (!(answer instanceof PageAnswer.Whole(Store.Answer.Done(var _, Reply.Page page)))) return 0;
        long bytes = 0;
        for (KeyValue pair : page.pairs())
            bytes += pair.key().size() + pair.value().size();
        return bytes;
    }

    private void put(Call call, byte[] message) throws InvalidProtocolBufferException {
        PutRequest request = Translate.parse(PutRequest.parser(), message);
        EtcdError wrong = Checks.put(request);
        if (wrong != null) call.fail(wrong);
        else propose(call, message.length, Translate.put(request));
    }

    private void delete(Call call, byte[] message) throws InvalidProtocolBufferException {
        DeleteRangeRequest request = Translate.parse(DeleteRangeRequest.parser(), message);
        EtcdError wrong = Checks.delete(request);
        if (wrong != null) call.fail(wrong);
        else propose(call, message.length, Translate.delete(request));
    }

    private void txn(Call call, byte[] message) throws InvalidProtocolBufferException {
        TxnRequest request = Translate.parse(TxnRequest.parser(), message);
        EtcdError wrong = Checks.txn(request, txnOpsMax);
        if (wrong == null && standing.isLearner()) wrong = EtcdError.NOT_FOR_LEARNER; // even if it reads only
        if (wrong != null) {
            call.fail(wrong);
            return;
        }
        Command.Txn txn = Translate.txn(request);
        if (!Checks.isReadOnly(request)) {
            propose(call, message.length, txn);
            return;
        }
        gate.store(call).read(txn, !Checks.isSerializable(request), answer -> call.later(() -> done(call, answer)));
    }

    private void compact(Call call, byte[] message) throws InvalidProtocolBufferException {
        CompactionRequest request = Translate.parse(CompactionRequest.parser(), message);
        propose(call, message.length, new Command.Compact(request.getRevision()));
    }

    private void propose(Call call, int messageBytes, Command command) {
        EtcdError wrong = standing.isLearner() ? EtcdError.NOT_FOR_LEARNER : null;
        if (wrong == null && messageBytes + ENVELOPE_BYTES > requestBytesMax) wrong = EtcdError.TOO_LARGE;
        if (wrong != null) {
            call.fail(wrong);
            return;
        }
        gate.store(call).propose(command, answer -> call.later(() -> done(call, answer)));
    }

    private static void done(Call call, PageAnswer answer) {
        switch (answer) {
            case PageAnswer.Whole(Store.Answer whole) -> done(call, whole);
            case PageAnswer.Pieces(Store.Header header, Store.LongPage page) -> LongAnswer.send(call, header, page);
        }
    }

    private static void done(Call call, Store.Answer answer) {
        if (call.isOver()) return;
        switch (answer) {
            case Store.Answer.Done(Store.Header header, Reply.Refused(var why)) -> call.fail(EtcdError.of(why));
            case Store.Answer.Done(Store.Header header, Reply reply) ->
                call.reply(message(Translate.header(header), reply));
            case Store.Answer.Refused(var why) -> call.fail(EtcdError.of(why));
            case Store.Answer.Unknown(var why) -> call.fail(EtcdError.of(why));
        }
    }

    private static MessageLite message(ResponseHeader header, Reply reply) {
        return switch (reply) {
            case Reply.Page page -> Translate.page(header, page);
            case Reply.Putted putted -> Translate.putted(header, putted);
            case Reply.Deleted deleted -> Translate.deleted(header, deleted);
            case Reply.Txned txned -> Translate.txned(header, txned);
            case Reply.Compacted _ ->
                CompactionResponse.newBuilder().setHeader(header).build();
            case Reply.Granted _, Reply.Revoked _, Reply.Alarmed _, Reply.OfAuth _, Reply.Refused _ ->
                throw new IllegalStateException("no reply of KV: " + reply);
        };
    }
}
