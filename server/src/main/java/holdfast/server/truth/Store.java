package holdfast.server.truth;

import holdfast.core.base.Bytes;
import holdfast.core.base.KeyRange;
import holdfast.core.base.Reason;
import holdfast.core.truth.Alarm;
import holdfast.core.truth.AuthQuery;
import holdfast.core.truth.Command;
import holdfast.core.truth.Event;
import holdfast.core.truth.EventBatch;
import holdfast.core.truth.KeyValue;
import holdfast.core.truth.Reply;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// The replicated keyspace as every door sees it, on any member. No method waits: answers come by callback, once
/// each, on a thread of the store that the callback must not hold up.
public interface Store {

    /// What became of a request.
    sealed interface Answer {
        /// The header's revision is the store's right after the command.
        record Done(Header header, Reply reply) implements Answer {}

        /// It did not happen and will not (no leader, queue full, too large, stopping).
        record Refused(Reason why) implements Answer {}

        /// It may have happened (leader lost, timed out).
        record Unknown(Reason why) implements Answer {}
    }

    /// etcd's response header.
    record Header(long clusterId, long memberId, long term, long revision) {}

    /// This store as somebody sees it. What is asked of the store itself, nobody asks: while users and roles are on,
    /// that
    /// is refused where somebody must be known.
    Store as(Credentials who);

    /// Whether users and roles are on, as far as this member has applied the log. One volatile read.
    boolean judges();

    /// Whether he has the right: `Done` with [Reply.OfAuth.Changed] or with [Reply.Refused].
    void admit(Right right, Consumer<Answer> done);

    /// Asks about users and roles, linearizably.
    void auth(AuthQuery query, Consumer<Answer> done);

    /// Checks a password and gives a token: `Done` with [Reply.OfAuth.Authenticated] or with [Reply.Refused].
    void authenticate(String user, String password, Consumer<Answer> done);

    /// Hashes a password, which no command may carry in the clear.
    void hash(String password, Consumer<Hashing> done);

    sealed interface Hashing {
        record Hashed(Bytes hash) implements Hashing {}

        record Refused(Reason why) implements Hashing {}
    }

    /// Orders, applies and answers. Works on any member: a follower forwards to the leader.
    void propose(Command command, Consumer<Answer> done);

    /// Reads. Linearizable takes one read barrier shared by all reads then waiting; otherwise the local state as
    /// it is. Refused when the page takes more than a few MiB.
    void range(Command.Range range, boolean linearizable, Consumer<Answer> done);

    /// The same for a page of any length.
    void longRange(Command.Range range, boolean linearizable, Consumer<PageAnswer> done);

    sealed interface PageAnswer {
        /// As [#range] would say it.
        record Whole(Answer answer) implements PageAnswer {}

        /// A page too long to be made in memory, to be taken in pieces.
        record Pieces(Header header, LongPage page) implements PageAnswer {}
    }

    /// A page under way, read from a state that stands still. Close it, whatever happens; who takes nothing for a
    /// minute loses it.
    interface LongPage extends AutoCloseable {
        /// Keys in the range, before limit and filters.
        long count();

        /// Whether the limit cut it short.
        boolean more();

        /// Bytes of all pairs as fields of etcd's answer.
        long pairBytes();

        /// Asks for the next pairs, when the last ones have come. Empty at the end; null when the page was lost.
        void next(Consumer<@Nullable List<KeyValue>> pairs);

        @Override
        void close();
    }

    /// A read-only transaction, under the same two rules.
    void read(Command.Txn txn, boolean linearizable, Consumer<Answer> done);

    /// Renews a lease with the leader, without the log.
    ///
    /// @param done the header before the renewal and the TTL in milliseconds, 0 when there is no such lease
    void keepAlive(long leaseId, Consumer<LeaseAnswer> done);

    /// @param wantsKeys whether to list the attached keys
    void timeToLive(long leaseId, boolean wantsKeys, Consumer<LeaseAnswer> done);

