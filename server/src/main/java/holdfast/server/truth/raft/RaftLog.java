package holdfast.server.truth.raft;

import holdfast.core.base.Bytes;
import holdfast.core.base.Reason;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;

/// A log that a majority agrees on. One thread, the raft driver's, runs the engine, applies entries and calls
/// every callback; nothing here waits.
public interface RaftLog extends AutoCloseable {

    /// Starts this member: reads its log, restores the machine if its own disk is behind, listens for the
    /// others. Comes back before there is a leader.
    ///
    /// Throws [IOException] with one sentence when the folder cannot be used, its log is damaged or the address
    /// is taken.
    static RaftLog open(RaftOptions options, Machine machine) throws IOException {
        return MicroRaftLog.open(options, machine);
    }

    /// Appends `entry` on the leader; elsewhere refused with code `not-leader`. The answer comes after this
    /// member has applied it, so that [Machine#apply] was called just before on the same thread.
    void append(byte[] entry, Consumer<Appended> done);

    sealed interface Appended {
        /// @param result what [Machine#apply] returned
        record Done(long index, long term, Object result) implements Appended {}

        record Refused(Reason why) implements Appended {}

        /// It may yet be committed (leadership lost, timed out).
        record Unknown(Reason why) implements Appended {}
    }

    /// Answers once this member has applied everything that was committed anywhere when the barrier was asked:
    /// then a local read is linearizable. Works on followers (they ask the leader). Overlapping barriers share
    /// rounds.
    void readBarrier(Consumer<Barrier> done);

    sealed interface Barrier {
        record Reached(long index) implements Barrier {}

        record Refused(Reason why) implements Barrier {}
    }

    /// Sends bytes to the leader's [Machine#forwarded] and its answer back. On the leader itself it calls
    /// straight.
    void toLeader(byte[] request, Consumer<Forwarded> done);

    sealed interface Forwarded {
        record Answered(Bytes reply) implements Forwarded {}

        /// It was never sent.
        record Refused(Reason why) implements Forwarded {}

        record Unknown(Reason why) implements Forwarded {}
    }

    /// Lets members connect at another address, too. Any thread.
    ///
    /// @throws IOException when it is taken
    void alsoListen(String host, int port) throws IOException;

    /// Runs `task` on the driver's thread.
    void execute(Runnable task);

    RaftStatus status();

    /// @param leader null while unknown
    record RaftStatus(
            Peer self,
            @Nullable Peer leader,
            boolean leading,
            long term,
            long commitIndex,
            long appliedIndex,
            List<Peer> members) {}

    /// @param id stable small number, never used again after removal
    /// @param address `host:port` of its peer socket
    record Peer(int id, String name, String address, boolean voter) {}

    /// Adds a learner and answers when the change is committed.
    void addLearner(Peer peer, Consumer<Appended> done);

    /// Makes a learner a voter, after it has caught up; refused with `not-caught-up` before.
    void promote(int peerId, Consumer<Appended> done);

    void remove(int peerId, Consumer<Appended> done);

    void transferLeadership(int peerId, Consumer<Appended> done);

    /// Tells everybody that a member is reached somewhere else from now on.
    void readdress(Peer peer, Consumer<Appended> done);

    /// Whether a connection to that member stands; true for this one. On the driver's thread.
    boolean isConnected(int peerId);

    /// Tells how long each forcing of the log to disk took.
    void onForce(LongConsumer nanos);

    /// Tells what goes between this member and others.
    void onTraffic(PeerEar ear);

    /// Hears the traffic with other members, by their numbers. On the driver's thread.
    interface PeerEar {
        PeerEar DEAF = new PeerEar() {};

        default void sent(int peer, int bytes) {}

        default void received(int peer, int bytes) {}

        /// A message was dropped, since nobody was there or too much waited already.
        default void notSent(int peer) {}

        default void roundTrip(int peer, long nanos) {}
    }

    @Override
    void close();

    /// The state machine that entries are applied to. All calls but [#damage] come on the driver's thread.
    interface Machine {
        /// Applies one entry, in index order, each once. Everything since the last flush may be applied again
        /// after a crash: the machine skips indexes at or below its own applied one.
        Object apply(long index, long term, byte[] entry);

        /// The highest index whose effects survive a crash of this process and machine.
        long durableIndex();

        /// Makes a snapshot of the state as it is now, in `into` (an empty folder), quickly (checkpoint, hard
        /// links).
        void snapshot(long index, Path into);

        /// Which files of the snapshot in `folder` are not as [#snapshot] wrote them, in a sentence; null when
        /// all are, or when nobody can tell. Reads everything: on any thread that may wait. Throws when our own
        /// state turns out to be damaged, too.
        ///
        /// @param each called before each file
        default @Nullable String damage(Path folder, Runnable each) {
            return null;
        }

        /// Replaces the whole state by the snapshot in `from`.
        void restore(long index, Path from);

        /// A request that another member sent to its leader, here while this member leads. Answer exactly once,
        /// later or now; an empty answer never means success.
        void forwarded(byte[] request, Consumer<byte[]> reply);

        /// Leadership as this member sees it: called on every change of role, leader or term.
        void roleChanged(RaftStatus now);
    }
}
