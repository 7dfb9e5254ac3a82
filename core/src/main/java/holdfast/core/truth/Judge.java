package holdfast.core.truth;

import holdfast.core.base.Bytes;
import holdfast.core.base.KeyRange;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/// Says what callers may do, by the users and roles of one state; null means that nothing speaks against it. While auth
/// is off, nothing ever does (etcd v3 API, Auth).
public final class Judge {
    private final ShelfView rows;
    private final PowersMemo memo;
    private AuthRows.@Nullable State state;

    Judge(ShelfView rows, PowersMemo memo) {
        this.rows = rows;
        this.memo = memo;
    }

    /// Users or roles have changed below.
    void changed() {
        state = null;
    }

    AuthRows.State state() {
        AuthRows.State known = state;
        if (known == null) state = known = AuthRows.state(rows);
        return known;
    }

    /// Whether users and roles are on.
    public boolean enabled() {
        return state().enabled();
    }

    /// The auth revision: 1 on a fresh store, moved by every change of users and roles.
    public long revision() {
        return state().revision();
    }

    private boolean isFree(Caller caller) {
        return caller.isHouse() || !state().enabled();
    }

    /// Judges a command at its place in the log. What clients cannot ask for is free.
    @Nullable
    Refusal of(Command command) {
        if (!state().enabled()) return null;
        return switch (command) {
            case Command.OnBehalf(Caller caller, Command inner) -> of(caller, inner);
            // The store's own, or admitted at the door.
            case Command.Compact _, Command.SetAlarm _ -> null;
            case Command bare -> of(Caller.NOBODY, bare);
        };
    }

    /// Judges what a client asks for.
    @Nullable
    public Refusal of(Caller caller, Command command) {
        if (isFree(caller)) return null;
        return switch (command) {
            case Command.Op op -> ofOp(caller, op);
            case Command.LeaseGrant _ -> known(caller);
            case Command.LeaseRevoke(long id) -> {
                Refusal unknown = known(caller);
                yield unknown == null ? leaseWrites(caller, id) : unknown;
            }
            case Command.AuthChange.Authenticate _ -> null;
            case Command.AuthChange _, Command.Compact _, Command.SetAlarm _ -> root(caller);
            case Command.LeaseExpire _, Command.SystemPut _ -> null; // no client can ask for these
            case Command.OnBehalf(Caller _, Command _) -> throw new IllegalStateException("two callers: " + command);
        };
    }

    private @Nullable Refusal ofOp(Caller caller, Command.Op op) {
        return switch (op) {
            case Command.Range range -> reads(caller, range.range());
            case Command.Put put -> ofPut(caller, put);
            case Command.DeleteRange(KeyRange range, boolean wantsBefore) -> {
                Refusal refused = writes(caller, range);
                yield refused == null && wantsBefore ? reads(caller, range) : refused;
            }
            case Command.Txn txn -> ofTxn(caller, txn);
        };
    }

    private @Nullable Refusal ofPut(Caller caller, Command.Put put) {
        KeyRange key = KeyRange.single(put.key());
        Refusal refused = writes(caller, key);
        // Who could not revoke the lease may not hang a key on it.
        if (refused == null && put.lease() != 0) refused = leaseWrites(caller, put.lease());
        return refused == null && put.wantsBefore() ? reads(caller, key) : refused;
    }

    /// Both branches are judged, whichever is taken.
    private @Nullable Refusal ofTxn(Caller caller, Command.Txn txn) {
        for (Compare compare : txn.compares()) {
            Refusal refused = reads(caller, compare.range());
            if (refused != null) return refused;
        }
        List<Command.Op> ops = new ArrayList<>(txn.success());
        ops.addAll(txn.failure());
        for (Command.Op op : ops) {
            Refusal refused = ofOp(caller, op);
            if (refused != null) return refused;
        }
        return null;
    }

    /// Whether it is anybody at all.
    @Nullable
    public Refusal known(Caller caller) {
        return isFree(caller) || caller.authRevision() != 0 ? null : Refusal.USER_EMPTY;
    }

    @Nullable
    public Refusal root(Caller caller) {
        if (isFree(caller)) return null;
        if (caller.user().isEmpty()) return Refusal.USER_EMPTY;
        Powers powers = memo.of(rows, state().revision(), caller.user());
        if (powers == null) return Refusal.USER_NOT_FOUND;
        return powers.root() ? null : Refusal.PERMISSION_DENIED;
    }

