package holdfast.server.truth;

import holdfast.core.base.Reason;
import holdfast.core.truth.Alarm;
import holdfast.core.truth.Keyspace;
import holdfast.server.truth.Store.Header;
import holdfast.server.truth.Store.Member;
import java.util.List;
import java.util.function.Consumer;

/// What operators ask of the store, on any member. No method waits: answers come by callback, once each, as in
/// [Store]. Alarms are raised and taken away by [holdfast.core.truth.Command.SetAlarm].
public interface Operations {

    /// What became of a question or a change.
    sealed interface Told<T> {
        record Done<T>(Header header, T answer) implements Told<T> {}

        /// It did not happen, or nobody knows whether it did; [Reasons] has the codes.
        record Refused<T>(Reason why) implements Told<T> {}
    }

    /// A change of members, and everybody as they are after it.
    ///
    /// @param changedId who was added, removed, updated or given a vote
    record Changed(long changedId, List<Member> members) {}

    /// The alarms that stand, linearizable.
    void alarms(Consumer<Told<List<Alarm>>> done);

    /// A hash over all that can be read at `revision` on this member, 0 for its newest; equal on all members at
    /// equal revision and compact revision.
    void digest(long revision, Consumer<Told<Keyspace.Digest>> done);

    /// Adds a member, which may start from then on. A voter follows as a learner until it is in sync, so that
    /// one that cannot be reached costs nobody the majority.
    ///
    /// @param peerUrls `http` or `https`; members reach it at the first
    /// @param learner whether it shall stay without a vote until somebody promotes it
    void addMember(List<String> peerUrls, boolean learner, Consumer<Told<Changed>> done);

    void removeMember(long memberId, Consumer<Told<Changed>> done);

    void updateMember(long memberId, List<String> peerUrls, Consumer<Told<Changed>> done);

    /// Gives a learner its vote; refused while it lags.
    void promoteMember(long memberId, Consumer<Told<Changed>> done);

    /// Hands the lead over; only the leader does it.
    void moveLeader(long memberId, Consumer<Told<Boolean>> done);

    /// Says to which version the cluster is to be downgraded, empty for none: nothing else comes of it.
    void downgradeTo(String version, Consumer<Told<Boolean>> done);

    /// What [#downgradeTo] said last.
    void downgrade(boolean linearizable, Consumer<Told<String>> done);

    /// Has the disk give back what nothing uses; reads and writes go on. Answered when it is given back.
    void defragment(Consumer<Told<Boolean>> done);
}
