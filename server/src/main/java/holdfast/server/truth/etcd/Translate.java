package holdfast.server.truth.etcd;

import com.google.protobuf.ByteString;
import com.google.protobuf.CodedInputStream;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Parser;
import com.google.protobuf.UnsafeByteOperations;
import holdfast.core.base.Bytes;
import holdfast.core.base.KeyRange;
import holdfast.core.truth.Command;
import holdfast.core.truth.Compare;
import holdfast.core.truth.Event;
import holdfast.core.truth.KeyValue;
import holdfast.core.truth.Reply;
import holdfast.protocol.etcd.DeleteRangeRequest;
import holdfast.protocol.etcd.DeleteRangeResponse;
import holdfast.protocol.etcd.PutRequest;
import holdfast.protocol.etcd.PutResponse;
import holdfast.protocol.etcd.RangeRequest;
import holdfast.protocol.etcd.RangeResponse;
import holdfast.protocol.etcd.RequestOp;
import holdfast.protocol.etcd.ResponseHeader;
import holdfast.protocol.etcd.ResponseOp;
import holdfast.protocol.etcd.TxnRequest;
import holdfast.protocol.etcd.TxnResponse;
import holdfast.server.truth.Store;
import java.util.ArrayList;
import java.util.List;

/// etcd's messages to the keyspace's values and back. Requests have passed [Checks] before.
final class Translate {
    private static final ByteString ZERO = ByteString.copyFrom(new byte[] {0});

    private Translate() {}

    /// Parses without copying the bytes of keys and values out of `message` yet.
    static <T> T parse(Parser<T> parser, byte[] message) throws InvalidProtocolBufferException {
        CodedInputStream in = UnsafeByteOperations.unsafeWrap(message).newCodedInput();
        in.enableAliasing(true);
        return parser.parseFrom(in);
    }

    static Bytes bytes(ByteString string) {
        return Bytes.wrap(string.toByteArray());
    }

    static ByteString string(Bytes bytes) {
        return UnsafeByteOperations.unsafeWrap(bytes.unsafeArray());
    }

    /// No end: the single key. An end of one zero byte: every key from `key` on.
    static KeyRange range(ByteString key, ByteString rangeEnd) {
        if (rangeEnd.isEmpty()) return KeyRange.single(bytes(key));
        if (rangeEnd.equals(ZERO)) return KeyRange.from(bytes(key));
        return new KeyRange(bytes(key), bytes(rangeEnd));
    }

    /// A range of its own reads the newest state at a negative revision; inside a transaction it is refused
    /// (etcd).
    static Command.Range range(RangeRequest request) {
        return range(request, Math.max(0, request.getRevision()));
    }

    private static Command.Range range(RangeRequest request, long revision) {
        Command.Sort.Target target = switch (request.getSortTarget()) {
            case VERSION -> Command.Sort.Target.VERSION;
            case CREATE -> Command.Sort.Target.CREATE_REVISION;
            case MOD -> Command.Sort.Target.MOD_REVISION;
            case VALUE -> Command.Sort.Target.VALUE;
            case KEY, UNRECOGNIZED -> Command.Sort.Target.KEY;
        };
        boolean ascending = request.getSortOrder() != RangeRequest.SortOrder.DESCEND;
        return new Command.Range(
                range(request.getKey(), request.getRangeEnd()),
                revision,
                Math.max(0, request.getLimit()),
                new Command.Sort(target, ascending),
                request.getKeysOnly(),
                request.getCountOnly(),
                request.getMinModRevision(),
                request.getMaxModRevision(),
                request.getMinCreateRevision(),
                request.getMaxCreateRevision());
    }

    static Command.Put put(PutRequest request) {
        return new Command.Put(
                bytes(request.getKey()),
                bytes(request.getValue()),
                request.getLease(),
                request.getPrevKv(),
                request.getIgnoreValue(),
                request.getIgnoreLease());
    }

    static Command.DeleteRange delete(DeleteRangeRequest request) {
        return new Command.DeleteRange(range(request.getKey(), request.getRangeEnd()), request.getPrevKv());
    }

    static Command.Txn txn(TxnRequest request) {
        List<Compare> compares = new ArrayList<>(request.getCompareCount());
        request.getCompareList().forEach(compare -> compares.add(compare(compare)));
        return new Command.Txn(compares, ops(request.getSuccessList()), ops(request.getFailureList()));
    }

    private static List<Command.Op> ops(List<RequestOp> requests) {
        List<Command.Op> ops = new ArrayList<>(requests.size());
        for (RequestOp request : requests) {
            switch (request.getRequestCase()) {
                case REQUEST_RANGE ->
                    ops.add(range(
                            request.getRequestRange(), request.getRequestRange().getRevision()));
                case REQUEST_PUT -> ops.add(put(request.getRequestPut()));
                case REQUEST_DELETE_RANGE -> ops.add(delete(request.getRequestDeleteRange()));
                case REQUEST_TXN -> ops.add(txn(request.getRequestTxn()));
                case REQUEST_NOT_SET -> throw new IllegalStateException("an empty operation passed the checks");
            }
        }
        return ops;
    }

