package holdfast.server.truth;

import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.UnsafeByteOperations;
import holdfast.core.base.Bytes;
import holdfast.core.base.Reason;
import holdfast.core.truth.Applied;
import holdfast.core.truth.Command;
import holdfast.protocol.log.LeaderAsk;
import holdfast.protocol.log.LeaderReply;
import holdfast.server.base.Ticker;
import holdfast.server.truth.Store.Answer;
import holdfast.server.truth.log.BatchCodec;
import holdfast.server.truth.log.DecodedEntry;
import holdfast.server.truth.raft.RaftLog;
import holdfast.server.truth.raft.RaftLog.Appended;
import holdfast.server.truth.raft.RaftLog.Forwarded;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// Gathers commands into log entries and answers each when this member has applied it.
///
/// Commands wait in one bounded queue while [Limits#entriesInFlightMax] entries are under way, so that an entry grows
/// with the load. The leader appends what gathered here together with what followers sent; a follower sends its own to
/// the leader. Only the queue is shared: all else lives on the raft driver's thread.
///
/// What was never sent is tried again until its time is over, and then refused; what was sent and got lost is unknown.
@SuppressWarnings("ArrayRecordComponent") // its records are never compared, and carry encoded bytes once
final class Proposals {
    /// @param waitingMax most commands waiting; more are refused
    /// @param entryCommandsMax most commands that one entry carries
    /// @param entryBytesMax most bytes of one entry; a single larger command goes alone
    /// @param timeoutNanos how long one command may take in all
    record Limits(
            int waitingMax,
            int entryCommandsMax,
            int entryBytesMax,
            int entriesInFlightMax,
            int commandBytesMax,
            long timeoutNanos) {}

    private static final int FOREIGN_MAX = 4_096; // groups of followers that wait here
    private static final long HOLD_NANOS = 5_000_000; // after the log refused an entry, before the next try

    private record Proposal(byte[] command, long deadlineNanos, Consumer<Answer> done) {}

    /// Commands of this member that are with the log.
    private record Group(List<Proposal> proposals, byte[] framed) {
        long deadlineNanos() {
            return proposals.getFirst().deadlineNanos();
        }
    }

    /// A follower's group, to be appended here.
    private record Foreign(byte[] framed, Consumer<byte[]> reply) {}

    private final Limits limits;
    private final Ticker ticker;
    private final RaftLog raft;
    private final Headers headers;
    private final int self;
    private final long run;
    private final StoreMetrics metrics;

    private final ArrayBlockingQueue<Proposal> waiting;
    private final AtomicBoolean woken = new AtomicBoolean();
    private volatile boolean stopped;

    // The raft driver's thread only, from here on.
    private final ArrayDeque<Proposal> again = new ArrayDeque<>(); // surely not sent; before all that wait
    private final ArrayDeque<Foreign> foreign = new ArrayDeque<>();
    private final Map<Long, Group> underWay = new LinkedHashMap<>(); // by first sequence, oldest first
    private long nextSequence = 1;
    private final ArrayDeque<Long> appendedBootNanos = new ArrayDeque<>(); // of entries that are not applied yet
    private int inFlight;
    private long heldUntilNanos;

    /// @param run drawn anew at each start
    Proposals(Limits limits, Ticker ticker, RaftLog raft, Headers headers, int self, long run, StoreMetrics metrics) {
        this.limits = limits;
        this.ticker = ticker;
        this.raft = raft;
        this.headers = headers;
        this.self = self;
        this.run = run;
        this.metrics = metrics;
        waiting = new ArrayBlockingQueue<>(limits.waitingMax());
        heldUntilNanos = ticker.nanos();
    }

    /// From any thread.
    void propose(Command command, Consumer<Answer> done) {
        byte[] framed = BatchCodec.command(command);
        if (framed.length > limits.commandBytesMax()) {
            done.accept(new Answer.Refused(Reasons.TOO_LARGE));
            return;
        }
        if (stopped) {
            done.accept(new Answer.Refused(Reasons.STOPPED));
            return;
        }
        if (!waiting.offer(new Proposal(framed, ticker.nanos() + limits.timeoutNanos(), done))) {
            metrics.proposalsFailed.inc();
            done.accept(new Answer.Refused(Reasons.TOO_MANY_REQUESTS));
            return;
        }
        if (stopped) refuseWaiting(Reasons.STOPPED); // it may have stopped between the two looks
        else if (woken.compareAndSet(false, true)) raft.execute(this::pump);
    }

    int pending() {
        return waiting.size();
    }

