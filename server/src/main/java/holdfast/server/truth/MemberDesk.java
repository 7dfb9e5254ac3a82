package holdfast.server.truth;

import holdfast.core.base.Reason;
import holdfast.core.truth.Command;
import holdfast.core.truth.ShelfView;
import holdfast.protocol.log.MemberAsk;
import holdfast.protocol.log.MemberRecord;
import holdfast.server.truth.Store.Answer;
import holdfast.server.truth.raft.RaftLog;
import holdfast.server.truth.raft.RaftLog.Appended;
import holdfast.server.truth.raft.RaftLog.Peer;
import java.util.ArrayDeque;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Changes of members as clients ask for them, carried out by the leader one after the other, with the checks
/// and the refusals of etcd ([MemberRules]).
///
/// A member that was added as a voter follows the log as a learner first; this leader gives it its vote once it
/// is in sync. Until then it counts for nothing, whatever its address.
///
/// All on the raft driver's thread.
final class MemberDesk {
    private static final Logger LOG = LoggerFactory.getLogger(MemberDesk.class);
    /// Refused: another member leads from now on; ask it.
    static final Reason LEADER_MOVED = new Reason("leader-moved", "Another member leads now.");

    private static final int WAITING_MAX = 64;
    private static final int NUMBER_TRIES_MAX = 16;
    private static final int PROMOTION_TICKS = 20;

    private record Job(MemberAsk ask, Consumer<byte[]> reply) {}

    private final Members members;
    private final RaftLog raft;
    private final Supplier<ShelfView> newest;
    private final Proposals proposals;
    private final boolean strict;
    private final ArrayDeque<Job> waiting = new ArrayDeque<>();
    private boolean busy;
    private int ticksToPromotion;

    MemberDesk(Members members, RaftLog raft, Supplier<ShelfView> newest, Proposals proposals, boolean strict) {
        this.members = members;
        this.raft = raft;
        this.newest = newest;
        this.proposals = proposals;
        this.strict = strict;
    }

    /// A member asks its leader, this one.
    void answer(MemberAsk ask, Consumer<byte[]> reply) {
        if (waiting.size() >= WAITING_MAX) reply.accept(LeaderReplies.refused(Reasons.TOO_MANY_REQUESTS));
        else waiting.addLast(new Job(ask, reply));
        next();
    }

    private void next() {
        if (busy) return;
        @Nullable Job job = waiting.pollFirst();
        if (job == null) return;
        busy = true;
        Consumer<byte[]> done = bytes -> {
            busy = false;
            job.reply().accept(bytes);
            raft.execute(this::next);
        };
        MemberRules rules = new MemberRules(members.roll(raft.status().members(), newest.get()), raft::isConnected);
        MemberAsk ask = job.ask();
        switch (ask.getKind()) {
            case ASK_ADD -> add(rules, ask, done);
            case ASK_REMOVE -> remove(rules, ask, done);
            case ASK_UPDATE -> update(rules, ask, done);
            case ASK_PROMOTE -> promote(rules, ask, done);
            case ADD_LEARNER, PROMOTE, REMOVE, LEAD, UNRECOGNIZED ->
                done.accept(LeaderReplies.refused(
                        new Reason("unknown-request", "This member does not know what it was asked.")));
        }
    }

    private void add(MemberRules rules, MemberAsk ask, Consumer<byte[]> done) {
        @Nullable Reason why = rules.refuseAddition(ask.getPeerUrlsList(), ask.getLearner(), strict);
        if (why == null) addAs(members.freeNumber(raft.status().members(), newest.get()), NUMBER_TRIES_MAX, ask, done);
        else done.accept(LeaderReplies.refused(why));
    }

    private void addAs(int number, int tries, MemberAsk ask, Consumer<byte[]> done) {
        MemberRecord record = MemberRecord.newBuilder()
                .addAllPeerUrls(ask.getPeerUrlsList())
                .setWantsVote(!ask.getLearner())
                .build();
        String address = MemberRules.addressOf(ask.getPeerUrls(0));
        write(
                number,
                record,
                done,
                () -> raft.addLearner(new Peer(number, "", address, false), what -> {
                    boolean used = what instanceof Appended.Refused(Reason why)
                            && why.code().equals("id-used");
                    if (used && tries > 1) addAs(number + 1, tries - 1, ask, done);
                    else done.accept(reply(what, number));
                }));
    }

    private void remove(MemberRules rules, MemberAsk ask, Consumer<byte[]> done) {
        MemberRules.@Nullable Entry entry = rules.find(ask.getMemberId());
        if (entry == null) {
            done.accept(LeaderReplies.refused(Reasons.MEMBER_NOT_FOUND));
            return;
        }
        int self = raft.status().self().id();
        @Nullable Reason why = strict ? rules.refuseRemoval(entry, self) : null;
        if (why != null) done.accept(LeaderReplies.refused(why));
        else if (entry.number() == self) moveOn(self, done);
        else raft.remove(entry.number(), what -> done.accept(reply(what, entry.number())));
    }

