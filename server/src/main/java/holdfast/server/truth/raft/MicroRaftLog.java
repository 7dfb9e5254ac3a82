package holdfast.server.truth.raft;

import holdfast.core.base.Reason;
import holdfast.server.base.Threads;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// One member as it runs in production: the [Engine] on a [RaftDriver], a [SegmentLog] under it, a
/// [PeerTransport] beside it. This class puts them together and carries calls from other threads over.
final class MicroRaftLog implements RaftLog {
    private static final Logger LOG = LoggerFactory.getLogger(MicroRaftLog.class);
    private static final Reason STOPPING = new Reason("stopping", "This member stops.");
    private static final int CLOSE_SECONDS_MAX = 10;

    private final RaftOptions options;
    private final SegmentLog log;
    private final SnapshotFolders folders;
    private final SnapshotCheck check;
    private final RaftDriver driver;
    private final PeerSockets sockets;
    private final PeerTransport transport;
    private final Engine engine;
    private volatile RaftStatus role;
    private volatile long commitIndex;
    private volatile long appliedIndex;
    private volatile int port;
    private boolean closed; // on the driver's thread
    private long snapshotAskedAt;
    private volatile boolean snapshotSpoilt; // the newest cannot be given to anybody
    private volatile boolean halted;

    private MicroRaftLog(RaftOptions options, Machine machine, SegmentLog log, SnapshotFolders folders) {
        this.options = options;
        this.log = log;
        this.folders = folders;
        check = new SnapshotCheck(machine::damage, why -> halt(why, null), () -> snapshotSpoilt = true);
        this.role = new RaftStatus(options.self(), null, false, 0, 0, 0, options.initialPeers());
        Executor background = task -> Threads.startPlatform("raft-snapshot-delete", task);
        log.onSnapshot(index -> background.execute(() -> folders.forgetBefore(index)));
        Peer self = options.self();
        driver = new RaftDriver(
                "raft-" + self.id(), bug -> halt(new Reason("raft-bug", "The Raft driver broke: " + bug + "."), bug));
        sockets = new PeerSockets(
                new PeerSockets.Self(options.clusterId(), self.id(), self.name(), self.address()),
                options.tls(),
                () -> role.members());
        Host host = new Host();
        transport = new PeerTransport(driver, sockets, options.ticker(), host);
        engine = new Engine(
                host,
                options.config(),
                options.dice(),
                log,
                new WatchedMachine(machine, now -> role = now),
                new Engine.Start(self, options.initialPeers(), log.restored()));
    }

    /// See [RaftLog#open].
    static MicroRaftLog open(RaftOptions options, Machine machine) throws IOException {
        return open(options, machine, filesOf(options));
    }

    static LogFiles filesOf(RaftOptions options) throws IOException {
        return LogFiles.in(options.folder().resolve("log"));
    }

    static MicroRaftLog open(RaftOptions options, Machine machine, LogFiles files) throws IOException {
        Executor background = task -> Threads.startPlatform("raft-segment", task);
        SegmentLog.Halt halt = (sentence, cause) -> {
            LOG.error("{} The process stops.", sentence, cause);
            options.onHalt().accept(new Reason("disk-failed", sentence));
        };
        SegmentLog log = SegmentLog.open(
                files, new SegmentLog.Options(options.segmentBytes(), options.heapBytes()), background, halt);
        SnapshotFolders folders = new SnapshotFolders(
                options.folder().resolve("snapshots"), options.self().id(), options.ticker());
        try {
            StartCheck.run(log.restored(), options, folders, machine);
        } catch (IOException refused) {
            log.close(); // it makes its next file in the background
            throw refused;
        }
        MicroRaftLog opened = new MicroRaftLog(options, machine, log, folders);
        opened.start();
        return opened;
    }

    private void start() throws IOException {
        driver.execute(() -> {
            driver.onEndOfTurn(this::endTurn);
            transport.start();
            engine.start();
        });
        try {
            port = sockets.listen(options.listenHost(), options.listenPort(), this::accept);
        } catch (IOException taken) {
            close();
            throw taken;
        }
    }

    @Override
    public void alsoListen(String host, int port) throws IOException {
        sockets.listen(host, port, this::accept);
    }

    private PeerSockets.Use accept(Frames.Hello hello) {
        if (!hello.wantsSnapshot()) return transport.accept(hello);
        return new PeerSockets.Use(sockets.sideLoop(), new SnapshotServing(folders, check), _ -> {});
    }

    private void endTurn() {
        transport.write();
        commitIndex = engine.state().commitIndex();
        appliedIndex = engine.appliedIndex();
        boolean due = snapshotSpoilt || log.bytesSinceSnapshot() > options.logBytesMax();
        if (!due || appliedIndex <= snapshotAskedAt) return;
        snapshotAskedAt = appliedIndex; // the engine may refuse: asked again when more was applied, never at once
        driver.later(engine::snapshot);
    }

    private void halt(Reason why, @Nullable Throwable cause) {
        halted = true;
        LOG.error("Raft stops the process: {}", why.sentence(), cause);
        options.onHalt().accept(why);
    }

    /// The port that this member listens on.
    int port() {
        return port;
    }

    /// What the last member that refused a connection said, or nothing.
    String lastRefusal() {
        return sockets.lastRefusal();
    }

    /// Connections that this member tried to make in vain.
    long dialFailures() {
        return transport.dialFailures();
    }

    /// Messages to other members that were dropped.
    long dropped() {
        return transport.dropped();
    }

    private void onDriver(Runnable step, Runnable otherwise) {
        boolean taken = driver.execute(() -> {
            if (closed || halted) otherwise.run();
            else step.run();
        });
        if (!taken) otherwise.run();
    }