    /// Sends what waits, as far as the pipeline has room.
    void pump() {
        woken.set(false);
        if (stopped || ticker.nanos() - heldUntilNanos < 0) return;
        while (inFlight < limits.entriesInFlightMax()) {
            RaftLog.RaftStatus status = raft.status();
            boolean sent = status.leading() ? appendNext() : status.leader() != null && forwardNext();
            if (!sent) return;
        }
    }

    private boolean appendNext() {
        @Nullable Group own = gather();
        if (own == null && foreign.isEmpty()) return false;
        List<byte[]> groups = new ArrayList<>();
        List<Consumer<byte[]>> replies = new ArrayList<>();
        int bytes = 0;
        if (own != null) {
            groups.add(own.framed());
            bytes = own.framed().length;
        }
        while (!foreign.isEmpty()
                && (groups.isEmpty() || bytes + foreign.getFirst().framed().length <= limits.entryBytesMax())) {
            Foreign next = foreign.removeFirst();
            groups.add(next.framed());
            replies.add(next.reply());
            bytes += next.framed().length;
        }
        inFlight++;
        long sequence = own == null ? 0 : nextSequence - own.proposals().size();
        Long since = ticker.bootNanos();
        appendedBootNanos.addLast(since);
        raft.append(BatchCodec.entry(ticker.wallMillis(), groups), what -> {
            appendedBootNanos.removeFirstOccurrence(since);
            appended(sequence, replies, what);
        });
        return true;
    }

    /// Takes the next commands of this member and numbers them; null when none wait.
    private @Nullable Group gather() {
        List<Proposal> proposals = new ArrayList<>();
        List<byte[]> commands = new ArrayList<>();
        int bytes = 0;
        while (proposals.size() < limits.entryCommandsMax() && bytes < limits.entryBytesMax()) {
            @Nullable Proposal next = again.isEmpty() ? waiting.poll() : again.removeFirst();
            if (next == null) break;
            proposals.add(next);
            commands.add(next.command());
            bytes += next.command().length;
        }
        if (proposals.isEmpty()) return null;
        Group group = new Group(proposals, BatchCodec.group(self, run, nextSequence, commands));
        underWay.put(nextSequence, group);
        nextSequence += proposals.size();
        return group;
    }

    private void appended(long sequence, List<Consumer<byte[]>> replies, Appended what) {
        inFlight--;
        switch (what) {
            case Appended.Done at -> {
                byte[] reply = LeaderReplies.done(at.index());
                for (Consumer<byte[]> to : replies) to.accept(reply);
                unknown(sequence, Reasons.LEADER_CHANGED); // nothing is left under it, but for a bug of the log
            }
            case Appended.Refused(Reason why) -> {
                for (Consumer<byte[]> to : replies) to.accept(LeaderReplies.refused(why));
                tryAgain(sequence);
            }
            case Appended.Unknown(Reason why) -> {
                for (Consumer<byte[]> to : replies) to.accept(LeaderReplies.unknown(why));
                unknown(sequence, Reasons.LEADER_CHANGED);
            }
        }
        pump();
    }

    private boolean forwardNext() {
        refuseForeign();
        @Nullable Group own = gather();
        if (own == null) return false;
        inFlight++;
        long sequence = nextSequence - own.proposals().size();
        LeaderAsk ask = LeaderAsk.newBuilder()
                .setGroup(UnsafeByteOperations.unsafeWrap(own.framed()))
                .build();
        raft.toLeader(ask.toByteArray(), what -> forwarded(sequence, what));
        return true;
    }

    private void forwarded(long sequence, Forwarded what) {
        inFlight--;
        switch (what) {
            case Forwarded.Answered(Bytes reply) -> replied(sequence, reply);
            case Forwarded.Refused _ -> tryAgain(sequence);
            case Forwarded.Unknown _ -> unknown(sequence, Reasons.CONNECTION_LOST);
        }
        pump();
    }

    private void replied(long sequence, Bytes reply) {
        LeaderReply read;
        try {
            read = LeaderReply.parseFrom(reply.unsafeArray());
        } catch (InvalidProtocolBufferException _) {
            unknown(sequence, Reasons.LEADER_CHANGED);
            return;
        }
        switch (read.getReplyCase()) {
            case DONE_INDEX -> {
                // Answered when it is applied here, unless a snapshot went past it.
                if (headers.appliedIndex() >= read.getDoneIndex()) unknown(sequence, Reasons.LEADER_CHANGED);
            }
            case REFUSED -> tryAgain(sequence);
            case UNKNOWN, LEASE, REPLY_NOT_SET -> unknown(sequence, Reasons.LEADER_CHANGED);
        }
    }

