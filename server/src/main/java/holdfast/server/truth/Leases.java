package holdfast.server.truth;

import com.google.protobuf.InvalidProtocolBufferException;
import holdfast.core.base.Bytes;
import holdfast.core.base.Reason;
import holdfast.core.truth.Applied;
import holdfast.core.truth.Batch;
import holdfast.core.truth.Command;
import holdfast.core.truth.Keyspace;
import holdfast.core.truth.LeaseBook;
import holdfast.core.truth.LeaseBook.Kept;
import holdfast.core.truth.LeaseBook.Word;
import holdfast.protocol.log.FadingLeases;
import holdfast.protocol.log.LeaderAsk;
import holdfast.protocol.log.LeaderReply;
import holdfast.protocol.log.LeaseAsk;
import holdfast.protocol.log.LeaseReply;
import holdfast.protocol.log.LeaseState;
import holdfast.server.base.Ticker;
import holdfast.server.truth.Store.LeaseAnswer;
import holdfast.server.truth.raft.RaftLog;
import holdfast.server.truth.raft.RaftLog.Barrier;
import holdfast.server.truth.raft.RaftLog.Forwarded;
import holdfast.server.truth.raft.RaftLog.RaftStatus;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// Counts leases down and, on the leader, proposes their end. Renewals and questions go to the leader, gathered like
/// proposals; the log hears of a renewal when the one it heard of last is too old ([LeaseBook#needsLog]), and then the
/// client is answered after that. A new leader answers nothing before it has applied all that its predecessors
/// acknowledged: only then it knows every lease.
///
/// All but the queue lives on the raft driver's thread.
final class Leases {
    private static final int WAITING_MAX = 65_536;
    private static final Bytes RENEWED = Bytes.utf8("lease/renewed"); // its value: the ids of the last entry
    private static final int ASK_MAX = 4_096; // leases in one question to the leader
    private static final int ASKS_IN_FLIGHT_MAX = 4;
    private static final Bytes FADING = Bytes.utf8("lease/fading"); // how long the leases of the last entry are kept
    private static final long EXPIRE_LIMIT_NANOS = 10_000_000_000L; // then the book names a due lease again

    /// @param renew or ask
    private record Ask(long id, boolean renew, long deadlineNanos, Consumer<LeaseAnswer> done) {}

    /// A follower's question that waits until this new leader knows every lease.
    private record Foreign(LeaseAsk ask, Consumer<byte[]> reply) {}

    /// @param stallLimitNanos a longer gap between two ticks is this process's own stall, credited to all leases
    record Limits(long timeoutNanos, long stallLimitNanos, int expiriesPerTickMax) {}

    private final Limits limits;
    private final Ticker ticker;
    private final RaftLog raft;
    private final Headers headers;
    private final Keyspace keyspace;
    private final Views views;
    private final Proposals proposals;
    private final StoreMetrics metrics;
    private final LeaseBook book;
    private final ArrayBlockingQueue<Ask> waiting = new ArrayBlockingQueue<>(WAITING_MAX);
    private final AtomicBoolean woken = new AtomicBoolean();
    private volatile boolean stopped;

    private final ArrayDeque<Ask> again = new ArrayDeque<>();
    private final List<Foreign> foreign = new ArrayList<>();
    private long ledTerm; // the term that the book is for, 0 when not leading
    private boolean ready; // the book knows every lease
    private boolean barrierUnderWay;
    private int inFlight;

    Leases(
            Limits limits,
            Ticker ticker,
            RaftLog raft,
            Headers headers,
            Keyspace keyspace,
            Views views,
            Proposals proposals,
            StoreMetrics metrics) {
        this.limits = limits;
        this.ticker = ticker;
        this.raft = raft;
        this.headers = headers;
        this.keyspace = keyspace;
        this.views = views;
        this.proposals = proposals;
        this.metrics = metrics;
        book = new LeaseBook(limits.expiriesPerTickMax(), limits.stallLimitNanos(), EXPIRE_LIMIT_NANOS);
    }