    @Nullable
    public Refusal reads(Caller caller, KeyRange range) {
        return mayDo(caller, powers -> powers.mayRead(range));
    }

    private @Nullable Refusal writes(Caller caller, KeyRange range) {
        return mayDo(caller, powers -> powers.mayWrite(range));
    }

    private @Nullable Refusal mayDo(Caller caller, Predicate<Powers> allowed) {
        if (isFree(caller)) return null;
        if (caller.authRevision() == 0) return Refusal.USER_EMPTY;
        if (caller.authRevision() < state().revision()) return Refusal.AUTH_OLD_REVISION;
        Powers powers = memo.of(rows, state().revision(), caller.user());
        return powers != null && allowed.test(powers) ? null : Refusal.PERMISSION_DENIED;
    }

    /// Renewing a lease keeps its keys alive, so it needs the right to write them.
    @Nullable
    public Refusal renews(Caller caller, long lease) {
        Refusal unknown = known(caller);
        return unknown == null ? leaseWrites(caller, lease) : unknown;
    }

    /// Asking for the keys of a lease.
    @Nullable
    public Refusal asksKeys(Caller caller, long lease) {
        Refusal unknown = known(caller);
        if (unknown != null || root(caller) == null) return unknown;
        return firstOfKeys(lease, key -> reads(caller, key));
    }

    /// Asking for every lease there is.
    @Nullable
    public Refusal asksLeases(Caller caller) {
        Refusal unknown = known(caller);
        if (unknown != null || root(caller) == null) return unknown;
        @Nullable Refusal[] refused = {null};
        rows.scan(Tables.ALL_LEASES, (row, _) -> {
            refused[0] = firstOfKeys(Tables.idOfLease(row), key -> reads(caller, key));
            return refused[0] == null;
        });
        return refused[0];
    }

    private @Nullable Refusal leaseWrites(Caller caller, long lease) {
        return root(caller) == null ? null : firstOfKeys(lease, key -> writes(caller, key));
    }

    private interface OfKey {
        @Nullable
        Refusal refusal(KeyRange key);
    }

    private @Nullable Refusal firstOfKeys(long lease, OfKey judge) {
        @Nullable Refusal[] refused = {null};
        rows.scan(Tables.attached(lease), (row, _) -> {
            refused[0] = judge.refusal(KeyRange.single(Tables.keyOfAttached(row)));
            return refused[0] == null;
        });
        return refused[0];
    }

    /// Answers what `caller` asks about users and roles, or refuses.
    Reply answer(Caller caller, AuthQuery query) {
        Refusal refused = refusal(caller, query);
        if (refused != null) return new Reply.Refused(refused);
        return switch (query) {
            case AuthQuery.Status _ -> new Reply.OfAuth.Status(state().enabled(), state().revision());
            case AuthQuery.Users _ -> new Reply.OfAuth.Names(AuthRows.users(rows));
            case AuthQuery.Roles _ -> new Reply.OfAuth.Names(AuthRows.roles(rows));
            case AuthQuery.User(Bytes name) -> {
                AuthRows.User user = AuthRows.user(rows, name);
                yield user == null ? new Reply.Refused(Refusal.USER_NOT_FOUND) : new Reply.OfAuth.Names(user.roles());
            }
            case AuthQuery.Role(Bytes name) -> permissions(name);
        };
    }

    private @Nullable Refusal refusal(Caller caller, AuthQuery query) {
        Refusal refused = root(caller);
        if (refused == null) return null;
        return switch (query) {
            case AuthQuery.User(Bytes name) -> name.equals(caller.user()) ? null : refused;
            case AuthQuery.Role(Bytes name) -> {
                AuthRows.User user = AuthRows.user(rows, caller.user());
                yield user != null && user.has(name) ? null : refused;
            }
            case AuthQuery.Status _, AuthQuery.Users _, AuthQuery.Roles _ -> refused;
        };
    }

    private Reply permissions(Bytes name) {
        List<Permission> permissions = AuthRows.role(rows, name);
        if (permissions == null) return new Reply.Refused(Refusal.ROLE_NOT_FOUND);
        if (!name.equals(AuthRows.ROOT)) return new Reply.OfAuth.Permissions(permissions);
        Bytes open = Bytes.copyOf(new byte[] {0});
        return new Reply.OfAuth.Permissions(List.of(new Permission(Permission.Kind.READ_WRITE, Bytes.EMPTY, open)));
    }
}