    /// This leader is to leave: somebody else has to take the lead first, and is asked again. Alone it stays.
    private void moveOn(int self, Consumer<byte[]> done) {
        for (Peer peer : raft.status().members()) {
            if (peer.id() == self || !peer.voter() || !raft.isConnected(peer.id())) continue;
            raft.transferLeadership(
                    peer.id(),
                    what -> done.accept(
                            what instanceof Appended.Done
                                    ? LeaderReplies.refused(LEADER_MOVED)
                                    : LeaderReplies.refused(Reasons.UNHEALTHY)));
            return;
        }
        done.accept(LeaderReplies.refused(Reasons.UNHEALTHY));
    }

    private void update(MemberRules rules, MemberAsk ask, Consumer<byte[]> done) {
        MemberRules.@Nullable Entry entry = rules.find(ask.getMemberId());
        if (entry == null) {
            done.accept(LeaderReplies.refused(Reasons.MEMBER_NOT_FOUND));
            return;
        }
        @Nullable Reason why = rules.refuseUrls(ask.getPeerUrlsList(), entry.number());
        if (why != null) {
            done.accept(LeaderReplies.refused(why));
            return;
        }
        MemberRecord record = entry.record().toBuilder()
                .clearPeerUrls()
                .addAllPeerUrls(ask.getPeerUrlsList())
                .build();
        String address = MemberRules.addressOf(ask.getPeerUrls(0));
        Peer peer = new Peer(entry.number(), record.getName(), address, entry.voter());
        write(entry.number(), record, done, () -> raft.readdress(peer, what -> done.accept(reply(what, peer.id()))));
    }

    private void promote(MemberRules rules, MemberAsk ask, Consumer<byte[]> done) {
        MemberRules.@Nullable Entry entry = rules.find(ask.getMemberId());
        if (entry == null) {
            done.accept(LeaderReplies.refused(Reasons.MEMBER_NOT_FOUND));
        } else if (entry.votes()) {
            done.accept(LeaderReplies.refused(Reasons.NOT_A_LEARNER));
        } else if (strict && !rules.isReadyToPromote()) {
            done.accept(LeaderReplies.refused(Reasons.NOT_ENOUGH_STARTED));
        } else {
            raft.promote(entry.number(), what -> done.accept(reply(what, entry.number())));
        }
    }

    /// Writes a member's record, then goes on; when that fails, `done` hears why.
    private void write(int number, MemberRecord record, Consumer<byte[]> done, Runnable then) {
        Command command = Members.write(number, record);
        proposals.propose(
                command,
                answer -> raft.execute(() -> {
                    switch (answer) {
                        case Answer.Done _ -> then.run();
                        case Answer.Refused(Reason why) -> done.accept(LeaderReplies.refused(why));
                        case Answer.Unknown(Reason why) -> done.accept(LeaderReplies.unknown(why));
                    }
                }));
    }

    /// Gives their vote to those who were added as voters and are in sync by now.
    void tick() {
        if (busy || ticksToPromotion-- > 0) return;
        ticksToPromotion = PROMOTION_TICKS;
        List<Peer> peers = raft.status().members();
        if (!raft.status().leading() || peers.stream().allMatch(Peer::voter)) return;
        for (MemberRules.Entry entry : members.roll(peers, newest.get())) {
            if (entry.voter() || !entry.votes()) continue;
            busy = true;
            raft.promote(entry.number(), what -> {
                busy = false;
                if (what instanceof Appended.Done)
                    LOG.info("Member {} is in sync and votes from now on.", Long.toHexString(entry.id()));
                raft.execute(this::next);
            });
            return;
        }
    }

    private static byte[] reply(Appended what, int number) {
        return switch (what) {
            case Appended.Done _ -> LeaderReplies.done(number);
            case Appended.Refused(Reason why) -> LeaderReplies.refused(translated(why));
            case Appended.Unknown _ -> LeaderReplies.unknown(Reasons.LEADER_CHANGED);
        };
    }

    /// The log's reasons in the words of the doors.
    private static Reason translated(Reason why) {
        return switch (why.code()) {
            case "too-many-learners" -> Reasons.TOO_MANY_LEARNERS;
            case "not-a-member" -> Reasons.MEMBER_NOT_FOUND;
            case "already-voter" -> Reasons.NOT_A_LEARNER;
            case "not-caught-up" -> Reasons.LEARNER_NOT_READY;
            case "not-leader" -> Reasons.LEADER_CHANGED;
            default -> why;
        };
    }
}