    /// Renews or asks, from any thread.
    ///
    /// @param renew true for [LeaseAnswer.Renewed]; false for [LeaseAnswer.Remaining], without keys
    void ask(long id, boolean renew, Consumer<LeaseAnswer> done) {
        Ask ask = new Ask(id, renew, ticker.nanos() + limits.timeoutNanos(), done);
        if (stopped) done.accept(new LeaseAnswer.Refused(Reasons.STOPPED));
        else if (!waiting.offer(ask)) done.accept(new LeaseAnswer.Refused(Reasons.TOO_MANY_REQUESTS));
        else if (stopped) refuseWaiting(Reasons.STOPPED);
        else if (woken.compareAndSet(false, true)) raft.execute(this::pump);
    }

    /// Takes a list of leases and hands it on with what ends next first, as far as this member counts them down.
    Consumer<LeaseAnswer> soonestFirst(Consumer<LeaseAnswer> done) {
        return answer -> {
            if (stopped || !(answer instanceof LeaseAnswer.Listed(Store.Header header, List<Long> ids))) {
                done.accept(answer);
                return;
            }
            raft.execute(() -> Callbacks.call(done, new LeaseAnswer.Listed(header, book.soonestFirst(ids))));
        };
    }

    private void pump() {
        woken.set(false);
        RaftStatus status = raft.status();
        if (stopped || status.leader() == null) return;
        if (status.leading()) {
            if (ready) answerAll();
            return;
        }
        while (inFlight < ASKS_IN_FLIGHT_MAX && forwardNext()) {}
    }

    private void answerAll() {
        List<Ask> renewals = new ArrayList<>();
        long now = ticker.bootNanos();
        for (@Nullable Ask next = next(); next != null; next = next()) {
            if (!next.renew() || !book.needsLog(now, next.id())) answerHere(next);
            else if (renewals.add(next) && renewals.size() == ASK_MAX) renewals = logged(renewals);
        }
        boolean _ = logged(renewals).isEmpty();
    }

    /// Answers renewals once the log has heard of them. Returns a new list.
    private List<Ask> logged(List<Ask> renewals) {
        if (renewals.isEmpty()) return renewals;
        log(renewals.stream().map(Ask::id).toList(), written -> {
            if (written && ready) renewals.forEach(this::answerHere);
            else renewals.forEach(again::addLast); // the next tick tries them again
        });
        return new ArrayList<>();
    }

    private void log(List<Long> ids, Consumer<Boolean> written) {
        Bytes value = Bytes.wrap(LeaseAsk.newBuilder().addAllIds(ids).build().toByteArray());
        proposals.propose(
                new Command.SystemPut(RENEWED, value), answer -> written.accept(answer instanceof Store.Answer.Done));
    }

    private @Nullable Ask next() {
        return again.isEmpty() ? waiting.poll() : again.removeFirst();
    }

    private void answerHere(Ask ask) {
        Store.Header header = headers.now(); // before the renewal, as etcd's clients expect
        Callbacks.call(ask.done(), answer(ask.renew(), header, state(ask.id(), ask.renew())));
    }

    private LeaseState state(long id, boolean renew) {
        long now = ticker.bootNanos();
        LeaseState.Builder state = LeaseState.newBuilder().setId(id);
        if (renew) {
            metrics.leasesRenewed.inc();
            return state.setRemainingMillis(book.renewed(now, id)).build();
        }
        return state.setRemainingMillis(book.remainingMillis(now, id))
                .setGrantedMillis(book.grantedMillis(id))
                .build();
    }

    private static LeaseAnswer answer(boolean renew, Store.Header header, LeaseState state) {
        if (renew) return new LeaseAnswer.Renewed(header, state.getRemainingMillis());
        return new LeaseAnswer.Remaining(header, state.getGrantedMillis(), state.getRemainingMillis(), List.of());
    }

