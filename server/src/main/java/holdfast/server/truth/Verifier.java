package holdfast.server.truth;

import holdfast.core.base.Bytes;
import holdfast.core.truth.Alarm;
import holdfast.core.truth.Batch;
import holdfast.core.truth.Command;
import holdfast.core.truth.DigestVote;
import holdfast.core.truth.Keyspace;
import holdfast.protocol.log.DigestReport;
import holdfast.protocol.log.LeaderAsk;
import holdfast.server.base.Driver;
import holdfast.server.base.Mailbox;
import holdfast.server.base.Ticker;
import holdfast.server.truth.raft.RaftLog;
import holdfast.server.truth.raft.RaftLog.Peer;
import holdfast.server.truth.raft.RaftLog.RaftStatus;
import java.time.Duration;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Members compare what they hold. The leader writes a mark into the log now and then; whoever applies it hashes
/// its state as of that entry, off the thread that applies, and tells its leader, who judges.
///
/// So all hash the same revision at the same compact revision, whatever their pace, and nobody has to be asked.
final class Verifier implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Verifier.class);
    private static final Bytes MARK = Bytes.utf8("verify/mark");
    private static final int ROUNDS_MAX = 4; // for which reports are still awaited
    private static final int PAUSE_FACTOR = 10; // hashing takes at most this part of the time, however large the state
    private static final long DRAIN_NANOS = 1_000_000_000;
    private static final byte[] TAKEN = LeaderReplies.done(0);

    private record Job(long index, Views.Held view) {}

    /// What members said of one mark.
    private static final class Round {
        private final TreeMap<Integer, Long> hashes = new TreeMap<>();
        private long revision;
    }

    private final Duration every;
    private final long clusterId;
    private final int self;
    private final Ticker ticker;
    private final RaftLog raft;
    private final Keyspace keyspace;
    private final Views views;
    private final Proposals proposals;
    private final Mailbox<Job> jobs = new Mailbox<>(1);
    private final Driver hasher;
    private volatile long hashNanos; // that the last one took

    // The raft driver's thread only.
    private final TreeMap<Long, Round> rounds = new TreeMap<>();
    private long markedNanos;
    private long marks;

    Verifier(
            Duration every,
            long clusterId,
            int self,
            Ticker ticker,
            RaftLog raft,
            Keyspace keyspace,
            Views views,
            Proposals proposals,
            Runnable onBug) {
        this.every = every;
        this.clusterId = clusterId;
        this.self = self;
        this.ticker = ticker;
        this.raft = raft;
        this.keyspace = keyspace;
        this.views = views;
        this.proposals = proposals;
        markedNanos = ticker.nanos();
        hasher = new Driver("verifier", this::hashNext, onBug);
    }

    void tick() {
        long now = ticker.nanos();
        RaftStatus status = raft.status();
        long pause = Math.max(every.toNanos(), PAUSE_FACTOR * hashNanos);
        if (every.isZero() || now - markedNanos < pause) return;
        markedNanos = now;
        if (!status.leading() || status.members().size() < 2) return;
        while (!rounds.isEmpty()) judge(rounds.firstKey()); // whoever has not answered by now does not
        Bytes mark = Bytes.utf8(status.term() + " " + ++marks);
        proposals.propose(new Command.SystemPut(MARK, mark), _ -> {});
    }

    /// A batch was applied at `index`.
    void applied(Batch batch, long index) {
        for (Command command : batch.commands()) {
            if (!(command instanceof Command.SystemPut(Bytes key, Bytes _)) || !key.equals(MARK)) continue;
            markedNanos = ticker.nanos(); // whoever leads next goes on from here
            Job job = new Job(index, views.open());
            if (!jobs.offer(job)) job.view().close(); // the last one still runs: this round does without us
            return;
        }
    }

    private void hashNext() throws InterruptedException {
        for (Job job : jobs.drain(1, DRAIN_NANOS)) {
            long began = ticker.nanos();
            Keyspace.Digest digest;
            try (Views.Held view = job.view()) {
                digest = keyspace.digest(view.view(), 0);
            }
            hashNanos = ticker.nanos() - began;
            if (digest instanceof Keyspace.Digest.Hash hash) raft.execute(() -> report(job.index(), hash));
        }
    }

    private void report(long index, Keyspace.Digest.Hash hash) {
        DigestReport report = DigestReport.newBuilder()
                .setMember(self)
                .setIndex(index)
                .setRevision(hash.revision())
                .setCompactRevision(hash.compactRevision())
                .setHash(hash.hash())
                .build();
        raft.toLeader(LeaderAsk.newBuilder().setDigest(report).build().toByteArray(), _ -> {});
    }

    /// A member says what it found, while this member leads.
    void answerFollower(DigestReport report, Consumer<byte[]> reply) {
        reply.accept(TAKEN);
        Round round = rounds.computeIfAbsent(report.getIndex(), _ -> new Round());
        round.revision = report.getRevision();
        round.hashes.put(report.getMember(), report.getHash());
        if (round.hashes.size() >= raft.status().members().size()) judge(report.getIndex());
        while (rounds.size() > ROUNDS_MAX) judge(rounds.firstKey());
    }

    private void judge(long index) {
        Round round = rounds.remove(index);
        if (round == null) return;
        RaftStatus status = raft.status();
        for (int member : DigestVote.wrong(round.hashes, status.members().size())) {
            LOG.error(
                    "The members do not hold the same at revision {} (log index {}): {}. Hashes by member: {}.",
                    round.revision,
                    index,
                    member == 0 ? "there is no majority, so nobody can tell who is wrong" : named(status, member),
                    hex(round));
            long memberId = member == 0 ? 0 : Members.id(clusterId, member);
            proposals.propose(new Command.SetAlarm(new Alarm(memberId, Alarm.Kind.CORRUPT, true), true), _ -> {});
        }
    }

    private String named(RaftStatus status, int member) {
        for (Peer peer : status.members())
            if (peer.id() == member)
                return String.format(
                        Locale.ROOT,
                        "member %016x (%s at %s) differs from the majority",
                        Members.id(clusterId, member),
                        peer.name(),
                        peer.address());
        return "member number " + member + ", which was removed, differs from the majority";
    }

    private static Map<Integer, String> hex(Round round) {
        TreeMap<Integer, String> hex = new TreeMap<>();
        round.hashes.forEach((member, hash) -> hex.put(member, Long.toHexString(hash)));
        return hex;
    }

    @Override
    public void close() {
        hasher.close();
        try {
            for (Job job : jobs.drain(1, 0)) job.view().close();
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
    }
}
