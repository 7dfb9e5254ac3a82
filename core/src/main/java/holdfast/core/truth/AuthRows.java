package holdfast.core.truth;

import holdfast.core.base.Bytes;
import holdfast.core.base.KeyRange;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Users and roles as they lie on the shelf.
final class AuthRows {
    /// The name of the user and of the role that may do everything.
    static final Bytes ROOT = Bytes.utf8("root");

    private AuthRows() {}

    /// @param revision 1 on a fresh store
    record State(boolean enabled, long revision) {
        private static final State FRESH = new State(false, 1);

        Bytes encode() {
            return new Pen(10).raw(enabled ? 1 : 0).number(revision).done();
        }
    }

    static State state(ShelfView rows) {
        Bytes row = rows.get(Tables.AUTH);
        if (row == null) return State.FRESH;
        Reel reel = new Reel(row, 0);
        return new State(reel.raw() == 1, reel.number());
    }

    /// @param roles in byte order
    record User(boolean passwordless, Bytes passwordHash, List<Bytes> roles) {
        boolean has(Bytes role) {
            return roles.contains(role);
        }

        User withRoles(List<Bytes> newRoles) {
            return new User(passwordless, passwordHash, newRoles);
        }

        Bytes encode() {
            Pen pen = new Pen(96).raw(passwordless ? 1 : 0);
            run(pen, passwordHash);
            pen.number(roles.size());
            for (Bytes role : roles) run(pen, role);
            return pen.done();
        }

        private static User decode(Bytes row) {
            Reel reel = new Reel(row, 0);
            boolean passwordless = reel.raw() == 1;
            Bytes hash = run(reel);
            long count = reel.number();
            List<Bytes> roles = new ArrayList<>();
            while (roles.size() < count) roles.add(run(reel));
            return new User(passwordless, hash, roles);
        }
    }

    static @Nullable User user(ShelfView rows, Bytes name) {
        Bytes row = rows.get(Tables.authUser(name));
        return row == null ? null : User.decode(row);
    }

    /// Its permissions, ordered by key; null when there is no such role.
    static @Nullable List<Permission> role(ShelfView rows, Bytes name) {
        Bytes row = rows.get(Tables.authRole(name));
        if (row == null) return null;
        Reel reel = new Reel(row, 0);
        long count = reel.number();
        List<Permission> permissions = new ArrayList<>();
        while (permissions.size() < count)
            permissions.add(new Permission(Permission.KINDS.get(reel.raw()), run(reel), run(reel)));
        return permissions;
    }

    static Bytes encode(List<Permission> permissions) {
        Pen pen = new Pen(64).number(permissions.size());
        for (Permission permission : permissions) {
            pen.raw(Permission.KINDS.indexOf(permission.kind()));
            run(pen, permission.key());
            run(pen, permission.rangeEnd());
        }
        return pen.done();
    }

    static List<Bytes> users(ShelfView rows) {
        return names(rows, Tables.ALL_AUTH_USERS);
    }

    static List<Bytes> roles(ShelfView rows) {
        return names(rows, Tables.ALL_AUTH_ROLES);
    }

    private static List<Bytes> names(ShelfView rows, KeyRange table) {
        List<Bytes> names = new ArrayList<>();
        rows.scan(table, (row, _) -> names.add(Tables.nameOfAuth(row)));
        return names;
    }

    private static void run(Pen pen, Bytes run) {
        pen.number(run.size()).run(run);
    }

    private static Bytes run(Reel reel) {
        return reel.run((int) reel.number());
    }
}