    private boolean forwardNext() {
        @Nullable Ask first = next();
        if (first == null) return false;
        List<Ask> asks = new ArrayList<>();
        LeaseAsk.Builder ask =
                LeaseAsk.newBuilder().setKind(first.renew() ? LeaseAsk.Kind.KEEP_ALIVE : LeaseAsk.Kind.TIME_TO_LIVE);
        for (@Nullable Ask next = first; next != null; next = next()) {
            if (next.renew() != first.renew() || asks.size() == ASK_MAX) {
                again.addFirst(next);
                break;
            }
            asks.add(next);
            ask.addIds(next.id());
        }
        Store.Header header = headers.now();
        inFlight++;
        byte[] request = LeaderAsk.newBuilder().setLease(ask).build().toByteArray();
        raft.toLeader(request, what -> forwarded(asks, header, what));
        return true;
    }

    /// Renewing twice does no harm, so whatever went wrong is tried again until its time is over.
    private void forwarded(List<Ask> asks, Store.Header header, Forwarded what) {
        inFlight--;
        @Nullable LeaseReply reply = read(what);
        if (reply == null || reply.getStatesCount() != asks.size()) {
            for (Ask ask : asks.reversed()) again.addFirst(ask); // the next tick sends them
            return;
        }
        for (int index = 0; index < asks.size(); index++) {
            Ask ask = asks.get(index);
            Callbacks.call(ask.done(), answer(ask.renew(), header, reply.getStates(index)));
        }
        pump();
    }

    private static @Nullable LeaseReply read(Forwarded what) {
        if (!(what instanceof Forwarded.Answered(Bytes bytes))) return null;
        try {
            LeaderReply reply = LeaderReply.parseFrom(bytes.unsafeArray());
            return reply.hasLease() ? reply.getLease() : null;
        } catch (InvalidProtocolBufferException _) {
            return null;
        }
    }

    /// A follower's question, while this member leads.
    void answerFollower(LeaseAsk ask, Consumer<byte[]> reply) {
        if (!raft.status().leading() || foreign.size() >= WAITING_MAX) {
            reply.accept(LeaderReply.getDefaultInstance().toByteArray());
        } else if (ready) {
            boolean renew = ask.getKind() == LeaseAsk.Kind.KEEP_ALIVE;
            long now = ticker.bootNanos();
            List<Long> unlogged = renew
                    ? ask.getIdsList().stream()
                            .filter(id -> book.needsLog(now, id))
                            .toList()
                    : List.of();
            if (unlogged.isEmpty()) answer(ask, renew, reply);
            else
                log(unlogged, written -> {
                    if (written && ready) answer(ask, renew, reply);
                    else reply.accept(LeaderReply.getDefaultInstance().toByteArray());
                });
        } else {
            foreign.add(new Foreign(ask, reply));
        }
    }

    private void answer(LeaseAsk ask, boolean renew, Consumer<byte[]> reply) {
        LeaseReply.Builder states = LeaseReply.newBuilder();
        for (long id : ask.getIdsList()) states.addStates(state(id, renew));
        reply.accept(LeaderReply.newBuilder().setLease(states).build().toByteArray());
    }

    /// A batch was applied, here or on any other member.
    void applied(Batch batch, Applied applied) {
        long now = ticker.bootNanos();
        Word word = new Word(applied.index(), proposals.appendedSinceBootNanos(now), now);
        book.offer(word, batch, applied);
        for (Command command : batch.commands()) {
            if (!(command instanceof Command.SystemPut(Bytes key, Bytes value))) continue;
            if (key.equals(RENEWED)) renewed(word, value);
            else if (key.equals(FADING)) fading(now, value);
        }
    }

    private void renewed(Word word, Bytes ids) {
        try {
            for (long id : LeaseAsk.parseFrom(ids.unsafeArray()).getIdsList()) book.logged(word, id);
        } catch (InvalidProtocolBufferException damaged) {
            throw new IllegalStateException("an entry with renewals that cannot be read", damaged);
        }
    }