    private void change(Consumer<Appended> done, Runnable step) {
        onDriver(step, () -> done.accept(new Appended.Refused(STOPPING)));
    }

    @Override
    public void append(byte[] entry, Consumer<Appended> done) {
        change(done, () -> {
            int bytesMax = options.segmentBytes() / 4;
            if (entry.length <= bytesMax) {
                engine.append(entry, done);
            } else {
                String sentence = "The entry has " + entry.length + " bytes; the most is " + bytesMax + ".";
                done.accept(new Appended.Refused(new Reason("too-large", sentence)));
            }
        });
    }

    @Override
    public void readBarrier(Consumer<Barrier> done) {
        onDriver(() -> engine.readBarrier(done), () -> done.accept(new Barrier.Refused(STOPPING)));
    }

    @Override
    public void toLeader(byte[] request, Consumer<Forwarded> done) {
        onDriver(() -> engine.toLeader(request, done), () -> done.accept(new Forwarded.Refused(STOPPING)));
    }

    @Override
    public void execute(Runnable task) {
        driver.execute(task);
    }

    @Override
    public RaftStatus status() {
        RaftStatus now = role;
        return new RaftStatus(
                now.self(), now.leader(), now.leading(), now.term(), commitIndex, appliedIndex, now.members());
    }

    @Override
    public void addLearner(Peer peer, Consumer<Appended> done) {
        change(done, () -> engine.addLearner(peer, done));
    }

    @Override
    public void promote(int peerId, Consumer<Appended> done) {
        change(done, () -> engine.promote(peerId, done));
    }

    @Override
    public void remove(int peerId, Consumer<Appended> done) {
        change(done, () -> engine.remove(peerId, done));
    }

    @Override
    public void transferLeadership(int peerId, Consumer<Appended> done) {
        change(done, () -> engine.transferLeadership(peerId, done));
    }

    @Override
    public void readdress(Peer peer, Consumer<Appended> done) {
        change(done, () -> engine.readdress(peer, done));
    }

    @Override
    public boolean isConnected(int peerId) {
        return peerId == options.self().id() || transport.reachable(peerId);
    }

    @Override
    public void onForce(LongConsumer nanos) {
        driver.execute(() -> log.onForce(options.ticker(), nanos));
    }

    @Override
    public void onTraffic(PeerEar ear) {
        driver.execute(() -> transport.onTraffic(ear));
    }

    /// Ends the member: what waits is refused or unknown, the log is flushed and closed. Waits for all of it;
    /// not to be called from a callback.
    @Override
    public void close() {
        CountDownLatch done = new CountDownLatch(1);
        boolean taken = driver.execute(() -> {
            if (!closed) {
                closed = true;
                engine.close();
                transport.close();
                closeLog();
            }
            done.countDown();
        });
        if (taken && !halted) awaitClosed(done);
        sockets.close();
        driver.close();
    }

    private void closeLog() {
        try {
            log.close();
        } catch (IOException failed) {
            LOG.warn("The Raft log could not be closed.", failed);
        }
    }

    private static void awaitClosed(CountDownLatch done) {
        try {
            if (!done.await(CLOSE_SECONDS_MAX, TimeUnit.SECONDS)) LOG.warn("The Raft driver does not end.");
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
    }

    /// What the engine asks of the world.
    private final class Host implements EngineHost, PeerTransport.Listener {
        @Override
        public long nanos() {
            return options.ticker().nanos();
        }

        @Override
        public void execute(Runnable task) {
            driver.later(task);
        }

        @Override
        public void schedule(Runnable task, long delayNanos) {
            driver.schedule(task, delayNanos);
        }

        @Override
        public void send(int peerId, EngineMessage message) {
            transport.send(peerId, message);
        }

        @Override
        public boolean reachable(int peerId) {
            return transport.reachable(peerId);
        }

        @Override
        public Path newSnapshotFolder(long index) throws IOException {
            return folders.fresh();
        }

        @Override
        public SnapshotHandle sealSnapshot(long index, List<Peer> peers) throws IOException {
            snapshotSpoilt = false;
            check.made();
            return folders.seal(index, peers);
        }

        @Override
        public Path folderOf(SnapshotHandle handle) {
            return folders.of(handle);
        }

        @Override
        public void fetchSnapshot(SnapshotHandle handle, int fromPeer, Consumer<Boolean> done) {
            Peer from = transport.peer(fromPeer);
            Consumer<Boolean> answer = whole -> driver.execute(() -> done.accept(whole));
            if (Files.isDirectory(folders.of(handle))) {
                answer.accept(true);
            } else if (from == null) {
                answer.accept(false);
            } else {
                SnapshotFetch fetch = new SnapshotFetch(folders, check, handle, answer);
                PeerSockets.Use use = new PeerSockets.Use(sockets.sideLoop(), fetch, fetch::begin);
                sockets.dial(from, true, use, why -> {
                    LOG.warn("The snapshot at {} cannot be fetched: {}.", handle.index(), why);
                    answer.accept(false);
                });
            }
        }

        @Override
        public boolean isFetched(long index) {
            return folders.isRead(index, options.self().id());
        }

        @Override
        public void holdLog(long fromIndex) {
            log.hold(fromIndex);
        }

        @Override
        public void peersChanged(List<Peer> peers) {
            transport.peers(peers);
        }

        @Override
        public void halt(Reason why) {
            MicroRaftLog.this.halt(why, null);
        }

        @Override
        public void received(int peer, EngineMessage message) {
            engine.receive(peer, message);
        }

        @Override
        public void gone(int peer) {
            engine.peerGone(peer);
        }
    }
}
