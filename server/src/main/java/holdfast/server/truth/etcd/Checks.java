package holdfast.server.truth.etcd;

import holdfast.core.base.Bytes;
import holdfast.core.base.KeyRange;
import holdfast.protocol.etcd.Compare;
import holdfast.protocol.etcd.DeleteRangeRequest;
import holdfast.protocol.etcd.PutRequest;
import holdfast.protocol.etcd.RangeRequest;
import holdfast.protocol.etcd.RequestOp;
import holdfast.protocol.etcd.TxnRequest;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// What etcd refuses before a request may enter the log, in etcd's order. Null means that nothing is wrong.
final class Checks {
    private Checks() {}

    static @Nullable EtcdError range(RangeRequest request) {
        if (request.getKey().isEmpty()) return EtcdError.EMPTY_KEY;
        if (request.getSortOrder() == RangeRequest.SortOrder.UNRECOGNIZED
                || request.getSortTarget() == RangeRequest.SortTarget.UNRECOGNIZED) return EtcdError.INVALID_SORT;
        return null;
    }

    static @Nullable EtcdError put(PutRequest request) {
        if (request.getKey().isEmpty()) return EtcdError.EMPTY_KEY;
        if (request.getIgnoreValue() && !request.getValue().isEmpty()) return EtcdError.VALUE_PROVIDED;
        if (request.getIgnoreLease() && request.getLease() != 0) return EtcdError.LEASE_PROVIDED;
        return null;
    }

    static @Nullable EtcdError delete(DeleteRangeRequest request) {
        return request.getKey().isEmpty() ? EtcdError.EMPTY_KEY : null;
    }

    /// @param opsMax most compares, or operations of one branch; a nested transaction gets what its parent left
    static @Nullable EtcdError txn(TxnRequest request, int opsMax) {
        EtcdError wrong = shape(request, opsMax);
        if (wrong != null) return wrong;
        // After the shape, so that the limits bound the work here.
        if (writes(request.getSuccessList()) == null || writes(request.getFailureList()) == null)
            return EtcdError.DUPLICATE_KEY;
        return null;
    }

    private static @Nullable EtcdError shape(TxnRequest request, int opsMax) {
        int ops = Math.max(request.getCompareCount(), Math.max(request.getSuccessCount(), request.getFailureCount()));
        if (ops > opsMax) return EtcdError.TOO_MANY_OPS;
        for (Compare compare : request.getCompareList()) {
            if (compare.getKey().isEmpty()) return EtcdError.EMPTY_KEY;
        }
        for (List<RequestOp> branch : List.of(request.getSuccessList(), request.getFailureList())) {
            for (RequestOp op : branch) {
                EtcdError wrong = shape(op, opsMax - ops);
                if (wrong != null) return wrong;
            }
        }
        return null;
    }

    private static @Nullable EtcdError shape(RequestOp op, int opsMax) {
        return switch (op.getRequestCase()) {
            case REQUEST_RANGE -> range(op.getRequestRange());
            case REQUEST_PUT -> put(op.getRequestPut());
            case REQUEST_DELETE_RANGE -> delete(op.getRequestDeleteRange());
            case REQUEST_TXN -> shape(op.getRequestTxn(), opsMax);
            case REQUEST_NOT_SET -> EtcdError.KEY_NOT_FOUND;
        };
    }

    /// What a branch writes: the keys it puts, and the ranges it deletes, merged.
    private record Writes(Set<Bytes> puts, Ranges deletes) {}

    /// Null when a key is put twice, or put and deleted, on some path. Deletes may overlap each other; the two
    /// branches of one nested transaction exclude each other.
    ///
    /// Stricter than etcd in one case: etcd overlooks a put behind a delete of "every key from here on", and then
    /// reports two events of one key at one revision.
    private static @Nullable Writes writes(List<RequestOp> branch) {
        Writes all = new Writes(new TreeSet<>(), new Ranges());
        for (RequestOp op : branch) {
            if (op.hasRequestDeleteRange()) {
                DeleteRangeRequest delete = op.getRequestDeleteRange();
                all.deletes.add(Translate.range(delete.getKey(), delete.getRangeEnd()));
            }
        }
        for (RequestOp op : branch) {
            if (op.hasRequestTxn() && !addNested(op.getRequestTxn(), all)) return null;
        }
        for (RequestOp op : branch) {
            if (!op.hasRequestPut()) continue;
            Bytes key = Translate.bytes(op.getRequestPut().getKey());
            if (all.deletes.contains(key) || !all.puts.add(key)) return null;
        }
        return all;
    }

    private static boolean addNested(TxnRequest nested, Writes all) {
        Writes then = writes(nested.getSuccessList());
        Writes otherwise = writes(nested.getFailureList());
        if (then == null || otherwise == null) return false;
        for (Bytes key : then.puts) {
            if (all.deletes.contains(key) || !all.puts.add(key)) return false;
        }
        for (Bytes key : otherwise.puts) {
            if (all.deletes.contains(key)) return false;
            if (!all.puts.add(key) && !then.puts.contains(key)) return false;
        }
        all.deletes.addAll(then.deletes);
        all.deletes.addAll(otherwise.deletes);
        return true;
    }

    /// Ranges of keys that may overlap when they come in and never do inside.
    private static final class Ranges {
        private final TreeMap<Bytes, KeyRange> byStart = new TreeMap<>();

        void addAll(Ranges others) {
            others.byStart.values().forEach(this::add);
        }

        void add(KeyRange range) {
            if (range.isEmpty()) return;
            KeyRange merged = range;
            Map.Entry<Bytes, KeyRange> before = byStart.floorEntry(range.start());
            if (before != null && touches(before.getValue(), range)) merged = join(before.getValue(), range);
            Map.Entry<Bytes, KeyRange> after = byStart.ceilingEntry(merged.start());
            while (after != null && touches(merged, after.getValue())) {
                byStart.remove(after.getKey());
                merged = join(merged, after.getValue());
                after = byStart.higherEntry(merged.start());
            }
            byStart.put(merged.start(), merged);
        }

        boolean contains(Bytes key) {
            Map.Entry<Bytes, KeyRange> before = byStart.floorEntry(key);
            return before != null && before.getValue().contains(key);
        }

        /// Whether `right`, which does not begin before `left`, begins inside it or where it ends.
        private static boolean touches(KeyRange left, KeyRange right) {
            Bytes end = left.end();
            return end == null || right.start().compareTo(end) <= 0;
        }

        private static KeyRange join(KeyRange left, KeyRange right) {
            Bytes leftEnd = left.end();
            Bytes rightEnd = right.end();
            if (leftEnd == null || rightEnd == null) return KeyRange.from(left.start());
            return new KeyRange(left.start(), leftEnd.compareTo(rightEnd) >= 0 ? leftEnd : rightEnd);
        }
    }

    /// Whether the transaction only reads, so that it needs no place in the log. Nested ones go through the log.
    static boolean isReadOnly(TxnRequest request) {
        return request.getSuccessList().stream().allMatch(RequestOp::hasRequestRange)
                && request.getFailureList().stream().allMatch(RequestOp::hasRequestRange);
    }

    /// Whether a read-only transaction says, by every range that it has, that it is content with local state. One that
    /// only compares says nothing of that: it sees every write that was acknowledged before, other than in etcd.
    static boolean isSerializable(TxnRequest request) {
        List<RequestOp> ranges = Stream.of(request.getSuccessList(), request.getFailureList())
                .flatMap(List::stream)
                .toList();
        return !ranges.isEmpty()
                && ranges.stream().allMatch(op -> op.getRequestRange().getSerializable());
    }
}