    /// A follower sends its gathered commands. Called only while this member leads or just ceased to.
    void offerForeign(byte[] framedGroup, Consumer<byte[]> reply) {
        if (stopped || !raft.status().leading()) {
            reply.accept(LeaderReplies.refused(Reasons.NO_LEADER));
        } else if (foreign.size() >= FOREIGN_MAX) {
            reply.accept(LeaderReplies.refused(Reasons.TOO_MANY_REQUESTS));
        } else {
            foreign.addLast(new Foreign(framedGroup, reply));
            if (woken.compareAndSet(false, true)) raft.execute(this::pump);
        }
    }

    /// A moment at or before which every entry was appended that this member appends and has not answered yet.
    long appendedSinceBootNanos(long nowNanos) {
        return appendedBootNanos.isEmpty() ? nowNanos : appendedBootNanos.getFirst();
    }

    /// An entry was applied: answers the commands that this run of this member proposed.
    void applied(List<DecodedEntry.Tag> tags, Applied applied) {
        int at = 0;
        for (DecodedEntry.Tag tag : tags) {
            if (tag.member() == self && tag.run() == run) answer(tag, applied, at);
            at += tag.count();
        }
    }

    private void answer(DecodedEntry.Tag tag, Applied applied, int from) {
        @Nullable Group group = underWay.remove(tag.firstSequence());
        if (group == null) return; // its time was over
        for (int index = 0; index < tag.count(); index++) {
            Applied.Answer answer = applied.replies().get(from + index);
            Callbacks.call(
                    group.proposals().get(index).done(),
                    new Answer.Done(headers.at(answer.revision()), answer.reply()));
        }
    }

    /// A snapshot replaced the state: what was under way may be in it.
    void restored() {
        for (long sequence : List.copyOf(underWay.keySet())) unknown(sequence, Reasons.LEADER_CHANGED);
    }

    /// Ends what ran out of time, and tries again what was held.
    void tick() {
        long now = ticker.nanos();
        while (!underWay.isEmpty()) {
            var oldest = underWay.entrySet().iterator().next();
            if (now - oldest.getValue().deadlineNanos() < 0) break;
            unknown(oldest.getKey(), Reasons.LEADER_LOST);
        }
        while (!again.isEmpty() && now - again.getFirst().deadlineNanos() >= 0) refuse(again.removeFirst());
        if (again.isEmpty()) {
            @Nullable Proposal oldest = waiting.peek();
            while (oldest != null && now - oldest.deadlineNanos() >= 0) {
                refuse(waiting.remove());
                oldest = waiting.peek();
            }
        }
        pump();
    }

    private void refuse(Proposal proposal) {
        metrics.proposalsFailed.inc();
        Callbacks.call(proposal.done(), new Answer.Refused(Reasons.TIMED_OUT));
    }

    /// On every change of role or leader.
    void roleChanged() {
        heldUntilNanos = ticker.nanos();
        if (!raft.status().leading()) refuseForeign();
        pump();
    }

    /// Answers everything. Nothing is proposed afterwards.
    void stop() {
        stopped = true;
        refuseWaiting(Reasons.STOPPED);
        while (!again.isEmpty()) Callbacks.call(again.removeFirst().done(), new Answer.Refused(Reasons.STOPPED));
        refuseForeign();
        for (long sequence : List.copyOf(underWay.keySet())) unknown(sequence, Reasons.STOPPED);
    }

    private void refuseWaiting(Reason why) {
        for (@Nullable Proposal next = waiting.poll(); next != null; next = waiting.poll()) {
            Callbacks.call(next.done(), new Answer.Refused(why));
        }
    }

    private void refuseForeign() {
        while (!foreign.isEmpty()) foreign.removeFirst().reply().accept(LeaderReplies.refused(Reasons.NO_LEADER));
    }

    private void tryAgain(long sequence) {
        @Nullable Group group = underWay.remove(sequence);
        heldUntilNanos = ticker.nanos() + HOLD_NANOS;
        if (group == null) return;
        for (Proposal proposal : group.proposals().reversed()) again.addFirst(proposal);
    }

    private void unknown(long sequence, Reason why) {
        @Nullable Group group = underWay.remove(sequence);
        if (group == null) return;
        metrics.proposalsFailed.inc(group.proposals().size());
        for (Proposal proposal : group.proposals()) Callbacks.call(proposal.done(), new Answer.Unknown(why));
    }
}
