package holdfast.server.truth.etcd;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.MessageLite;
import holdfast.core.base.Bytes;
import holdfast.core.truth.AuthQuery;
import holdfast.core.truth.Command.AuthChange;
import holdfast.core.truth.Permission;
import holdfast.core.truth.Reply.OfAuth;
import holdfast.protocol.etcd.AuthDisableResponse;
import holdfast.protocol.etcd.AuthEnableResponse;
import holdfast.protocol.etcd.AuthRoleAddRequest;
import holdfast.protocol.etcd.AuthRoleAddResponse;
import holdfast.protocol.etcd.AuthRoleDeleteRequest;
import holdfast.protocol.etcd.AuthRoleDeleteResponse;
import holdfast.protocol.etcd.AuthRoleGetRequest;
import holdfast.protocol.etcd.AuthRoleGetResponse;
import holdfast.protocol.etcd.AuthRoleGrantPermissionRequest;
import holdfast.protocol.etcd.AuthRoleGrantPermissionResponse;
import holdfast.protocol.etcd.AuthRoleListResponse;
import holdfast.protocol.etcd.AuthRoleRevokePermissionRequest;
import holdfast.protocol.etcd.AuthRoleRevokePermissionResponse;
import holdfast.protocol.etcd.AuthStatusResponse;
import holdfast.protocol.etcd.AuthUserAddRequest;
import holdfast.protocol.etcd.AuthUserAddResponse;
import holdfast.protocol.etcd.AuthUserChangePasswordRequest;
import holdfast.protocol.etcd.AuthUserChangePasswordResponse;
import holdfast.protocol.etcd.AuthUserDeleteRequest;
import holdfast.protocol.etcd.AuthUserDeleteResponse;
import holdfast.protocol.etcd.AuthUserGetRequest;
import holdfast.protocol.etcd.AuthUserGetResponse;
import holdfast.protocol.etcd.AuthUserGrantRoleRequest;
import holdfast.protocol.etcd.AuthUserGrantRoleResponse;
import holdfast.protocol.etcd.AuthUserListResponse;
import holdfast.protocol.etcd.AuthUserRevokeRoleRequest;
import holdfast.protocol.etcd.AuthUserRevokeRoleResponse;
import holdfast.protocol.etcd.AuthenticateRequest;
import holdfast.protocol.etcd.AuthenticateResponse;
import holdfast.protocol.etcd.ResponseHeader;
import holdfast.server.truth.Store;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.function.BiFunction;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/// `etcdserverpb.Auth`: users, roles and tokens. Whether the caller may is judged by the store.
final class AuthService {
    private static final String PATH = "/etcdserverpb.Auth/";

    private final Gate gate;
    private final Standing standing;

    AuthService(Gate gate, Standing standing) {
        this.gate = gate;
        this.standing = standing;
    }

    /// A request that becomes a change of users and roles.
    @FunctionalInterface
    private interface ToChange {
        AuthChange of(byte[] message) throws InvalidProtocolBufferException;
    }

    void addTo(Map<String, Rpc> methods) {
        put(methods, "AuthStatus", this::status);
        put(methods, "Authenticate", this::authenticate);
        put(methods, "UserAdd", this::addUser);
        put(methods, "UserChangePassword", this::changePassword);
        put(methods, "UserGet", this::user);
        put(methods, "UserList", this::users);
        put(methods, "RoleGet", this::role);
        put(methods, "RoleList", this::roles);
        put(methods, "RoleGrantPermission", this::grantPermission);
        change(
                methods,
                "AuthEnable",
                _ -> new AuthChange.Enable(),
                header -> AuthEnableResponse.newBuilder().setHeader(header).build());
        change(
                methods,
                "AuthDisable",
                _ -> new AuthChange.Disable(),
                header -> AuthDisableResponse.newBuilder().setHeader(header).build());
        addUserChanges(methods);
        addRoleChanges(methods);
    }

    private void addUserChanges(Map<String, Rpc> methods) {
        change(
                methods,
                "UserDelete",
                message -> new AuthChange.DeleteUser(
                        utf8(AuthUserDeleteRequest.parseFrom(message).getName())),
                header -> AuthUserDeleteResponse.newBuilder().setHeader(header).build());
        change(
                methods,
                "UserGrantRole",
                message -> {
                    AuthUserGrantRoleRequest request = AuthUserGrantRoleRequest.parseFrom(message);
                    return new AuthChange.GrantRole(utf8(request.getUser()), utf8(request.getRole()));
                },
                header ->
                        AuthUserGrantRoleResponse.newBuilder().setHeader(header).build());
        change(
                methods,
                "UserRevokeRole",
                message -> {
                    AuthUserRevokeRoleRequest request = AuthUserRevokeRoleRequest.parseFrom(message);
                    return new AuthChange.RevokeRole(utf8(request.getName()), utf8(request.getRole()));
                },
                header -> AuthUserRevokeRoleResponse.newBuilder()
                        .setHeader(header)
                        .build());
    }