    /// Every live lease id.
    void leases(Consumer<LeaseAnswer> done);

    sealed interface LeaseAnswer {
        record Renewed(Header header, long ttlMillis) implements LeaseAnswer {}

        /// @param remainingMillis -1 when there is no such lease
        record Remaining(Header header, long grantedMillis, long remainingMillis, List<Bytes> keys)
                implements LeaseAnswer {}

        record Listed(Header header, List<Long> ids) implements LeaseAnswer {}

        record Refused(Reason why) implements LeaseAnswer {}
    }

    /// Watches a range. Deliveries come in revision order, one at a time; the watcher asks for more when it has
    /// sent what it got, so a slow one costs nobody else.
    Watching watch(WatchRequest request, Consumer<WatchAnswer> deliver);

    /// @param fromRevision first revision wanted; 0 means the next one
    /// @param wantsBefore whether events carry the pair before them
    record WatchRequest(KeyRange range, long fromRevision, boolean wantsBefore, boolean puts, boolean deletes) {}

    /// A watch under way. Close to cancel.
    interface Watching extends AutoCloseable {
        /// Says that the client took everything delivered so far.
        void taken();

        /// Says that the last delivery was thrown away, for want of room. Nothing is delivered until [#taken]; then it
        /// goes on with what was thrown away.
        void dropped();

        /// The highest revision up to which everything was delivered, or -1 while this watcher is behind.
        long syncedRevision();

        @Override
        void close();
    }

    sealed interface WatchAnswer {
        /// First answer of all, with the store's revision at that moment.
        record Created(Header header) implements WatchAnswer {}

        /// Whole revisions only: the events of one revision are never split over two.
        record Events(Header header, List<EventBatch> batches) implements WatchAnswer {
            public List<Event> events() {
                return EventBatch.eventsOf(batches);
            }
        }

        /// The revision asked for is gone. Last answer.
        record Compacted(Header header, long compactRevision) implements WatchAnswer {}

        /// The store stops. Last answer.
        record Ended(Reason why) implements WatchAnswer {}
    }

    Status status();

    /// @param leaderId member id of the leader, 0 while there is none
    /// @param diskBytes bytes on disk; `liveBytes` those in use
    /// @param quotaBytes what it may hold; below 0 there is no limit
    /// @param alarms those that stand, as far as this member knows
    record Status(
            Header header,
            long leaderId,
            long raftIndex,
            long appliedIndex,
            boolean learner,
            long diskBytes,
            long liveBytes,
            long quotaBytes,
            List<Alarm> alarms,
            List<String> errors) {}

    /// The members as the log has them.
    void members(boolean linearizable, Consumer<MembersAnswer> done);

    sealed interface MembersAnswer {
        record Listed(Header header, List<Member> members) implements MembersAnswer {}

        record Refused(Reason why) implements MembersAnswer {}
    }

    record Member(long id, String name, List<String> peerUrls, List<String> clientUrls, boolean learner) {}

    /// A copy of the whole state as it stands on this member, to be taken in pieces. Nobody waits for whoever takes
    /// it; who takes nothing for a minute loses it.
    void copy(Consumer<CopyAnswer> done);

    sealed interface CopyAnswer {
        record Ready(StateCopy copy) implements CopyAnswer {}

        record Refused(Reason why) implements CopyAnswer {}
    }

    /// An [holdfast.core.truth.Archive] under way. Close it, whatever happens.
    interface StateCopy extends AutoCloseable {
        /// Of all pieces together.
        long bytes();

        /// Asks for the next piece, when the last one has come. Empty at the end; null when the copy was lost.
        void next(Consumer<@Nullable Bytes> piece);

        @Override
        void close();
    }

    /// What operators ask for.
    Operations operations();

    /// Calls `changed` at once and whenever this member gains (`leader` its own id), loses or changes its
    /// leader.
    void onLeadership(Consumer<@Nullable Long> changed);
}
