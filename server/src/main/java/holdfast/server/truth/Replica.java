package holdfast.server.truth;

import com.google.protobuf.InvalidProtocolBufferException;
import holdfast.core.base.Reason;
import holdfast.core.truth.Alarm;
import holdfast.core.truth.Applied;
import holdfast.core.truth.Command;
import holdfast.core.truth.Keyspace;
import holdfast.core.truth.Tip;
import holdfast.protocol.log.LeaderAsk;
import holdfast.server.base.Ticker;
import holdfast.server.truth.disk.RocksShelf;
import holdfast.server.truth.log.BatchCodec;
import holdfast.server.truth.log.DecodedEntry;
import holdfast.server.truth.raft.RaftLog;
import holdfast.server.truth.raft.RaftLog.RaftStatus;
import java.nio.file.Path;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// What the log drives: applies entries to the keyspace on disk and tells everybody whom it concerns, in this
/// order: headers, leases, watches, and last the proposer, so that whoever has an answer finds its effect
/// everywhere here.
///
/// All on the raft driver's thread. A broken disk or rule throws, and the process must stop.
final class Replica implements RaftLog.Machine {
    /// Whom an applied entry concerns. They exist once the log runs, so they are handed over before it is
    /// driven.
    record Audience(
            Proposals proposals, Leases leases, WatchHub watches, Upkeep upkeep, Consumer<RaftStatus> roleChanged) {}

    private static final Logger LOG = LoggerFactory.getLogger(Replica.class);
    private static final int SCRUB_ROWS = 500; // in one step
    private static final long SCRUB_NANOS = 2_000_000; // of 25 ms; the step that passes it is finished
    private static final long SCRUB_NANOS_WHEN_FULL = 15_000_000;
    private static final long LATE_NANOS = 150_000_000; // between two ticks; a heartbeat is due every 40 ms
    private static final long STALL_NANOS = 500_000_000; // others may have elected somebody meanwhile
    private static final long SLOW_NANOS = 100_000_000; // etcd's
    private static final Object APPLIED = new Object();
    private static final byte[] NOT_TAKEN = LeaderReplies.refused(Reasons.NO_LEADER);

    private final Ticker ticker;
    private final Keyspace keyspace;
    private final RocksShelf shelf;
    private final Views views;
    private final Headers headers;
    private final DiskState disk;
    private final StoreMetrics metrics;
    private final AuthMirror auth;
    private @Nullable Audience audience;
    private boolean scrubbing = true; // a crash may have left something
    private boolean leading;
    private long tickedNanos;

    Replica(
            Ticker ticker,
            Keyspace keyspace,
            RocksShelf shelf,
            Views views,
            Headers headers,
            DiskState disk,
            StoreMetrics metrics,
            AuthMirror auth) {
        this.ticker = ticker;
        this.keyspace = keyspace;
        this.shelf = shelf;
        this.views = views;
        this.headers = headers;
        this.disk = disk;
        this.metrics = metrics;
        this.auth = auth;
    }

    void tell(Audience newAudience) {
        audience = newAudience;
    }

    @Override
    public Object apply(long index, long term, byte[] entry) {
        if (index <= headers.appliedIndex()) return APPLIED;
        DecodedEntry decoded = BatchCodec.decode(entry);
        long beganNanos = ticker.nanos();
        Applied applied = keyspace.apply(index, term, decoded.batch(), shelf);
        long tookNanos = ticker.nanos() - beganNanos;
        metrics.backendCommit.observe(tookNanos / 1e9);
        if (tookNanos > SLOW_NANOS) metrics.slowApplies.inc();
        auth.applied(decoded.batch(), applied, shelf);
        headers.applied(index, applied.revision());
        metrics.applied(decoded.batch().commands());
        scrubbing |= decoded.batch().commands().stream()
                .anyMatch(command -> Command.bare(command) instanceof Command.Compact);
        if (audience != null) {
            audience.leases().applied(decoded.batch(), applied);
            audience.watches().applied(applied);
            audience.upkeep().applied(decoded.batch(), applied);
            audience.proposals().applied(decoded.tags(), applied);
        }
        return APPLIED;
    }

    @Override
    public long durableIndex() {
        return disk.durableIndex();
    }

    @Override
    public void snapshot(long index, Path into) {
        shelf.checkpoint(into);
    }

    @Override
    public @Nullable String damage(Path folder, Runnable each) {
        @Nullable Reason damage = RocksShelf.damage(folder, each);
        if (damage == null) return null;
        shelf.verify(); // a snapshot's tables are links: what is damaged there may be what we serve from
        return damage.sentence();
    }

    @Override
    public void restore(long index, Path from) {
        views.replacing(() -> shelf.restore(from));
        auth.restored(shelf);
        Tip tip = keyspace.tip(shelf);
        headers.applied(tip.appliedIndex(), tip.revision());
        scrubbing = true;
        if (audience != null) {
            audience.upkeep().stocked();
            audience.leases().restored();
            audience.watches().restored(tip.revision());
            audience.proposals().restored();
        }
    }

    @Override
    public void forwarded(byte[] request, Consumer<byte[]> reply) {
        @Nullable LeaderAsk ask = read(request);
        if (audience == null || ask == null) {
            reply.accept(NOT_TAKEN);
            return;
        }
        switch (ask.getAskCase()) {
            case GROUP -> audience.proposals().offerForeign(ask.getGroup().toByteArray(), reply);
            case LEASE -> audience.leases().answerFollower(ask.getLease(), reply);
            case MEMBER -> audience.upkeep().answerFollower(ask.getMember(), reply);
            case DIGEST -> audience.upkeep().answerFollower(ask.getDigest(), reply);
            case ASK_NOT_SET -> reply.accept(NOT_TAKEN);
        }
    }

    private static @Nullable LeaderAsk read(byte[] request) {
        try {
            return LeaderAsk.parseFrom(request);
        } catch (InvalidProtocolBufferException _) {
            return null;
        }
    }

    @Override
    public void roleChanged(RaftStatus now) {
        headers.term(now.term());
        leading = now.leading();
        if (audience == null) return;
        audience.leases().roleChanged(now);
        audience.proposals().roleChanged();
        audience.roleChanged().accept(now);
    }

    /// Some steps of removing history that nobody can read: few while clients write, many while the store is
    /// full and nobody may.
    void tick() {
        long beganNanos = ticker.nanos();
        long sinceNanos = tickedNanos == 0 ? 0 : beganNanos - tickedNanos;
        if (leading && sinceNanos > LATE_NANOS) metrics.heartbeatsLate.inc();
        if (sinceNanos > STALL_NANOS) LOG.warn("Nothing was done here for {} ms.", sinceNanos / 1_000_000);
        tickedNanos = beganNanos;
        if (!scrubbing || audience == null) return;
        boolean full = audience.upkeep().quota().stock().has(Alarm.Kind.NO_SPACE);
        long budgetNanos = full ? SCRUB_NANOS_WHEN_FULL : SCRUB_NANOS;
        do scrubbing = keyspace.scrub(shelf, SCRUB_ROWS);
        while (scrubbing && ticker.nanos() - beganNanos < budgetNanos);
        audience.upkeep().stocked();
    }
}
