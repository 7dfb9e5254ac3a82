package holdfast.server.truth;

import holdfast.core.base.Bytes;
import holdfast.core.base.Reason;
import holdfast.core.truth.AuthQuery;
import holdfast.core.truth.Caller;
import holdfast.core.truth.Command;
import holdfast.core.truth.Keyspace;
import holdfast.core.truth.Lease;
import holdfast.core.truth.ShelfView;
import holdfast.core.truth.Tip;
import holdfast.server.base.Driver;
import holdfast.server.base.Mailbox;
import holdfast.server.base.Metrics;
import holdfast.server.base.Ticker;
import holdfast.server.truth.auth.SimpleTokens;
import holdfast.server.truth.disk.RocksShelf;
import holdfast.server.truth.raft.RaftLog;
import holdfast.server.truth.raft.RaftLog.Peer;
import holdfast.server.truth.raft.RaftLog.RaftStatus;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The store over a Raft log and a shelf on disk. It is built around the log: the log needs the machine that it
/// drives, the store needs the log.
///
/// ```
/// door -> propose -> Proposals -> RaftLog -> Replica.apply -> Keyspace -> RocksShelf
///                                               |-> Leases, WatchHub -> doors
///                        Proposals.applied <----|-> answer
/// ```
public final class ReplicatedStore implements Store, AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(ReplicatedStore.class);
    private static final long TICK_NANOS = 25_000_000;
    private static final long STOP_NANOS = 2_000_000_000L;

    private final StoreConfig config;
    private final RaftLog raft;
    private final Headers headers;
    private final Keyspace keyspace = new Keyspace();
    private final Views views;
    private final DiskState disk;
    private final Members members;
    private final Proposals proposals;
    private final Reads reads;
    private final LongReads longReads;
    private final Ranges ranges;
    private final Leases leases;
    private final WatchHub watches;
    private final Announcer announcer;
    private final MemberChanges changes;
    private final StateCopies copies;
    private final Upkeep upkeep;
    private final Replica replica;
    private final StoreMetrics metrics;
    private final AuthMirror auth;
    private final JudgedStore nobody;
    private final Driver ticks;
    private final Mailbox<Boolean> never = new Mailbox<>(1);
    private final AtomicBoolean closed = new AtomicBoolean();

    // The raft driver's thread only.
    private final List<Consumer<@Nullable Long>> leadershipListeners = new ArrayList<>();
    private @Nullable Peer lastLeader;

    /// @param shelf closed by whoever opened it, after this store
    /// @param log starts the log around the machine; entries applied before it returns answer nobody
    /// @param onBug a thread of the store broke: the process must stop
    public ReplicatedStore(
            StoreConfig config,
            Ticker ticker,
            Metrics allMetrics,
            RocksShelf shelf,
            Function<RaftLog.Machine, RaftLog> log,
            Runnable onBug) {
        this.config = config;
        metrics = new StoreMetrics(allMetrics);
        views = new Views(shelf);
        headers = new Headers(config.clusterId(), Members.id(config.clusterId(), config.member()));
        Tip tip = keyspace.tip(shelf);
        headers.applied(tip.appliedIndex(), tip.revision());
        disk = new DiskState(ticker, keyspace, shelf, metrics, onBug);
        watches = new WatchHub(keyspace, views, headers, metrics, onBug);
        auth = new AuthMirror(keyspace, new SimpleTokens(ticker, config.auth().simpleLife()), shelf);
        replica = new Replica(ticker, keyspace, shelf, views, headers, disk, metrics, auth);
        members = new Members(
                keyspace, config.clusterId(), config.member(), config.name(), config.peerUrls(), config.clientUrls());
        raft = log.apply(replica);
        changes = new MemberChanges(raft);
        copies = new StateCopies(views);
        long timeoutNanos = config.requestTimeout().toNanos();
        proposals = new Proposals(
                config.proposalLimits(timeoutNanos), ticker, raft, headers, config.member(), config.run(), metrics);
        announcer = new Announcer(raft, members, views, proposals);
        reads = new Reads(
                new Reads.Limits(config.waitingMax(), config.readers(), timeoutNanos),
                ticker,
                raft,
                headers,
                views,
                metrics,
                onBug);
        longReads = new LongReads(ticker, onBug);
        ranges = new Ranges(keyspace, reads, longReads);
        leases = new Leases(
                new Leases.Limits(timeoutNanos, config.stallLimit().toNanos(), StoreConfig.EXPIRIES_PER_TICK_MAX),
                ticker,
                raft,
                headers,
                keyspace,
                views,
                proposals,
                metrics);
        upkeep = new Upkeep(
                config,
                new Upkeep.Parts(
                        ticker, raft, headers, keyspace, views, proposals, reads, members, changes, disk, onBug));
        raft.onForce(disk::forced);
        raft.onTraffic(metrics.ofPeers(headers));
        Callers callers = new Callers(config.auth().tokens(), ticker, auth, headers, reads);
        Logins logins = new Logins(config.auth(), ticker, keyspace, auth, reads, proposals);
        nobody = new JudgedStore(
                this, new JudgedStore.Parts(keyspace, reads, ranges, leases, callers, logins), Credentials.NONE);
        raft.execute(this::open);
        ticks = new Driver("store-ticks", this::turn, onBug);
        metrics.watch(
                new StoreMetrics.Watched(raft, proposals, disk, headers, watches, upkeep.quota(), keyspace, views));
    }

    /// From here on the machine's news reach everybody; what was applied before lies on the shelf.
    private void open() {
        replica.tell(new Replica.Audience(proposals, leases, watches, upkeep, this::roleChanged));
        watches.restored(headers.revision());
        leases.restored();
        replica.roleChanged(raft.status());
    }

    private void turn() throws InterruptedException {
        boolean _ = never.drain(1, TICK_NANOS).isEmpty(); // a bounded wait that closing interrupts
        raft.execute(this::tick);
    }

    private void tick() {
        proposals.tick();
        reads.tick();
        leases.tick();
        auth.tokens().tick();
        replica.tick();
        upkeep.tick();
        longReads.tick();
        announcer.tick();
    }

    private void roleChanged(RaftStatus now) {
        @Nullable Peer leader = now.leader();
        @Nullable Long id = leader == null ? null : leaderId(leader);
        if (leader != null && !leader.equals(lastLeader)) {
            if (lastLeader != null) metrics.leaderChanges.inc();
            LOG.info("Member {} leads in term {}.", leader.name(), now.term());
            lastLeader = leader;
        }
        for (Consumer<@Nullable Long> listener : leadershipListeners) tell(listener, id);
    }

    private static void tell(Consumer<@Nullable Long> listener, @Nullable Long id) {
        try {
            listener.accept(id);
        } catch (RuntimeException bug) {
            LOG.error("A listener for the leader failed.", bug); // its bug must not stop the log
        }
    }

    private long leaderId(Peer leader) {
        return Members.id(config.clusterId(), leader.id());
    }

    @Override
    public Store as(Credentials who) {
        return nobody.as(who);
    }

    @Override
    public boolean judges() {
        return auth.enabled();
    }

    @Override
    public void admit(Right right, Consumer<Answer> done) {
        nobody.admit(right, done);
    }

    @Override
    public void auth(AuthQuery query, Consumer<Answer> done) {
        nobody.auth(query, done);
    }

    @Override
    public void authenticate(String user, String password, Consumer<Answer> done) {
        nobody.authenticate(user, password, done);
    }

    @Override
    public void hash(String password, Consumer<Hashing> done) {
        nobody.hash(password, done);
    }

    /// Judged where it is applied.
    @Override
    public void propose(Command command, Consumer<Answer> done) {
        if (upkeep.quota().admits(command, done)) proposals.propose(raised(command), done);
    }

    void propose(Caller caller, Command command, Consumer<Answer> done) {
        if (upkeep.quota().admits(command, done))
            proposals.propose(new Command.OnBehalf(caller, raised(command)), done);
    }

    private Command raised(Command command) {
        long least = config.leaseTtlMin().toMillis();
        return command instanceof Command.LeaseGrant(long id, long ttlMillis) && ttlMillis < least
                ? new Command.LeaseGrant(id, least)
                : command;
    }

    @Override
    public void range(Command.Range range, boolean linearizable, Consumer<Answer> done) {
        metrics.ranges.inc();
        if (judges()) nobody.range(range, linearizable, done);
        else ranges.whole(range, linearizable, Ranges.LAWFUL, done);
    }

    @Override
    public void longRange(Command.Range range, boolean linearizable, Consumer<PageAnswer> done) {
        metrics.ranges.inc();
        if (judges()) nobody.longRange(range, linearizable, done);
        else ranges.any(range, linearizable, Ranges.LAWFUL, done);
    }

    @Override
    public void read(Command.Txn txn, boolean linearizable, Consumer<Answer> done) {
        if (judges()) nobody.read(txn, linearizable, done);
        else reads.read(view -> keyspace.read(txn, view), Reading.isSmall(txn), linearizable, Reading.replyTo(done));
    }

    private static <T> Reads.Done<T> leaseTo(
            java.util.function.BiFunction<Header, T, LeaseAnswer> answer, Consumer<LeaseAnswer> done) {
        return new Reads.Done<>() {
            @Override
            public void answered(Header header, T found) {
                done.accept(answer.apply(header, found));
            }

            @Override
            public void refused(Reason why) {
                done.accept(new LeaseAnswer.Refused(why));
            }
        };
    }

    @Override
    public void keepAlive(long leaseId, Consumer<LeaseAnswer> done) {
        if (judges()) nobody.keepAlive(leaseId, done);
        else leases.ask(leaseId, true, done);
    }

    @Override
    public void timeToLive(long leaseId, boolean wantsKeys, Consumer<LeaseAnswer> done) {
        if (judges()) {
            nobody.timeToLive(leaseId, wantsKeys, done);
            return;
        }
        leases.ask(leaseId, false, answer -> {
            if (!wantsKeys || !(answer instanceof LeaseAnswer.Remaining left) || left.remainingMillis() < 0) {
                done.accept(answer);
                return;
            }
            Function<ShelfView, List<Bytes>> keys = view -> keyspace.attached(leaseId, view);
            reads.read(keys, false, true, leaseTo((header, found) -> Reading.withKeys(header, left, found), done));
        });
    }

    @Override
    public void leases(Consumer<LeaseAnswer> done) {
        if (judges()) {
            nobody.leases(done);
            return;
        }
        Function<ShelfView, List<Long>> ids =
                view -> keyspace.leases(view).stream().map(Lease::id).toList();
        reads.read(ids, false, true, leaseTo(LeaseAnswer.Listed::new, leases.soonestFirst(done)));
    }

    @Override
    public Watching watch(WatchRequest request, Consumer<WatchAnswer> deliver) {
        return judges() ? nobody.watch(request, deliver) : watchFree(request, deliver);
    }

    Watching watchFree(WatchRequest request, Consumer<WatchAnswer> deliver) {
        return watches.watch(request, deliver);
    }

    @Override
    public Status status() {
        RaftStatus now = raft.status();
        @Nullable Peer leader = now.leader();
        StoreSize size = StoreSize.of(disk.size(), upkeep.quota().stock());
        return new Status(
                headers.now(),
                leader == null ? 0 : leaderId(leader),
                now.commitIndex(),
                now.appliedIndex(),
                now.members().stream().noneMatch(peer -> peer.id() == config.member() && peer.voter()),
                size.totalBytes(), // never 0: etcdctl divides by it
                size.inUseBytes(),
                upkeep.quota().limitBytes(),
                upkeep.quota().stock().alarms(),
                leader == null ? List.of(Reasons.NO_LEADER.code()) : List.of());
    }

    @Override
    public void members(boolean linearizable, Consumer<MembersAnswer> done) {
        Function<ShelfView, List<Member>> list =
                view -> members.list(raft.status().members(), view);
        reads.read(list, true, linearizable, new Reads.Done<>() {
            @Override
            public void answered(Header header, List<Member> found) {
                done.accept(new MembersAnswer.Listed(header, found));
            }

            @Override
            public void refused(Reason why) {
                done.accept(new MembersAnswer.Refused(why));
            }
        });
    }

    @Override
    public void copy(Consumer<CopyAnswer> done) {
        copies.open(done);
    }

    @Override
    public void onLeadership(Consumer<@Nullable Long> changed) {
        raft.execute(() -> {
            leadershipListeners.add(changed);
            @Nullable Peer leader = raft.status().leader();
            tell(changed, leader == null ? null : leaderId(leader));
        });
    }

    @Override
    public Operations operations() {
        return upkeep;
    }

    /// Who may vote, asked on any member.
    public MemberChanges memberChanges() {
        return changes;
    }

    /// Answers everything that waits, then ends the log and all threads.
    @Override
    public void close() {
        if (!closed.compareAndSet(false, true)) return;
        ticks.close();
        CountDownLatch answered = new CountDownLatch(1);
        raft.execute(() -> {
            proposals.stop();
            reads.stop();
            leases.stop();
            watches.stop();
            leadershipListeners.clear(); // the doors close before the log does
            answered.countDown();
        });
        try {
            boolean _ = answered.await(STOP_NANOS, TimeUnit.NANOSECONDS); // a dead log answers nobody
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
        raft.close();
        copies.close();
        upkeep.close();
        reads.close();
        longReads.close();
        watches.close();
        disk.close();
    }
}
