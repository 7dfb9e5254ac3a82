package holdfast.server.client;

import com.google.protobuf.ByteString;
import holdfast.core.base.Bytes;
import holdfast.core.base.KeyRange;
import holdfast.core.base.Outcome;
import holdfast.core.base.Reason;
import holdfast.protocol.etcd.LeaseGrantRequest;
import holdfast.protocol.etcd.LeaseKeepAliveRequest;
import holdfast.protocol.etcd.LeaseLeasesRequest;
import holdfast.protocol.etcd.LeaseRevokeRequest;
import holdfast.protocol.etcd.LeaseStatus;
import holdfast.protocol.etcd.LeaseTimeToLiveRequest;
import holdfast.protocol.etcd.LeaseTimeToLiveResponse;
import holdfast.protocol.etcd.MemberListRequest;
import holdfast.protocol.etcd.RangeRequest;
import holdfast.protocol.etcd.RangeResponse;
import holdfast.protocol.etcd.ResponseOp;
import holdfast.protocol.etcd.StatusRequest;
import holdfast.protocol.etcd.TxnResponse;
import holdfast.protocol.mvcc.KeyValue;
import holdfast.server.base.Ticker;
import io.vertx.core.Vertx;
import java.util.ArrayList;
import java.util.List;

/// A client of any etcd v3 store. Any thread; every call waits, at most `callLimit`, and never throws for what
/// the network or the store does.
public final class Etcd implements AutoCloseable {
    private static final int PAGE_KEYS = 1_000;
    private static final int PAGES_MAX = 1_000;

    private final Calls calls;
    private final EtcdConfig config;
    private final Ticker ticker;

    private Etcd(Calls calls, EtcdConfig config, Ticker ticker) {
        this.calls = calls;
        this.config = config;
        this.ticker = ticker;
    }

    /// Connects when first used. The caller keeps `vertx` open until after [#close].
    public static Etcd open(Vertx vertx, EtcdConfig config, Ticker ticker) {
        return new Etcd(new Calls(vertx, config, ticker), config, ticker);
    }

    public EtcdConfig config() {
        return config;
    }

    Ticker ticker() {
        return ticker;
    }

    Calls calls() {
        return calls;
    }

    /// Every pair of `range` at one revision: that of the first page, or `atRevision` unless 0. Linearizable.
    ///
    /// Up to 1,000,000 pairs: refused with `too-many-keys` beyond, with `out-of-range` at a compacted revision.
    public Answer<Snapshot> range(KeyRange range, long atRevision) {
        List<Pair> pairs = new ArrayList<>();
        KeyRange left = range;
        long revision = atRevision;
        for (int page = 0; page < PAGES_MAX; page++) {
            RangeRequest request = RangeRequest.newBuilder()
                    .setKey(Txn.start(left))
                    .setRangeEnd(Txn.end(left))
                    .setLimit(PAGE_KEYS)
                    .setRevision(revision)
                    .build();
            switch (calls.call(Rpc.RANGE, request, true)) {
                case Answer.Done<RangeResponse>(RangeResponse reply) -> {
                    if (revision == 0) revision = reply.getHeader().getRevision();
                    reply.getKvsList().forEach(pair -> pairs.add(pair(pair)));
                    if (!reply.getMore()) return new Answer.Done<>(new Snapshot(revision, List.copyOf(pairs)));
                    left = new KeyRange(pairs.getLast().key().next(), range.end());
                }
                case Answer.Refused<RangeResponse>(Reason why) -> {
                    return new Answer.Refused<>(why);
                }
                case Answer.Unknown<RangeResponse>(Reason why) -> {
                    return new Answer.Unknown<>(why);
                }
            }
        }
        return new Answer.Refused<>(
                new Reason("too-many-keys", "The range holds more than " + PAGE_KEYS * PAGES_MAX + " keys."));
    }

    public Answer<Snapshot> get(Bytes key) {
        return range(KeyRange.single(key), 0);
    }