    private void addRoleChanges(Map<String, Rpc> methods) {
        change(
                methods,
                "RoleAdd",
                message -> new AuthChange.AddRole(
                        utf8(AuthRoleAddRequest.parseFrom(message).getName())),
                header -> AuthRoleAddResponse.newBuilder().setHeader(header).build());
        change(
                methods,
                "RoleDelete",
                message -> new AuthChange.DeleteRole(
                        utf8(AuthRoleDeleteRequest.parseFrom(message).getRole())),
                header -> AuthRoleDeleteResponse.newBuilder().setHeader(header).build());
        change(
                methods,
                "RoleRevokePermission",
                message -> {
                    AuthRoleRevokePermissionRequest request = AuthRoleRevokePermissionRequest.parseFrom(message);
                    return new AuthChange.RevokePermission(
                            utf8(request.getRole()),
                            Translate.bytes(request.getKey()),
                            Translate.bytes(request.getRangeEnd()));
                },
                header -> AuthRoleRevokePermissionResponse.newBuilder()
                        .setHeader(header)
                        .build());
    }

    private void put(Map<String, Rpc> methods, String name, Rpc.Unary handler) {
        methods.put(PATH + name, Rpc.unary((call, message) -> {
            if (standing.isLearner()) call.fail(EtcdError.NOT_FOR_LEARNER);
            else handler.handle(call, message);
        }));
    }

    private void change(
            Map<String, Rpc> methods, String name, ToChange read, Function<ResponseHeader, MessageLite> answer) {
        put(methods, name, (call, message) -> change(call, read.of(message), answer));
    }

    private void change(Call call, AuthChange change, Function<ResponseHeader, MessageLite> answer) {
        gate.store(call).propose(change, to(call, (header, _) -> answer.apply(header)));
    }

    private void ask(Call call, AuthQuery query, BiFunction<ResponseHeader, OfAuth, MessageLite> answer) {
        gate.store(call).auth(query, to(call, answer));
    }

    private static Consumer<Store.Answer> to(Call call, BiFunction<ResponseHeader, OfAuth, MessageLite> answer) {
        return what -> call.later(() -> {
            @Nullable EtcdError wrong = Gate.refusal(what);
            if (wrong != null) call.fail(wrong);
            else if (what instanceof Store.Answer.Done(var header, OfAuth reply))
                call.reply(answer.apply(Translate.header(header), reply));
            else throw new IllegalStateException("no reply of Auth: " + what);
        });
    }

    private void status(Call call, byte[] message) {
        ask(call, new AuthQuery.Status(), (header, reply) -> {
            OfAuth.Status status = (OfAuth.Status) reply;
            return AuthStatusResponse.newBuilder()
                    .setHeader(header)
                    .setEnabled(status.enabled())
                    .setAuthRevision(status.revision())
                    .build();
        });
    }

    private void authenticate(Call call, byte[] message) throws InvalidProtocolBufferException {
        AuthenticateRequest request = AuthenticateRequest.parseFrom(message);
        Consumer<Store.Answer> done = to(
                call,
                (header, reply) -> AuthenticateResponse.newBuilder()
                        .setHeader(header)
                        .setToken(((OfAuth.Authenticated) reply).token())
                        .build());
        gate.house().authenticate(request.getName(), request.getPassword(), done);
    }

    private void addUser(Call call, byte[] message) throws InvalidProtocolBufferException {
        AuthUserAddRequest request = AuthUserAddRequest.parseFrom(message);
        boolean passwordless = request.getOptions().getNoPassword();
        Function<ResponseHeader, MessageLite> answer =
                header -> AuthUserAddResponse.newBuilder().setHeader(header).build();
        Bytes name = utf8(request.getName());
        if (passwordless) change(call, new AuthChange.AddUser(name, true, Bytes.EMPTY), answer);
        else
            hashed(
                    call,
                    request.getPassword(),
                    hash -> change(call, new AuthChange.AddUser(name, false, hash), answer));
    }

