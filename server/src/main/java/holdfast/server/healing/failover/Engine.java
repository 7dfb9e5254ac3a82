package holdfast.server.healing.failover;

import holdfast.core.base.NodeId;
import holdfast.core.base.Outcome;
import holdfast.core.healing.recover.failover.ClusterState;
import holdfast.core.healing.recover.failover.Holder;
import holdfast.core.healing.recover.failover.Local;
import holdfast.core.healing.recover.failover.Lsn;
import holdfast.core.healing.recover.failover.Member;
import holdfast.core.healing.recover.failover.Rule;
import java.util.SortedMap;
import org.jspecify.annotations.Nullable;

/// This host's server of one cluster: what it is, and what can be done with it. One thread, the keeper's; calls may
/// wait. It outlives the agent: what must survive a restart of the agent is kept in files by the engine.
public interface Engine extends AutoCloseable {
    /// Name of the user that may do everything, for passwords that are made anew.
    String superuser();

    /// What the store says of the cluster: told before each look.
    default void hear(@Nullable ClusterState state, SortedMap<NodeId, Member> members) {}

    /// How to get into the servers; told before anything else, and again when it changed.
    void learn(Secrets secrets);

    // ---- what an earlier agent left ----

    /// Lease of an earlier agent, 0 for none.
    long rememberedLease();

    void rememberLease(long id);

    /// The term of which the server receives nothing more, 0 for none.
    long pledged();

    /// A server that an earlier agent left learns what changed meanwhile; false when it could not be told.
    ///
    /// @param state of the cluster, null while it has none: a server with another cluster's data is not touched
    boolean refresh(@Nullable ClusterState state) throws InterruptedException;

    // ---- eyes ----

    /// @return pid of the server's first process, 0 while there is none
    long pid();

    Local look() throws InterruptedException;

    /// Name of what the server writes or receives, where it has one; else empty.
    default String history() {
        return "";
    }

    /// A parameter changed that takes effect with a restart only.
    boolean pendingRestart();

    // ---- hands ----

    /// Makes a new, empty data set, marked as founding.
    Outcome initialize() throws InterruptedException;

    /// Data that was here before us becomes the cluster's. The server is stopped.
    Outcome adopt() throws InterruptedException;

    /// The cluster that our data was made for is in the store.
    void founded();

    Outcome start() throws InterruptedException;

    /// Becomes the standby of `holder`, stopped or running.
    Outcome follow(Holder holder) throws InterruptedException;

    /// Receives no more from the primary of `term`.
    Outcome pledge(long term);

    /// Writes wait by `rule` from now on. Done when every session of the server goes by it.
    Outcome apply(Rule rule) throws InterruptedException;

    Outcome promote() throws InterruptedException;

    /// Makes the stop that follows a quick one.
    void checkpoint();

    /// Takes no more writes and sends everything to the standbys; ends the server, or makes it a standby of nobody.
    Outcome handOver() throws InterruptedException;

    /// @param orderly everything is sent to the standbys first; else at once
    Outcome stop(boolean orderly);

    /// Takes back what `from` does not have. Refused with `no-source` when it does not answer, and nothing was touched;
    /// refused otherwise: only a clone helps.
    Outcome rewind(Holder from) throws InterruptedException;

    /// Where the log ended that the last rewind took back from; zero when that is not known.
    Lsn rewoundFrom();

    /// Copies everything of `from`.
    Outcome cloneFrom(Holder from) throws InterruptedException;

    /// Leaves the server running.
    @Override
    void close();
}