    /// The pair of `range` that was created last, but not after a revision; none when there is no such pair.
    public Answer<Snapshot> youngest(KeyRange range, long createdByRevision) {
        RangeRequest request = RangeRequest.newBuilder()
                .setKey(Txn.start(range))
                .setRangeEnd(Txn.end(range))
                .setSortOrder(RangeRequest.SortOrder.DESCEND)
                .setSortTarget(RangeRequest.SortTarget.CREATE)
                .setMaxCreateRevision(createdByRevision)
                .setLimit(1)
                .build();
        return calls.call(Rpc.RANGE, request, true)
                .map(reply -> new Snapshot(
                        reply.getHeader().getRevision(),
                        reply.getKvsList().stream().map(Etcd::pair).toList()));
    }

    /// How a transaction ended.
    ///
    /// @param succeeded whether the conditions held and the writes happened
    /// @param found what the reads of the branch taken returned
    public record Committed(boolean succeeded, long revision, List<Pair> found) {}

    /// Sends the transaction once. `Unknown` when the answer was lost: read back before repeating.
    public Answer<Committed> commit(Txn txn) {
        return calls.call(Rpc.TXN, txn.request(), false).map(Etcd::committed);
    }

    /// Like [#commit] but refused with `condition` unless the conditions held.
    public Outcome write(Txn txn, String condition) {
        return switch (commit(txn)) {
            case Answer.Done<Committed>(Committed done) when done.succeeded -> new Outcome.Done(done.revision);
            case Answer.Done<Committed> _ ->
                new Outcome.Refused(new Reason("condition", "Nothing was written: " + condition + "."));
            case Answer.Refused<Committed>(Reason why) -> new Outcome.Refused(why);
            case Answer.Unknown<Committed>(Reason why) -> new Outcome.Unknown(why);
        };
    }

    private static Committed committed(TxnResponse reply) {
        List<Pair> found = new ArrayList<>();
        for (ResponseOp op : reply.getResponsesList()) {
            op.getResponseRange().getKvsList().forEach(pair -> found.add(pair(pair)));
        }
        return new Committed(reply.getSucceeded(), reply.getHeader().getRevision(), found);
    }

    /// A lease as it was granted; the store may raise a short TTL.
    public record Granted(long id, long ttlSeconds) {}

    public Answer<Granted> grant(long ttlSeconds) {
        LeaseGrantRequest request =
                LeaseGrantRequest.newBuilder().setTTL(ttlSeconds).build();
        // A grant whose answer was lost leaves a lease that nobody renews: it ends by itself.
        return calls.call(Rpc.GRANT, request, true).map(reply -> new Granted(reply.getID(), reply.getTTL()));
    }

    /// Takes a lease under a given id; refused with `failed-precondition` when there is one.
    public Answer<Granted> grant(long id, long ttlSeconds) {
        LeaseGrantRequest request =
                LeaseGrantRequest.newBuilder().setID(id).setTTL(ttlSeconds).build();
        return calls.call(Rpc.GRANT, request, false).map(reply -> new Granted(reply.getID(), reply.getTTL()));
    }

    /// Ids of all leases.
    public Answer<List<Long>> leases() {
        return calls.call(Rpc.LEASES, LeaseLeasesRequest.getDefaultInstance(), true)
                .map(reply ->
                        reply.getLeasesList().stream().map(LeaseStatus::getID).toList());
    }

    /// Seconds that a lease has left, -1 when there is no such lease.
    public Answer<Long> secondsLeft(long leaseId) {
        LeaseTimeToLiveRequest request =
                LeaseTimeToLiveRequest.newBuilder().setID(leaseId).build();
        return calls.call(Rpc.TIME_TO_LIVE, request, true).map(LeaseTimeToLiveResponse::getTTL);
    }

    /// Renews a lease; 0 when there is none.
    public Answer<Long> renew(long leaseId) {
        return renew(leaseId, config.callLimit().toNanos());
    }

    /// Some pairs of `range` in key order.
    ///
    /// @param revision that they are read at
    public record Page(List<Pair> pairs, boolean more, long revision) {}