    /// Without a password the request may carry a hash, as in etcd.
    private void changePassword(Call call, byte[] message) throws InvalidProtocolBufferException {
        AuthUserChangePasswordRequest request = AuthUserChangePasswordRequest.parseFrom(message);
        Bytes name = utf8(request.getName());
        Consumer<Bytes> change = hash -> change(
                call,
                new AuthChange.ChangePassword(name, hash),
                header -> AuthUserChangePasswordResponse.newBuilder()
                        .setHeader(header)
                        .build());
        if (!request.getPassword().isEmpty()) {
            hashed(call, request.getPassword(), change);
            return;
        }
        Bytes hash;
        try {
            hash = Bytes.wrap(Base64.getDecoder().decode(request.getHashedPassword()));
        } catch (IllegalArgumentException _) {
            call.fail(EtcdError.USER_WITHOUT_PASSWORD);
            return;
        }
        change.accept(hash);
    }

    private void hashed(Call call, String password, Consumer<Bytes> then) {
        gate.house()
                .hash(
                        password,
                        hashing -> call.later(() -> {
                            switch (hashing) {
                                case Store.Hashing.Hashed(Bytes hash) -> then.accept(hash);
                                case Store.Hashing.Refused(var why) -> call.fail(EtcdError.of(why));
                            }
                        }));
    }

    private void user(Call call, byte[] message) throws InvalidProtocolBufferException {
        Bytes name = utf8(AuthUserGetRequest.parseFrom(message).getName());
        ask(
                call,
                new AuthQuery.User(name),
                (header, reply) -> AuthUserGetResponse.newBuilder()
                        .setHeader(header)
                        .addAllRoles(names(reply))
                        .build());
    }

    private void users(Call call, byte[] message) {
        ask(
                call,
                new AuthQuery.Users(),
                (header, reply) -> AuthUserListResponse.newBuilder()
                        .setHeader(header)
                        .addAllUsers(names(reply))
                        .build());
    }

    private void roles(Call call, byte[] message) {
        ask(
                call,
                new AuthQuery.Roles(),
                (header, reply) -> AuthRoleListResponse.newBuilder()
                        .setHeader(header)
                        .addAllRoles(names(reply))
                        .build());
    }

    private static List<String> names(OfAuth reply) {
        return ((OfAuth.Names) reply).names().stream().map(Bytes::utf8).toList();
    }

    private void role(Call call, byte[] message) throws InvalidProtocolBufferException {
        Bytes name = utf8(AuthRoleGetRequest.parseFrom(message).getRole());
        ask(call, new AuthQuery.Role(name), (header, reply) -> {
            AuthRoleGetResponse.Builder built = AuthRoleGetResponse.newBuilder().setHeader(header);
            for (Permission permission : ((OfAuth.Permissions) reply).permissions()) built.addPerm(proto(permission));
            return built.build();
        });
    }

    private static holdfast.protocol.auth.Permission proto(Permission permission) {
        return holdfast.protocol.auth.Permission.newBuilder()
                .setPermType(
                        switch (permission.kind()) {
                            case READ -> holdfast.protocol.auth.Permission.Type.READ;
                            case WRITE -> holdfast.protocol.auth.Permission.Type.WRITE;
                            case READ_WRITE -> holdfast.protocol.auth.Permission.Type.READWRITE;
                        })
                .setKey(Translate.string(permission.key()))
                .setRangeEnd(Translate.string(permission.rangeEnd()))
                .build();
    }

    private void grantPermission(Call call, byte[] message) throws InvalidProtocolBufferException {
        AuthRoleGrantPermissionRequest request = AuthRoleGrantPermissionRequest.parseFrom(message);
        Permission.@Nullable Kind kind = switch (request.getPerm().getPermType()) {
            case READ -> Permission.Kind.READ;
            case WRITE -> Permission.Kind.WRITE;
            case READWRITE -> Permission.Kind.READ_WRITE;
            case UNRECOGNIZED -> null;
        };
        if (kind == null || !request.hasPerm()) {
            gate.admit(call, holdfast.server.truth.Right.ROOT, () -> call.fail(EtcdError.PERMISSION_NOT_GIVEN));
            return;
        }
        Bytes key = Translate.bytes(request.getPerm().getKey());
        Bytes end = Translate.bytes(request.getPerm().getRangeEnd());
        AuthChange grant = new AuthChange.GrantPermission(utf8(request.getName()), new Permission(kind, key, end));
        change(
                call,
                grant,
                header -> AuthRoleGrantPermissionResponse.newBuilder()
                        .setHeader(header)
                        .build());
    }

    private static Bytes utf8(String name) {
        return Translate.bytes(ByteString.copyFromUtf8(name));
    }
}
