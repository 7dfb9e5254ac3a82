package holdfast.server.truth.raft;

import holdfast.core.base.Dice;
import holdfast.core.base.Reason;
import holdfast.server.truth.raft.RaftLog.Peer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// One simulated process and its disk. The disk outlives the process.
final class SimMember {
    final int id;
    final SimDisk disk;
    final SimMachine machine;
    private final SimWorld world;
    private final Dice dice;
    private final TreeMap<Path, SimMachine.State> files = new TreeMap<>();
    private final List<Peer> initialPeers;
    private final List<Runnable> asleep = new ArrayList<>(); // what came while paused
    private final long clockOffset;
    private final long clockRate; // a thousandth each
    private @Nullable Life life;
    private boolean paused;
    private boolean wiped;
    private final TreeMap<Long, Long> fetchedUntilNanos = new TreeMap<>(); // by a snapshot's index
    private long fetchNanosMin;
    private long fetchNanosMax = 5_000_000;
    private long heldFrom = Long.MAX_VALUE;
    private long executeNanos;

    SimMember(SimWorld world, int id, List<Peer> initialPeers, int skewPermille) {
        this.world = world;
        this.id = id;
        this.initialPeers = initialPeers;
        dice = world.dice.split();
        disk = new SimDisk(dice.split());
        machine = new SimMachine(id, world.judge, dice.split(), files, world.keyspace);
        clockOffset = dice.nextLong(1_000_000_000_000L);
        clockRate = 1_000 + dice.between(-skewPermille, skewPermille);
    }

    /// One run of the process: what it left behind in queues dies with it.
    private final class Life implements EngineHost {
        private final Engine engine;
        private boolean alive = true;
        private long executeAtNanos; // tasks keep their order
        private long busyUntilNanos;
        private long flushesSeen;

        Life() {
            engine = new Engine(
                    this,
                    world.config,
                    dice.split(),
                    disk,
                    machine,
                    new Engine.Start(SimWorld.peer(id, true), initialPeers, disk.restored()),
                    world.guards);
        }

        private void run(Runnable task) {
            if (!alive) return;
            if (paused) {
                asleep.add(() -> run(task));
                return;
            }
            task.run();
            if (!alive) return;
            long flushes = disk.flushes() - flushesSeen;
            flushesSeen = disk.flushes();
            busyUntilNanos = Math.max(busyUntilNanos, world.nowNanos()) + flushes * world.flushNanos;
            world.judge.seen(id, engine.state().term(), engine.state().leaderState() != null);
        }

        @Override
        public long nanos() {
            return clockOffset + world.nowNanos() / 1_000 * clockRate;
        }

        @Override
        public void execute(Runnable task) {
            long delay = executeNanos + (dice.oneIn(16) ? dice.nextLong(3_000_000) : 0);
            executeAtNanos = Math.max(executeAtNanos, world.nowNanos() + delay);
            world.after(executeAtNanos - world.nowNanos(), () -> run(task));
        }

        @Override
        public void schedule(Runnable task, long delayNanos) {
            world.after(delayNanos / clockRate * 1_000, () -> run(task));
        }

        @Override
        public void send(int peerId, EngineMessage message) {
            if (alive) world.net.send(id, peerId, message, Math.max(0, busyUntilNanos - world.nowNanos()));
        }

        @Override
        public boolean reachable(int peerId) {
            return !world.net.isCut(id, peerId);
        }

        @Override
        public Path newSnapshotFolder(long index) {
            return folder(index, id);
        }

        @Override
        public SnapshotHandle sealSnapshot(long index, List<Peer> peers) {
            keepNewest();
            return new SnapshotHandle(index, id, peers, List.of());
        }

        @Override
        public Path folderOf(SnapshotHandle handle) {
            return folder(handle.index(), handle.memberId());
        }

        @Override
        public void fetchSnapshot(SnapshotHandle handle, int fromPeer, Consumer<Boolean> done) {
            long takesNanos = fetchNanosMin + dice.nextLong(fetchNanosMax);
            SimMachine.State state = world.download(fromPeer, id, handle, takesNanos);
            world.after(
                    takesNanos,
                    () -> run(() -> {
                        boolean whole = state != null && world.isLinked(fromPeer, id);
                        if (whole) {
                            files.put(folderOf(handle), state);
                            keepNewest();
                        }
                        done.accept(whole);
                    }));
        }