    /// @param atRevision 0 for the newest
    /// @param limitKeys most pairs, from 1
    public Answer<Page> page(KeyRange range, long atRevision, int limitKeys) {
        RangeRequest request = RangeRequest.newBuilder()
                .setKey(Txn.start(range))
                .setRangeEnd(Txn.end(range))
                .setLimit(limitKeys)
                .setRevision(atRevision)
                .build();
        return calls.call(Rpc.RANGE, request, true)
                .map(reply -> new Page(
                        reply.getKvsList().stream().map(Etcd::pair).toList(),
                        reply.getMore(),
                        atRevision == 0 ? reply.getHeader().getRevision() : atRevision));
    }

    /// How many keys there are, and at which revision.
    public record Counted(long keys, long revision) {}

    public Answer<Counted> count(KeyRange range) {
        RangeRequest request = RangeRequest.newBuilder()
                .setKey(Txn.start(range))
                .setRangeEnd(Txn.end(range))
                .setCountOnly(true)
                .build();
        return calls.call(Rpc.RANGE, request, true)
                .map(reply -> new Counted(reply.getCount(), reply.getHeader().getRevision()));
    }

    /// Like [#commit], for a transaction that may be sent twice: puts and deletes without conditions.
    public Answer<Committed> commitAgain(Txn txn) {
        return calls.call(Rpc.TXN, txn.request(), true).map(Etcd::committed);
    }

    /// Seconds it lasts from now; 0 when there is no such lease.
    public Answer<Long> renew(long leaseId, long limitNanos) {
        LeaseKeepAliveRequest request =
                LeaseKeepAliveRequest.newBuilder().setID(leaseId).build();
        return calls.call(Rpc.KEEP_ALIVE, request, true, limitNanos).map(reply -> reply.getTTL());
    }

    /// Ends a lease and deletes its keys; done as well when there was none.
    public Outcome revoke(long leaseId) {
        holdfast.protocol.etcd.LeaseRevokeRequest request =
                LeaseRevokeRequest.newBuilder().setID(leaseId).build();
        return switch (calls.call(Rpc.REVOKE, request, true)) {
            case Answer.Done<holdfast.protocol.etcd.LeaseRevokeResponse>(var reply) ->
                new Outcome.Done(reply.getHeader().getRevision());
            case Answer.Refused<holdfast.protocol.etcd.LeaseRevokeResponse>(Reason why)
            when why.code().equals("not-found") -> new Outcome.Done(0);
            case Answer.Refused<holdfast.protocol.etcd.LeaseRevokeResponse>(Reason why) -> new Outcome.Refused(why);
            case Answer.Unknown<holdfast.protocol.etcd.LeaseRevokeResponse>(Reason why) -> new Outcome.Unknown(why);
        };
    }

    /// What the member that answers says of itself.
    ///
    /// @param leader member id of the leader, 0 for none
    public record MemberStatus(long member, long leader, String version, long revision) {}

    public Answer<MemberStatus> status() {
        return calls.call(Rpc.STATUS, StatusRequest.getDefaultInstance(), true)
                .map(reply -> new MemberStatus(
                        reply.getHeader().getMemberId(),
                        reply.getLeader(),
                        reply.getVersion(),
                        reply.getHeader().getRevision()));
    }

    /// Client URLs of every member.
    public Answer<List<String>> memberUrls() {
        return calls.call(Rpc.MEMBERS, MemberListRequest.getDefaultInstance(), true)
                .map(reply -> reply.getMembersList().stream()
                        .flatMap(member -> member.getClientURLsList().stream())
                        .toList());
    }

    static Pair pair(KeyValue pair) {
        return new Pair(
                bytes(pair.getKey()),
                bytes(pair.getValue()),
                pair.getCreateRevision(),
                pair.getModRevision(),
                pair.getLease());
    }

    static Bytes bytes(ByteString bytes) {
        return Bytes.wrap(bytes.toByteArray());
    }

    @Override
    public void close() {
        calls.close();
    }
}
