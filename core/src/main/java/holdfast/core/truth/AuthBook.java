package holdfast.core.truth;

import holdfast.core.base.Bytes;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Changes users and roles: what each [Command.AuthChange] does (etcd v3 API, Auth). Whether the caller may was judged
/// before.
final class AuthBook {
    private static final Reply CHANGED = new Reply.OfAuth.Changed();

    private final Draft rows;
    private final Judge judge;
    private final long index;

    /// @param index of the entry under way
    AuthBook(Draft rows, Judge judge, long index) {
        this.rows = rows;
        this.judge = judge;
        this.index = index;
    }

    Reply run(Command.AuthChange change) {
        return switch (change) {
            case Command.AuthChange.Enable _ -> enable();
            case Command.AuthChange.Disable _ -> disable();
            case Command.AuthChange.Authenticate authenticate -> authenticate(authenticate);
            case Command.AuthChange.AddUser add -> addUser(add);
            case Command.AuthChange.DeleteUser(Bytes user) -> deleteUser(user);
            case Command.AuthChange.ChangePassword(Bytes user, Bytes hash) -> changePassword(user, hash);
            case Command.AuthChange.GrantRole(Bytes user, Bytes role) -> grantRole(user, role);
            case Command.AuthChange.RevokeRole(Bytes user, Bytes role) -> revokeRole(user, role);
            case Command.AuthChange.AddRole(Bytes role) -> addRole(role);
            case Command.AuthChange.DeleteRole(Bytes role) -> deleteRole(role);
            case Command.AuthChange.GrantPermission(Bytes role, Permission permission) ->
                grantPermission(role, permission);
            case Command.AuthChange.RevokePermission(Bytes role, Bytes key, Bytes rangeEnd) ->
                revokePermission(role, key, rangeEnd);
        };
    }

    private static Reply refused(Refusal why) {
        return new Reply.Refused(why);
    }

    private AuthRows.State state() {
        return judge.state();
    }

    private void write(AuthRows.State next) {
        rows.put(Tables.AUTH, next.encode());
        judge.changed();
    }

    /// Every token given before that carries its revision is old from here on.
    private Reply changed() {
        write(new AuthRows.State(state().enabled(), state().revision() + 1));
        return CHANGED;
    }

    private AuthRows.@Nullable User user(Bytes name) {
        return AuthRows.user(rows, name);
    }

    private void put(Bytes name, AuthRows.User user) {
        rows.put(Tables.authUser(name), user.encode());
    }

    private Reply enable() {
        if (state().enabled()) return CHANGED;
        AuthRows.User root = user(AuthRows.ROOT);
        if (root == null) return refused(Refusal.ROOT_USER_MISSING);
        if (!root.has(AuthRows.ROOT)) return refused(Refusal.ROOT_ROLE_MISSING);
        write(new AuthRows.State(true, state().revision()));
        return CHANGED;
    }

    private Reply disable() {
        if (state().enabled()) write(new AuthRows.State(false, state().revision() + 1));
        return CHANGED;
    }

    private Reply authenticate(Command.AuthChange.Authenticate asked) {
        if (!state().enabled()) return refused(Refusal.AUTH_NOT_ENABLED);
        AuthRows.User user = user(asked.user());
        if (user == null || user.passwordless()) return refused(Refusal.AUTH_FAILED);
        if (asked.checkedRevision() != state().revision()) return refused(Refusal.AUTH_OLD_REVISION);
        return new Reply.OfAuth.Authenticated(asked.tokenPrefix() + "." + index);
    }

    private Reply addUser(Command.AuthChange.AddUser add) {
        if (add.user().isEmpty()) return refused(Refusal.USER_EMPTY);
        if (user(add.user()) != null) return refused(Refusal.USER_EXISTS);
        put(add.user(), new AuthRows.User(add.passwordless(), add.passwordHash(), List.of()));
        return changed();
    }

    private Reply deleteUser(Bytes name) {
        if (state().enabled() && name.equals(AuthRows.ROOT)) return refused(Refusal.INVALID_AUTH_MANAGEMENT);
        if (user(name) == null) return refused(Refusal.USER_NOT_FOUND);
        rows.delete(Tables.authUser(name));
        return changed();
    }

