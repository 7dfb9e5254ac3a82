package holdfast.server.truth.log;

import com.google.protobuf.ByteString;
import com.google.protobuf.UnsafeByteOperations;
import holdfast.core.base.Bytes;
import holdfast.core.truth.Command.AuthChange;
import holdfast.core.truth.Permission;
import holdfast.protocol.log.LogAuthChange;
import holdfast.protocol.log.LogAuthChange.Kind;
import java.io.IOException;

/// Changes of users and roles in the log. They are rare, so generated messages serve.
final class AuthCodec {
    private AuthCodec() {}

    static Bytes encode(AuthChange change) {
        LogAuthChange.Builder out = LogAuthChange.newBuilder();
        switch (change) {
            case AuthChange.Enable _ -> out.setKind(Kind.ENABLE);
            case AuthChange.Disable _ -> out.setKind(Kind.DISABLE);
            case AuthChange.Authenticate(Bytes user, String prefix, long revision) ->
                out.setKind(Kind.AUTHENTICATE)
                        .setUser(string(user))
                        .setTokenPrefix(prefix)
                        .setCheckedRevision(revision);
            case AuthChange.AddUser(Bytes user, boolean passwordless, Bytes hash) ->
                out.setKind(Kind.ADD_USER)
                        .setUser(string(user))
                        .setPasswordless(passwordless)
                        .setPasswordHash(string(hash));
            case AuthChange.DeleteUser(Bytes user) ->
                out.setKind(Kind.DELETE_USER).setUser(string(user));
            case AuthChange.ChangePassword(Bytes user, Bytes hash) ->
                out.setKind(Kind.CHANGE_PASSWORD).setUser(string(user)).setPasswordHash(string(hash));
            case AuthChange.GrantRole(Bytes user, Bytes role) ->
                out.setKind(Kind.GRANT_ROLE).setUser(string(user)).setRole(string(role));
            case AuthChange.RevokeRole(Bytes user, Bytes role) ->
                out.setKind(Kind.REVOKE_ROLE).setUser(string(user)).setRole(string(role));
            case AuthChange.AddRole(Bytes role) -> out.setKind(Kind.ADD_ROLE).setRole(string(role));
            case AuthChange.DeleteRole(Bytes role) ->
                out.setKind(Kind.DELETE_ROLE).setRole(string(role));
            case AuthChange.GrantPermission(Bytes role, Permission permission) ->
                out.setKind(Kind.GRANT_PERMISSION)
                        .setRole(string(role))
                        .setPermissionKind(Permission.KINDS.indexOf(permission.kind()))
                        .setKey(string(permission.key()))
                        .setRangeEnd(string(permission.rangeEnd()));
            case AuthChange.RevokePermission(Bytes role, Bytes key, Bytes rangeEnd) ->
                out.setKind(Kind.REVOKE_PERMISSION)
                        .setRole(string(role))
                        .setKey(string(key))
                        .setRangeEnd(string(rangeEnd));
        }
        return Bytes.wrap(out.build().toByteArray());
    }

    static AuthChange decode(byte[] message) throws IOException {
        LogAuthChange in = LogAuthChange.parseFrom(message);
        Bytes user = bytes(in.getUser());
        Bytes role = bytes(in.getRole());
        return switch (in.getKind()) {
            case ENABLE -> new AuthChange.Enable();
            case DISABLE -> new AuthChange.Disable();
            case AUTHENTICATE -> new AuthChange.Authenticate(user, in.getTokenPrefix(), in.getCheckedRevision());
            case ADD_USER -> new AuthChange.AddUser(user, in.getPasswordless(), bytes(in.getPasswordHash()));
            case DELETE_USER -> new AuthChange.DeleteUser(user);
            case CHANGE_PASSWORD -> new AuthChange.ChangePassword(user, bytes(in.getPasswordHash()));
            case GRANT_ROLE -> new AuthChange.GrantRole(user, role);
            case REVOKE_ROLE -> new AuthChange.RevokeRole(user, role);
            case ADD_ROLE -> new AuthChange.AddRole(role);
            case DELETE_ROLE -> new AuthChange.DeleteRole(role);
            case GRANT_PERMISSION ->
                new AuthChange.GrantPermission(
                        role,
                        new Permission(
                                Permission.KINDS.get(in.getPermissionKind()),
                                bytes(in.getKey()),
                                bytes(in.getRangeEnd())));
            case REVOKE_PERMISSION ->
                new AuthChange.RevokePermission(role, bytes(in.getKey()), bytes(in.getRangeEnd()));
            case UNRECOGNIZED ->
                throw new IOException("change " + in.getKindValue() + " of users and roles is unknown to this version");
        };
    }

    private static ByteString string(Bytes bytes) {
        return UnsafeByteOperations.unsafeWrap(bytes.unsafeArray());
    }

    private static Bytes bytes(ByteString string) {
        return Bytes.wrap(string.toByteArray());
    }
}