        @Override
        public boolean isFetched(long index) {
            return world.nowNanos() < fetchedUntilNanos.getOrDefault(index, 0L);
        }

        @Override
        public void holdLog(long fromIndex) {
            heldFrom = fromIndex;
        }

        @Override
        public void peersChanged(List<Peer> peers) {}

        @Override
        public void halt(Reason why) {
            if (why.code().equals("raft-bug") || why.code().equals("machine-failed")) {
                world.judge.violation("member " + id + " halted: " + why);
            }
            world.after(0, () -> world.crash(id, dice.nextLong(300_000_000)));
            end();
        }

        void end() {
            alive = false;
        }
    }

    /// Like the real folders: what is older than the snapshot that the log could start from goes.
    private void keepNewest() {
        files.headMap(Path.of(indexName(disk.snapshotIndex())), false).clear();
    }

    /// Ordered by index, so that the oldest goes first.
    private static Path folder(long index, int member) {
        return Path.of(indexName(index), "by-" + member);
    }

    private static String indexName(long index) {
        return Long.toString(1_000_000_000_000L + index);
    }

    /// @param takesNanos for how long it is read
    SimMachine.@Nullable State file(SnapshotHandle handle, long takesNanos) {
        fetchedUntilNanos.merge(handle.index(), world.nowNanos() + takesNanos, Math::max);
        return files.get(folder(handle.index(), handle.memberId()));
    }

    void start() {
        if (life != null || wiped) return;
        Life born;
        try {
            born = new Life();
        } catch (RuntimeException | AssertionError broken) {
            world.judge.violation("member " + id + " cannot start from its disk: " + broken);
            return;
        }
        life = born;
        born.run(born.engine::start);
    }

    /// Ends the process at once; what was not flushed is gone.
    void crash() {
        Life ended = life;
        if (ended == null) return;
        ended.end();
        life = null;
        heldFrom = Long.MAX_VALUE;
        paused = false;
        asleep.clear();
        disk.crash();
        machine.crash();
    }

    /// Takes the disk away for good.
    void wipe() {
        crash();
        disk.wipe();
        machine.wipe();
        files.clear();
        wiped = true;
    }

    /// Takes the disk away and starts again under the same number, as an operator may who does not know better.
    void wipeInPlace() {
        wipe();
        wiped = false;
        world.judge.forget(id);
        start();
    }

    boolean isUp() {
        return life != null;
    }

    /// Up, and its disk has not failed.
    boolean isAlive() {
        Life now = life;
        return now != null && now.alive;
    }

    boolean isWiped() {
        return wiped;
    }

    boolean isPaused() {
        return paused;
    }

    boolean leads() {
        Life now = life;
        return now != null && now.alive && now.engine.state().leaderState() != null;
    }

    void pause() {
        paused = life != null;
    }

    void resume() {
        paused = false;
        List<Runnable> late = List.copyOf(asleep);
        asleep.clear();
        late.forEach(Runnable::run);
    }

    /// What the engine puts off, its own flush above all, waits for so long.
    void putOff(long nanos) {
        executeNanos = nanos;
    }

    void slowFetch(long nanosMax) {
        slowFetch(0, nanosMax);
    }

    void slowFetch(long nanosMin, long nanosMax) {
        fetchNanosMin = nanosMin;
        fetchNanosMax = nanosMax - nanosMin;
    }

    /// What the log was told to keep beyond what it needs.
    long heldFrom() {
        return heldFrom;
    }

    /// Power goes in the middle of a step.
    void losePowerIn(int diskCalls) {
        Life now = life;
        if (now == null) return;
        disk.dieIn(diskCalls, () -> {
            now.end();
            world.after(0, () -> world.crash(id, dice.nextLong(300_000_000)));
        });
    }

    /// Does something with the engine, as its driver would. Nothing when down.
    void with(Consumer<Engine> use) {
        Life now = life;
        if (now != null) now.run(() -> use.accept(now.engine));
    }

    @Nullable
    Engine engine() {
        Life now = life;
        return now == null ? null : now.engine;
    }
}