    private Reply changePassword(Bytes name, Bytes hash) {
        AuthRows.User user = user(name);
        if (user == null) return refused(Refusal.USER_NOT_FOUND);
        put(name, new AuthRows.User(user.passwordless(), user.passwordless() ? Bytes.EMPTY : hash, user.roles()));
        return changed();
    }

    /// The role root need not exist.
    private Reply grantRole(Bytes name, Bytes role) {
        AuthRows.User user = user(name);
        if (user == null) return refused(Refusal.USER_NOT_FOUND);
        if (!role.equals(AuthRows.ROOT) && AuthRows.role(rows, role) == null) return refused(Refusal.ROLE_NOT_FOUND);
        if (user.has(role)) return CHANGED;
        List<Bytes> roles = new ArrayList<>(user.roles());
        roles.add(role);
        roles.sort(Comparator.naturalOrder());
        put(name, user.withRoles(roles));
        return changed();
    }

    private Reply revokeRole(Bytes name, Bytes role) {
        boolean ofRoot = name.equals(AuthRows.ROOT) && role.equals(AuthRows.ROOT);
        if (state().enabled() && ofRoot) return refused(Refusal.INVALID_AUTH_MANAGEMENT);
        AuthRows.User user = user(name);
        if (user == null) return refused(Refusal.USER_NOT_FOUND);
        if (!take(name, user, role)) return refused(Refusal.ROLE_NOT_GRANTED);
        return changed();
    }

    private boolean take(Bytes name, AuthRows.User user, Bytes role) {
        if (!user.has(role)) return false;
        put(
                name,
                user.withRoles(
                        user.roles().stream().filter(each -> !each.equals(role)).toList()));
        return true;
    }

    private Reply addRole(Bytes role) {
        if (role.isEmpty()) return refused(Refusal.ROLE_EMPTY);
        if (AuthRows.role(rows, role) != null) return refused(Refusal.ROLE_EXISTS);
        rows.put(Tables.authRole(role), AuthRows.encode(List.of()));
        return changed();
    }

    private Reply deleteRole(Bytes role) {
        if (state().enabled() && role.equals(AuthRows.ROOT)) return refused(Refusal.INVALID_AUTH_MANAGEMENT);
        if (AuthRows.role(rows, role) == null) return refused(Refusal.ROLE_NOT_FOUND);
        rows.delete(Tables.authRole(role));
        for (Bytes name : AuthRows.users(rows)) {
            AuthRows.User user = user(name);
            if (user != null) take(name, user, role);
        }
        return changed();
    }

    /// etcd looks only at the first permission that begins with the key: where several do, an equal one further on is
    /// not replaced but listed twice.
    private Reply grantPermission(Bytes role, Permission granted) {
        if (!granted.isValid()) return refused(Refusal.INVALID_AUTH_MANAGEMENT);
        List<Permission> permissions = AuthRows.role(rows, role);
        if (permissions == null) return refused(Refusal.ROLE_NOT_FOUND);
        int at = 0;
        while (at < permissions.size() && permissions.get(at).key().compareTo(granted.key()) < 0) at++;
        if (at < permissions.size() && permissions.get(at).isOf(granted.key(), granted.rangeEnd())) {
            permissions.set(at, granted);
        } else {
            permissions.add(granted);
            permissions.sort(Comparator.comparing(Permission::key));
        }
        rows.put(Tables.authRole(role), AuthRows.encode(permissions));
        return changed();
    }

    private Reply revokePermission(Bytes role, Bytes key, Bytes rangeEnd) {
        List<Permission> permissions = AuthRows.role(rows, role);
        if (permissions == null) return refused(Refusal.ROLE_NOT_FOUND);
        if (!permissions.removeIf(each -> each.isOf(key, rangeEnd))) return refused(Refusal.PERMISSION_NOT_GRANTED);
        rows.put(Tables.authRole(role), AuthRows.encode(permissions));
        return changed();
    }
}
