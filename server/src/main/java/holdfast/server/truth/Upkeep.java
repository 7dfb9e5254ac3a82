package holdfast.server.truth;

import holdfast.core.base.Bytes;
import holdfast.core.base.KeyRange;
import holdfast.core.base.Outcome;
import holdfast.core.base.Reason;
import holdfast.core.truth.Alarm;
import holdfast.core.truth.Applied;
import holdfast.core.truth.AutoCompaction;
import holdfast.core.truth.Batch;
import holdfast.core.truth.Command;
import holdfast.core.truth.Keyspace;
import holdfast.core.truth.Refusal;
import holdfast.core.truth.Reply;
import holdfast.core.truth.ShelfView;
import holdfast.protocol.log.DigestReport;
import holdfast.protocol.log.MemberAsk;
import holdfast.server.base.Ticker;
import holdfast.server.truth.Store.Answer;
import holdfast.server.truth.Store.Header;
import holdfast.server.truth.raft.RaftLog;
import holdfast.server.truth.raft.RaftLog.Peer;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Keeps the store in order, by itself and when asked: quota and alarms, automatic compaction, comparison of
/// members, changes of members.
final class Upkeep implements Operations, AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Upkeep.class);
    private static final Bytes DOWNGRADE = Bytes.utf8("downgrade");
    private static final Set<String> PASSING = Set.of(
            Reasons.NO_LEADER.code(),
            Reasons.NOT_LEADER.code(),
            Reasons.LEADER_CHANGED.code(),
            MemberDesk.LEADER_MOVED.code(),
            "too-busy", // the log's own: a leader that has just begun, or another change
            "membership-changing",
            "transferring");
    private static final int QUIET_TICKS = 10; // between two looks at alarms

    /// The parts of the store that this one works with.
    record Parts(
            Ticker ticker,
            RaftLog raft,
            Headers headers,
            Keyspace keyspace,
            Views views,
            Proposals proposals,
            Reads reads,
            Members members,
            MemberChanges changes,
            DiskState disk,
            Runnable onBug) {}

    private final Parts parts;
    private final Quota quota;
    private final Verifier verifier;
    private final MemberDesk desk;
    private final @Nullable AutoCompaction compaction;
    private final long timeoutNanos;
    private final ArrayDeque<Runnable> again = new ArrayDeque<>(); // at the next tick
    private int ticksToAlarms;

    Upkeep(StoreConfig config, Parts parts) {
        this.parts = parts;
        timeoutNanos = config.requestTimeout().toNanos();
        UpkeepConfig upkeep = config.upkeep();
        quota = new Quota(
                upkeep.quotaBytes(),
                parts.headers().memberId(),
                parts.raft(),
                parts.proposals(),
                parts.keyspace().stock(parts.views().newest()));
        verifier = new Verifier(
                upkeep.verifyEvery(),
                config.clusterId(),
                config.member(),
                parts.ticker(),
                parts.raft(),
                parts.keyspace(),
                parts.views(),
                parts.proposals(),
                parts.onBug());
        desk = new MemberDesk(
                parts.members(), parts.raft(), parts.views()::newest, parts.proposals(), upkeep.strictMembership());
        compaction = upkeep.retention().isOn() ? new AutoCompaction(upkeep.retention()) : null;
    }

    Quota quota() {
        return quota;
    }

    /// A batch was applied. On the raft driver's thread, like all below up to [#close].
    void applied(Batch batch, Applied applied) {
        quota.now(parts.keyspace().stock(parts.views().newest()));
        verifier.applied(batch, applied.index());
    }

    /// Something was scrubbed, or a snapshot came.
    void stocked() {
        quota.now(parts.keyspace().stock(parts.views().newest()));
    }

    void tick() {
        for (int left = again.size(); left > 0; left--) again.removeFirst().run();
        verifier.tick();
        desk.tick();
        compact();
        if (ticksToAlarms-- > 0) return;
        ticksToAlarms = QUIET_TICKS;
        quota.tick();
    }

    private void compact() {
        if (compaction == null) return;
        long revision = compaction.tick(
                parts.ticker().nanos(),
                parts.headers().revision(),
                parts.raft().status().leading());
        if (revision == 0) return;
        LOG.info("Automatic compaction to revision {}.", revision);
        parts.proposals()
                .propose(
                        new Command.Compact(revision),
                        answer -> parts.raft().execute(() -> compacted(compaction, revision, answer)));
    }

    private void compacted(AutoCompaction asked, long revision, Answer answer) {
        boolean done = answer instanceof Answer.Done(Header _, Reply reply)
                && (reply instanceof Reply.Compacted || reply.equals(new Reply.Refused(Refusal.REVISION_COMPACTED)));
        if (done) asked.done(parts.ticker().nanos(), revision);
        else LOG.warn("The compaction to revision {} did not happen: {}. It is tried again.", revision, answer);
    }

    void answerFollower(MemberAsk ask, Consumer<byte[]> reply) {
        switch (ask.getKind()) {
            case ASK_ADD, ASK_REMOVE, ASK_UPDATE, ASK_PROMOTE -> desk.answer(ask, reply);
            case ADD_LEARNER, PROMOTE, REMOVE, LEAD, UNRECOGNIZED ->
                parts.changes().answerFollower(ask, reply);
        }
    }

    void answerFollower(DigestReport report, Consumer<byte[]> reply) {
        verifier.answerFollower(report, reply);
    }

    @Override
    public void alarms(Consumer<Told<List<Alarm>>> done) {
        read(view -> parts.keyspace().stock(view).alarms(), true, true, done);
    }

    @Override
    public void digest(long revision, Consumer<Told<Keyspace.Digest>> done) {
        read(view -> parts.keyspace().digest(view, revision), false, false, done);
    }

    private <T> void read(Function<ShelfView, T> query, boolean small, boolean linearizable, Consumer<Told<T>> done) {
        parts.reads().read(query, small, linearizable, new Reads.Done<T>() {
            @Override
            public void answered(Header header, T answer) {
                done.accept(new Told.Done<>(header, answer));
            }

            @Override
            public void refused(Reason why) {
                done.accept(new Told.Refused<>(why));
            }
        });
    }

    @Override
    public void addMember(List<String> peerUrls, boolean learner, Consumer<Told<Changed>> done) {
        MemberAsk.Builder ask = MemberAsk.newBuilder()
                .setKind(MemberAsk.Kind.ASK_ADD)
                .addAllPeerUrls(peerUrls)
                .setLearner(learner);
        change(ask, done);
    }

    @Override
    public void removeMember(long memberId, Consumer<Told<Changed>> done) {
        change(MemberAsk.newBuilder().setKind(MemberAsk.Kind.ASK_REMOVE).setMemberId(memberId), done);
    }

    @Override
    public void updateMember(long memberId, List<String> peerUrls, Consumer<Told<Changed>> done) {
        MemberAsk.Builder ask = MemberAsk.newBuilder()
                .setKind(MemberAsk.Kind.ASK_UPDATE)
                .setMemberId(memberId)
                .addAllPeerUrls(peerUrls);
        change(ask, done);
    }

    @Override
    public void promoteMember(long memberId, Consumer<Told<Changed>> done) {
        change(MemberAsk.newBuilder().setKind(MemberAsk.Kind.ASK_PROMOTE).setMemberId(memberId), done);
    }

    /// The leader answers with the number of the member that it changed. Then everybody is read here, behind it.
    private void change(MemberAsk.Builder ask, Consumer<Told<Changed>> done) {
        change(ask.build(), parts.ticker().nanos() + timeoutNanos, done);
    }

    private void change(MemberAsk ask, long deadlineNanos, Consumer<Told<Changed>> done) {
        parts.changes().ask(ask, outcome -> {
            switch (outcome) {
                case Outcome.Done(long number) ->
                    listed((int) number, ask.getKind() == MemberAsk.Kind.ASK_REMOVE, done);
                case Outcome.Refused(Reason why)
                when PASSING.contains(why.code()) && parts.ticker().nanos() - deadlineNanos < 0 ->
                    again.addLast(() -> change(ask, deadlineNanos, done));
                case Outcome.Refused(Reason why) -> done.accept(new Told.Refused<>(why));
                case Outcome.Unknown(Reason why) -> readBack(ask, why, deadlineNanos, done);
            }
        });
    }

    /// Nobody knows what became of it. Whether a member is gone can be seen, so a removal is looked at, and asked for
    /// again if it did not happen; of the others the client has to find out.
    private void readBack(MemberAsk ask, Reason why, long deadlineNanos, Consumer<Told<Changed>> done) {
        boolean late = parts.ticker().nanos() - deadlineNanos >= 0;
        if (late || ask.getKind() != MemberAsk.Kind.ASK_REMOVE) {
            done.accept(new Told.Refused<>(why));
            return;
        }
        Function<ShelfView, Changed> list = view -> new Changed(
                ask.getMemberId(), parts.members().list(parts.raft().status().members(), view));
        read(list, true, true, told -> {
            boolean there = !(told instanceof Told.Done<Changed>(Header _, Changed now))
                    || now.members().stream().anyMatch(member -> member.id() == ask.getMemberId());
            if (!there) done.accept(told);
            else parts.raft().execute(() -> again.addLast(() -> change(ask, deadlineNanos, done)));
        });
    }

    private void listed(int number, boolean removed, Consumer<Told<Changed>> done) {
        long changedId = Members.id(parts.headers().clusterId(), number);
        Function<ShelfView, Changed> list = view -> new Changed(
                changedId, parts.members().list(parts.raft().status().members(), view));
        boolean gone =
                removed && number == parts.raft().status().self().id(); // a removed member hears no more of the others
        if (!gone) read(list, true, true, done);
        else read(view -> without(changedId, list.apply(view)), true, false, done);
    }

    private static Changed without(long memberId, Changed changed) {
        List<Store.Member> others = changed.members().stream()
                .filter(member -> member.id() != memberId)
                .toList();
        return new Changed(memberId, others);
    }

    @Override
    public void moveLeader(long memberId, Consumer<Told<Boolean>> done) {
        parts.raft().execute(() -> {
            RaftLog.RaftStatus now = parts.raft().status();
            @Nullable Peer target = null;
            for (Peer peer : now.members())
                if (peer.voter() && Members.id(parts.headers().clusterId(), peer.id()) == memberId) target = peer;
            if (!now.leading()) {
                done.accept(new Told.Refused<>(Reasons.NOT_LEADER));
            } else if (target == null) {
                done.accept(new Told.Refused<>(Reasons.BAD_TRANSFEREE));
            } else if (target.id() == now.self().id()) {
                done.accept(new Told.Done<>(parts.headers().now(), true));
            } else {
                parts.changes().lead(target.id(), outcome -> {
                    switch (outcome) {
                        case Outcome.Done _ ->
                            done.accept(new Told.Done<>(parts.headers().now(), true));
                        case Outcome.Refused(Reason why) -> done.accept(new Told.Refused<>(why));
                        case Outcome.Unknown _ -> done.accept(new Told.Refused<>(Reasons.TRANSFER_TOO_LONG));
                    }
                });
            }
        });
    }

    @Override
    public void downgradeTo(String version, Consumer<Told<Boolean>> done) {
        parts.proposals().propose(new Command.SystemPut(DOWNGRADE, Bytes.utf8(version)), answer -> {
            switch (answer) {
                case Answer.Done(Header header, Reply _) -> done.accept(new Told.Done<>(header, true));
                case Answer.Refused(Reason why) -> done.accept(new Told.Refused<>(why));
                case Answer.Unknown(Reason why) -> done.accept(new Told.Refused<>(why));
            }
        });
    }

    @Override
    public void downgrade(boolean linearizable, Consumer<Told<String>> done) {
        Function<ShelfView, String> target = view -> {
            @Nullable
            Bytes set =
                    parts.keyspace().system(KeyRange.single(DOWNGRADE), view).get(DOWNGRADE);
            return set == null ? "" : set.utf8();
        };
        read(target, true, linearizable, done);
    }

    @Override
    public void defragment(Consumer<Told<Boolean>> done) {
        Consumer<Boolean> over = tidied -> done.accept(
                tidied ? new Told.Done<>(parts.headers().now(), true) : new Told.Refused<>(Reasons.STOPPED));
        if (!parts.disk().tidy(over)) done.accept(new Told.Refused<>(Reasons.TOO_MANY_REQUESTS));
    }

    @Override
    public void close() {
        verifier.close();
    }
}
