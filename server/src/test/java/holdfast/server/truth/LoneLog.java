package holdfast.server.truth;

import holdfast.core.base.Bytes;
import holdfast.core.base.Reason;
import holdfast.server.base.Driver;
import holdfast.server.base.Mailbox;
import holdfast.server.truth.raft.RaftLog;
import java.util.ArrayDeque;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;

/// A log of one member in memory, whose leadership and failures a test rules.
final class LoneLog implements RaftLog {
    private static final Reason NOT_LEADER = new Reason("not-leader", "This member does not lead.");

    /// What a follower's leader does with what it is sent.
    interface Leader {
        Forwarded answer(byte[] request);
    }

    private record Held(byte[] entry, Consumer<Appended> done) {}

    private final Machine machine;
    private final Peer self = new Peer(1, "n1", "localhost:1", true);
    private final Mailbox<Runnable> tasks = new Mailbox<>(100_000);
    private final Driver driver;
    private final AtomicReference<RaftStatus> status;

    // The driver's thread only.
    private final ArrayDeque<Held> held = new ArrayDeque<>();
    private boolean holding;
    private @Nullable Leader otherLeader;
    private long index;

    LoneLog(Machine machine, long index) {
        this.machine = machine;
        this.index = index;
        status = new AtomicReference<>(new RaftStatus(self, self, true, 1, index, index, List.of(self)));
        driver = new Driver("lone-log", () -> tasks.drain(1_000, 100_000_000).forEach(Runnable::run), () -> {});
    }

    /// Appends wait until let go.
    void hold() {
        await(() -> holding = true);
    }

    void letGo() {
        execute(() -> {
            holding = false;
            while (!held.isEmpty()) order(held.removeFirst());
        });
    }

    /// Somebody else leads, or nobody; what is held becomes unknown when let go.
    void depose(@Nullable Leader leader) {
        await(() -> {
            otherLeader = leader;
            Peer other = new Peer(2, "n2", "localhost:2", true);
            become(leader == null ? null : other, status.get().term() + 1);
        });
    }

    void elect() {
        execute(() -> become(self, status.get().term() + 1));
    }

    private void await(Runnable task) {
        CountDownLatch ran = new CountDownLatch(1);
        execute(() -> {
            task.run();
            ran.countDown();
        });
        try {
            if (!ran.await(10, TimeUnit.SECONDS)) throw new AssertionError("the log does not run");
        } catch (InterruptedException bug) {
            throw new AssertionError(bug);
        }
    }

    private void order(Held append) {
        Appended what = status.get().leading()
                ? new Appended.Done(apply(append.entry), status.get().term(), "")
                : new Appended.Unknown(NOT_LEADER);
        append.done.accept(what);
    }

    private void become(@Nullable Peer leader, long term) {
        status.set(new RaftStatus(self, leader, self.equals(leader), term, index, index, List.of(self)));
        machine.roleChanged(status.get());
    }

    /// Applies an entry that another member had ordered.
    void applyForeign(byte[] entry) {
        execute(() -> apply(entry));
    }

    private long apply(byte[] entry) {
        index++;
        RaftStatus now = status.get();
        status.set(new RaftStatus(self, now.leader(), now.leading(), now.term(), index, index, now.members()));
        Object unused = machine.apply(index, now.term(), entry);
        return index;
    }

    @Override
    public void append(byte[] entry, Consumer<Appended> done) {
        if (!status.get().leading()) {
            done.accept(new Appended.Refused(NOT_LEADER));
            return;
        }
        Held append = new Held(entry, done);
        execute(() -> {
            if (holding) held.add(append);
            else order(append);
        });
    }

    @Override
    public void readBarrier(Consumer<Barrier> done) {
        execute(() -> done.accept(
                status.get().leader() == null ? new Barrier.Refused(NOT_LEADER) : new Barrier.Reached(index)));
    }

    @Override
    public void toLeader(byte[] request, Consumer<Forwarded> done) {
        Leader leader = otherLeader;
        if (status.get().leading()) {
            machine.forwarded(request, reply -> done.accept(new Forwarded.Answered(Bytes.wrap(reply))));
        } else if (leader != null) {
            execute(() -> done.accept(leader.answer(request)));
        } else {
            done.accept(new Forwarded.Refused(NOT_LEADER));
        }
    }

    @Override
    public void alsoListen(String host, int port) {}

    @Override
    public void execute(Runnable task) {
        if (!tasks.offer(task)) throw new IllegalStateException("full");
    }

    @Override
    public RaftStatus status() {
        return status.get();
    }

    @Override
    public void addLearner(Peer peer, Consumer<Appended> done) {
        done.accept(new Appended.Refused(NOT_LEADER));
    }

    @Override
    public void promote(int peerId, Consumer<Appended> done) {
        done.accept(new Appended.Refused(NOT_LEADER));
    }

    @Override
    public void remove(int peerId, Consumer<Appended> done) {
        done.accept(new Appended.Refused(NOT_LEADER));
    }

    @Override
    public void transferLeadership(int peerId, Consumer<Appended> done) {
        done.accept(new Appended.Refused(NOT_LEADER));
    }

    @Override
    public void readdress(Peer peer, Consumer<Appended> done) {
        done.accept(new Appended.Refused(NOT_LEADER));
    }

    @Override
    public boolean isConnected(int peerId) {
        return peerId == self.id();
    }

    @Override
    public void onForce(LongConsumer nanos) {}

    @Override
    public void onTraffic(PeerEar ear) {}

    @Override
    public void close() {
        driver.close();
    }
}