    private void fading(long now, Bytes leases) {
        try {
            FadingLeases fading = FadingLeases.parseFrom(leases.unsafeArray());
            for (LeaseState state : fading.getStatesList())
                book.kept(now, fading.getKnownIndex(), new Kept(state.getId(), state.getRemainingMillis()));
        } catch (InvalidProtocolBufferException damaged) {
            throw new IllegalStateException("an entry with fading leases that cannot be read", damaged);
        }
    }

    /// Has the log say how long those leases are kept that nobody renews.
    private void tellFading() {
        List<Kept> fading = book.fading(ticker.bootNanos());
        if (fading.isEmpty()) return;
        FadingLeases.Builder states = FadingLeases.newBuilder().setKnownIndex(headers.appliedIndex());
        for (Kept kept : fading)
            states.addStates(LeaseState.newBuilder().setId(kept.id()).setRemainingMillis(kept.leftMillis()));
        proposals.propose(
                new Command.SystemPut(FADING, Bytes.wrap(states.build().toByteArray())), _ -> {}); // told again if lost
    }

    /// The state begins here, or was replaced.
    void restored() {
        long now = ticker.bootNanos();
        book.learned(new Word(headers.appliedIndex(), now, now), keyspace.leases(views.newest()));
    }

    void roleChanged(RaftStatus now) {
        if (now.leading() && now.term() != ledTerm) {
            ledTerm = now.term();
            ready = false;
            learnLeases();
        } else if (!now.leading() && ledTerm != 0) {
            ledTerm = 0;
            ready = false;
            book.deposed();
            answerForeign();
        }
        pump();
    }

    private void learnLeases() {
        if (barrierUnderWay) return;
        long term = ledTerm;
        barrierUnderWay = true;
        raft.readBarrier(barrier -> {
            barrierUnderWay = false;
            if (ledTerm == 0 || ready || !(barrier instanceof Barrier.Reached)) return; // the next tick asks again
            if (ledTerm != term) {
                learnLeases();
                return;
            }
            book.elected(ticker.bootNanos());
            ready = true;
            answerForeign();
            pump();
        });
    }

    private void answerForeign() {
        List<Foreign> waited = List.copyOf(foreign);
        foreign.clear();
        for (Foreign one : waited) answerFollower(one.ask(), one.reply());
    }

    void tick() {
        if (ledTerm != 0 && !ready) learnLeases();
        for (long id : book.tick(ticker.bootNanos(), raft.status().leader() != null)) {
            metrics.leasesExpired.inc();
            proposals.propose(new Command.LeaseExpire(id, ledTerm), _ -> {}); // the book names it again if lost
        }
        tellFading();
        refuseLate();
        pump();
    }

    private void refuseLate() {
        long now = ticker.nanos();
        for (@Nullable Ask next = again.peekFirst(); next != null; next = again.peekFirst()) {
            if (now - next.deadlineNanos() < 0) return;
            refuse(again.removeFirst(), Reasons.NO_LEADER);
        }
        for (@Nullable Ask next = waiting.peek(); next != null; next = waiting.peek()) {
            if (now - next.deadlineNanos() < 0) return;
            refuse(waiting.remove(), Reasons.NO_LEADER);
        }
    }

    private static void refuse(Ask ask, Reason why) {
        Callbacks.call(ask.done(), new LeaseAnswer.Refused(why));
    }

    void stop() {
        stopped = true;
        refuseWaiting(Reasons.STOPPED);
        while (!again.isEmpty()) refuse(again.removeFirst(), Reasons.STOPPED);
        ready = false;
        book.deposed();
        for (Foreign one : foreign)
            one.reply().accept(LeaderReply.getDefaultInstance().toByteArray());
        foreign.clear();
    }

    private void refuseWaiting(Reason why) {
        for (@Nullable Ask next = waiting.poll(); next != null; next = waiting.poll()) refuse(next, why);
    }
}