    /// An operand of another kind than the target counts as zero, as in etcd.
    private static Compare compare(holdfast.protocol.etcd.Compare request) {
        KeyRange range = range(request.getKey(), request.getRangeEnd());
        Compare.Relation relation = switch (request.getResult()) {
            case GREATER -> Compare.Relation.GREATER;
            case LESS -> Compare.Relation.LESS;
            case NOT_EQUAL -> Compare.Relation.NOT_EQUAL;
            case EQUAL, UNRECOGNIZED -> Compare.Relation.EQUAL;
        };
        return switch (request.getTarget()) {
            case VALUE -> new Compare.OfValue(range, relation, bytes(request.getValue()));
            case CREATE ->
                new Compare.OfField(range, relation, Compare.Field.CREATE_REVISION, request.getCreateRevision());
            case MOD -> new Compare.OfField(range, relation, Compare.Field.MOD_REVISION, request.getModRevision());
            case LEASE -> new Compare.OfField(range, relation, Compare.Field.LEASE, request.getLease());
            case VERSION, UNRECOGNIZED ->
                new Compare.OfField(range, relation, Compare.Field.VERSION, request.getVersion());
        };
    }

    static ResponseHeader header(Store.Header header) {
        return ResponseHeader.newBuilder()
                .setClusterId(header.clusterId())
                .setMemberId(header.memberId())
                .setRevision(header.revision())
                .setRaftTerm(header.term())
                .build();
    }

    static holdfast.protocol.mvcc.KeyValue pair(KeyValue pair) {
        return holdfast.protocol.mvcc.KeyValue.newBuilder()
                .setKey(string(pair.key()))
                .setValue(string(pair.value()))
                .setCreateRevision(pair.createRevision())
                .setModRevision(pair.modRevision())
                .setVersion(pair.version())
                .setLease(pair.lease())
                .build();
    }

    static holdfast.protocol.mvcc.Event event(Event event, boolean withBefore) {
        holdfast.protocol.mvcc.Event.Builder built = holdfast.protocol.mvcc.Event.newBuilder()
                .setType(
                        switch (event.kind()) {
                            case PUT -> holdfast.protocol.mvcc.Event.EventType.PUT;
                            case DELETE -> holdfast.protocol.mvcc.Event.EventType.DELETE;
                        })
                .setKv(pair(event.now()));
        KeyValue before = event.before();
        if (withBefore && before != null) built.setPrevKv(pair(before));
        return built.build();
    }

    static RangeResponse page(ResponseHeader header, Reply.Page page) {
        RangeResponse.Builder built = RangeResponse.newBuilder()
                .setHeader(header)
                .setCount(page.count())
                .setMore(page.more());
        page.pairs().forEach(pair -> built.addKvs(pair(pair)));
        return built.build();
    }

    static PutResponse putted(ResponseHeader header, Reply.Putted putted) {
        PutResponse.Builder built = PutResponse.newBuilder().setHeader(header);
        KeyValue before = putted.before();
        return before == null ? built.build() : built.setPrevKv(pair(before)).build();
    }

    static DeleteRangeResponse deleted(ResponseHeader header, Reply.Deleted deleted) {
        DeleteRangeResponse.Builder built =
                DeleteRangeResponse.newBuilder().setHeader(header).setDeleted(deleted.count());
        deleted.before().forEach(pair -> built.addPrevKvs(pair(pair)));
        return built.build();
    }

    static TxnResponse txned(ResponseHeader header, Reply.Txned txned) {
        long after = header.getRevision();
        Replies replies = new Replies(changes(txned) ? after - 1 : after, after);
        return replies.txned(header, txned);
    }

    /// Whether anything in the taken path wrote, so that the transaction has a revision of its own.
    private static boolean changes(Reply reply) {
        return switch (reply) {
            case Reply.Putted _ -> true;
            case Reply.Deleted deleted -> deleted.count() > 0;
            case Reply.Txned txned -> txned.replies().stream().anyMatch(Translate::changes);
            case Reply.Page _,
                    Reply.Granted _,
                    Reply.Revoked _,
                    Reply.Compacted _,
                    Reply.Alarmed _,
                    Reply.OfAuth _,
                    Reply.Refused _ -> false;
        };
    }

    /// The replies of one transaction in order. Inside it etcd's headers carry a revision and nothing else: the
    /// one before the transaction until its first write, its own from there on; a nested transaction's header is
    /// empty.
    private static final class Replies {
        private long revision;
        private final long after;

        Replies(long before, long after) {
            this.revision = before;
            this.after = after;
        }

        TxnResponse txned(ResponseHeader header, Reply.Txned txned) {
            TxnResponse.Builder built =
                    TxnResponse.newBuilder().setHeader(header).setSucceeded(txned.succeeded());
            for (Reply reply : txned.replies()) built.addResponses(op(reply));
            return built.build();
        }

        private ResponseOp op(Reply reply) {
            if (!(reply instanceof Reply.Txned) && changes(reply)) revision = after;
            ResponseHeader header =
                    ResponseHeader.newBuilder().setRevision(revision).build();
            ResponseOp.Builder op = ResponseOp.newBuilder();
            return switch (reply) {
                case Reply.Page page -> op.setResponseRange(page(header, page)).build();
                case Reply.Putted putted ->
                    op.setResponsePut(putted(header, putted)).build();
                case Reply.Deleted deleted ->
                    op.setResponseDeleteRange(deleted(header, deleted)).build();
                case Reply.Txned txned ->
                    op.setResponseTxn(txned(ResponseHeader.getDefaultInstance(), txned))
                            .build();
                case Reply.Granted _,
                        Reply.Revoked _,
                        Reply.Compacted _,
                        Reply.Alarmed _,
                        Reply.OfAuth _,
                        Reply.Refused _ -> throw new IllegalStateException("no reply of an operation: " + reply);
            };
        }
    }
}
