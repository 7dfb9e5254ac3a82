package holdfast.core.truth;

import holdfast.core.base.Bytes;
import holdfast.core.base.KeyRange;
import java.util.List;

/// What a log entry asks of the keyspace. Doors translate their protocols into these; a new need is a new case
/// here.
public sealed interface Command {

    /// What may stand inside a transaction.
    sealed interface Op extends Command {}

    /// Reads (etcd v3 API, `RangeRequest`). Filters first, then sort, then limit.
    ///
    /// @param atRevision revision to read at; 0 means the newest
    /// @param limitKeys most keys to return; 0 means no limit
    /// @param minModRevision with the three below: inclusive bounds, 0 means off
    record Range(
            KeyRange range,
            long atRevision,
            long limitKeys,
            Sort sort,
            boolean keysOnly,
            boolean countOnly,
            long minModRevision,
            long maxModRevision,
            long minCreateRevision,
            long maxCreateRevision)
            implements Op {
        /// Everything in `range` at the newest revision, in key order.
        public static Range of(KeyRange range) {
            return new Range(range, 0, 0, Sort.BY_KEY, false, false, 0, 0, 0, 0);
        }
    }

    /// @param ascending false turns the order around
    record Sort(Target target, boolean ascending) {
        public static final Sort BY_KEY = new Sort(Target.KEY, true);

        public enum Target {
            KEY,
            VERSION,
            CREATE_REVISION,
            MOD_REVISION,
            VALUE
        }
    }

    /// @param lease 0 for none; else it must exist
    /// @param keepValue etcd's `ignore_value`: the key must exist, its value stays
    /// @param keepLease etcd's `ignore_lease`: the key must exist, its lease stays
    record Put(Bytes key, Bytes value, long lease, boolean wantsBefore, boolean keepValue, boolean keepLease)
            implements Op {
        public static Put of(Bytes key, Bytes value) {
            return new Put(key, value, 0, false, false, false);
        }
    }

    record DeleteRange(KeyRange range, boolean wantsBefore) implements Op {}

    /// All of `success` if every compare holds before the first write, else all of `failure`; one revision for
    /// all.
    record Txn(List<Compare> compares, List<Op> success, List<Op> failure) implements Op {}

    /// @param id positive; the proposer picks it when the client did not
    record LeaseGrant(long id, long ttlMillis) implements Command {}

    /// Asked for by a client.
    record LeaseRevoke(long id) implements Command {}

    /// Proposed by the leader of `term` when the lease ran out on its clock; does nothing when a later term has
    /// begun, so that a leader that woke late cannot take leases that its successor renewed.
    record LeaseExpire(long id, long term) implements Command {}

    /// Forgets history below `revision`.
    record Compact(long revision) implements Command {}

    /// Writes a record of our own `system` space (who the members are and where): it moves no revision and
    /// makes no event, so that etcd's clients never see it. Answered by `Putted(null)`.
    ///
    /// @param value empty removes the record
    record SystemPut(Bytes key, Bytes value) implements Command {}

    /// Raises an alarm, or takes it away. An operator's alarm stays one when the store finds the same.
    record SetAlarm(Alarm alarm, boolean raised) implements Command {}

    /// Asked for by a client while users and roles are on: judged by those that hold at its place in the log.
    ///
    /// @param command never another of these
    record OnBehalf(Caller caller, Command command) implements Command {}

    /// The command itself, whoever asked for it.
    static Command bare(Command command) {
        return command instanceof OnBehalf(Caller _, Command inner) ? inner : command;
    }

    /// Changes users, roles or whether they are asked at all (etcd v3 API, Auth). Answered by [Reply.OfAuth]. Each that
    /// changes something moves the auth revision, but for [Enable].
    sealed interface AuthChange extends Command {
        /// Needs a user root with the role root.
        record Enable() implements AuthChange {}

        record Disable() implements AuthChange {}

        /// Gives a user a token; whoever proposes it has checked the password.
        ///
        /// @param tokenPrefix drawn by the proposer; the index of the entry makes it unique
        /// @param checkedRevision auth revision at which the password was right; refused when it has moved on
        record Authenticate(Bytes user, String tokenPrefix, long checkedRevision) implements AuthChange {}

        /// @param passwordHash bcrypt; empty when passwordless
        record AddUser(Bytes user, boolean passwordless, Bytes passwordHash) implements AuthChange {}

        record DeleteUser(Bytes user) implements AuthChange {}

        /// @param passwordHash empty lets nobody in
        record ChangePassword(Bytes user, Bytes passwordHash) implements AuthChange {}

        record GrantRole(Bytes user, Bytes role) implements AuthChange {}

        record RevokeRole(Bytes user, Bytes role) implements AuthChange {}

        record AddRole(Bytes role) implements AuthChange {}

        /// Takes it from every user, too.
        record DeleteRole(Bytes role) implements AuthChange {}

        /// One of the same range is replaced.
        record GrantPermission(Bytes role, Permission permission) implements AuthChange {}

        record RevokePermission(Bytes role, Bytes key, Bytes rangeEnd) implements AuthChange {}
    }
}
