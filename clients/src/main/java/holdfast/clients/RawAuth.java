package holdfast.clients;

import static holdfast.clients.RawTranscript.bytes;
import static holdfast.clients.RawTranscript.put;
import static holdfast.clients.RawTranscript.range;

import io.etcd.jetcd.api.AlarmRequest;
import io.etcd.jetcd.api.AuthDisableRequest;
import io.etcd.jetcd.api.AuthEnableRequest;
import io.etcd.jetcd.api.AuthGrpc;
import io.etcd.jetcd.api.AuthRoleAddRequest;
import io.etcd.jetcd.api.AuthRoleGetRequest;
import io.etcd.jetcd.api.AuthRoleGrantPermissionRequest;
import io.etcd.jetcd.api.AuthUserAddRequest;
import io.etcd.jetcd.api.AuthUserChangePasswordRequest;
import io.etcd.jetcd.api.AuthUserGrantRoleRequest;
import io.etcd.jetcd.api.AuthUserListRequest;
import io.etcd.jetcd.api.AuthenticateRequest;
import io.etcd.jetcd.api.CompactionRequest;
import io.etcd.jetcd.api.ElectionGrpc;
import io.etcd.jetcd.api.KVGrpc;
import io.etcd.jetcd.api.LeaderRequest;
import io.etcd.jetcd.api.LeaseGrantRequest;
import io.etcd.jetcd.api.LeaseGrpc;
import io.etcd.jetcd.api.LeaseKeepAliveRequest;
import io.etcd.jetcd.api.LeaseKeepAliveResponse;
import io.etcd.jetcd.api.LeaseRevokeRequest;
import io.etcd.jetcd.api.MaintenanceGrpc;
import io.etcd.jetcd.api.Permission;
import io.etcd.jetcd.api.StatusRequest;
import io.etcd.jetcd.api.TxnRequest;
import io.etcd.jetcd.api.WatchCreateRequest;
import io.etcd.jetcd.api.WatchGrpc;
import io.etcd.jetcd.api.WatchRequest;
import io.etcd.jetcd.api.WatchResponse;
import io.etcd.jetcd.api.lock.LockGrpc;
import io.etcd.jetcd.api.lock.LockRequest;
import io.grpc.Channel;
import io.grpc.ClientInterceptors;
import io.grpc.ManagedChannel;
import io.grpc.ManagedChannelBuilder;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.MetadataUtils;
import io.grpc.stub.StreamObserver;
import java.util.concurrent.TimeUnit;

/// Users, roles and tokens, message by message. The store must give tokens that live for six seconds.
final class RawAuth {
    private static final long LIMIT_SECONDS = 30;
    private static final int USES = 40; // together longer than a token lives
    private static final long LOOK_EVERY_MILLIS = 200;

    private final Lines lines;
    private final ManagedChannel channel;
    private final boolean signed;

    /// @param signed whether tokens are JSON web tokens
    RawAuth(Lines lines, String url, boolean signed) {
        this.lines = lines;
        this.signed = signed;
        channel = ManagedChannelBuilder.forTarget(url.replaceFirst("^https?://", ""))
                .usePlaintext()
                .build();
    }

    void run() throws InterruptedException {
        setUp();
        nobody(channel);
        tokens();
        String alice = token("alice", "alicepw");
        streams(alice);
        services(alice);
        oldRevision(alice);
        expiry();
        passwords();
        lines.step(
                "disable",
                () -> auth(as(token("root", "rootpw"))).authDisable(AuthDisableRequest.getDefaultInstance()));
        lines.step(
                "put with a token of before",
                () -> kv(as(alice)).put(put("free", "1").build()));
        lines.step("authenticate while off", () -> token("root", "rootpw"));
        channel.shutdownNow();
    }

    private Channel as(String token) {
        return with("token", token);
    }

    private Channel with(String header, String value) {
        Metadata metadata = new Metadata();
        metadata.put(Metadata.Key.of(header, Metadata.ASCII_STRING_MARSHALLER), value);
        return ClientInterceptors.intercept(channel, MetadataUtils.newAttachHeadersInterceptor(metadata));
    }

    private static AuthGrpc.AuthBlockingStub auth(Channel channel) {
        return AuthGrpc.newBlockingStub(channel).withDeadlineAfter(LIMIT_SECONDS, TimeUnit.SECONDS);
    }

    private static KVGrpc.KVBlockingStub kv(Channel channel) {
        return KVGrpc.newBlockingStub(channel).withDeadlineAfter(LIMIT_SECONDS, TimeUnit.SECONDS);
    }

    private static LeaseGrpc.LeaseBlockingStub lease(Channel channel) {
        return LeaseGrpc.newBlockingStub(channel).withDeadlineAfter(LIMIT_SECONDS, TimeUnit.SECONDS);
    }

    private static MaintenanceGrpc.MaintenanceBlockingStub maintenance(Channel channel) {
        return MaintenanceGrpc.newBlockingStub(channel).withDeadlineAfter(LIMIT_SECONDS, TimeUnit.SECONDS);
    }

    private String token(String user, String password) {
        return auth(channel)
                .authenticate(AuthenticateRequest.newBuilder()
                        .setName(user)
                        .setPassword(password)
                        .build())
                .getToken();
    }

    private void addUser(String name, String password) {
        lines.step(
                "add user " + name,
                () -> auth(channel)
                        .userAdd(AuthUserAddRequest.newBuilder()
                                .setName(name)
                                .setPassword(password)
                                .build()));
    }

    private static AuthRoleGrantPermissionRequest permission(
            String role, Permission.Type type, String key, String end) {
        return AuthRoleGrantPermissionRequest.newBuilder()
                .setName(role)
                .setPerm(Permission.newBuilder()
                        .setPermType(type)
                        .setKey(bytes(key))
                        .setRangeEnd(bytes(end)))
                .build();
    }

    private static AuthUserGrantRoleRequest grant(String user, String role) {
        return AuthUserGrantRoleRequest.newBuilder().setUser(user).setRole(role).build();
    }

    private void setUp() {
        lines.step("authenticate before", () -> token("root", "rootpw"));
        addUser("", "pw");
        addUser("root", "rootpw");
        addUser("alice", "alicepw");
        addUser("empty", "");
        lines.step("grant root", () -> auth(channel).userGrantRole(grant("root", "root")));
        lines.step(
                "add role",
                () -> auth(channel)
                        .roleAdd(AuthRoleAddRequest.newBuilder().setName("own").build()));
        lines.step("grant role", () -> auth(channel).userGrantRole(grant("alice", "own")));
        lines.step(
                "grant no permission",
                () -> auth(channel)
                        .roleGrantPermission(AuthRoleGrantPermissionRequest.newBuilder()
                                .setName("own")
                                .build()));
        lines.step(
                "grant a permission without key",
                () -> auth(channel).roleGrantPermission(permission("own", Permission.Type.READ, "", "")));
        lines.step(
                "grant a permission upside down",
                () -> auth(channel).roleGrantPermission(permission("own", Permission.Type.READ, "b", "a")));
        lines.step(
                "grant a permission",
                () -> auth(channel).roleGrantPermission(permission("own", Permission.Type.READWRITE, "a", "b")));
        lines.step(
                "grant it to all keys of another",
                () -> auth(channel).roleGrantPermission(permission("own", Permission.Type.READ, "x", "\0")));
        lines.step(
                "the role",
                () -> auth(channel)
                        .roleGet(AuthRoleGetRequest.newBuilder().setRole("own").build()));
        lines.step("put before", () -> kv(channel).put(put("a1", "1").build()));
        lines.step(
                "grant a lease before",
                () -> lease(channel)
                        .leaseGrant(LeaseGrantRequest.newBuilder()
                                .setID(70)
                                .setTTL(500)
                                .build()));
        lines.step(
                "put a secret",
                () -> kv(channel).put(put("s1", "1").setLease(70).build()));
        lines.step("enable", () -> auth(channel).authEnable(AuthEnableRequest.getDefaultInstance()));
    }

    private void nobody(Channel nobody) {
        lines.step("nobody: put", () -> kv(nobody).put(put("a1", "2").build()));
        lines.step(
                "nobody: put of an empty key", () -> kv(nobody).put(put("", "2").build()));
        lines.step("nobody: range", () -> kv(nobody).range(range("a1", "").build()));
        lines.step(
                "nobody: local range",
                () -> kv(nobody).range(range("a1", "").setSerializable(true).build()));
        lines.step("nobody: empty transaction", () -> kv(nobody).txn(TxnRequest.getDefaultInstance()));
        lines.step(
                "nobody: transaction that reads",
                () -> kv(nobody)
                        .txn(TxnRequest.newBuilder()
                                .addSuccess(RawTranscript.op(range("a1", "")))
                                .build()));
        lines.step(
                "nobody: compaction",
                () -> kv(nobody)
                        .compact(CompactionRequest.newBuilder().setRevision(2).build()));
        lines.step(
                "nobody: lease",
                () -> lease(nobody)
                        .leaseGrant(LeaseGrantRequest.newBuilder().setTTL(500).build()));
        lines.step(
                "nobody: revoke of no lease",
                () -> lease(nobody)
                        .leaseRevoke(LeaseRevokeRequest.newBuilder().setID(4711).build()));
        lines.step("nobody: users", () -> auth(nobody).userList(AuthUserListRequest.getDefaultInstance()));
        lines.step("nobody: status", () -> maintenance(nobody).status(StatusRequest.getDefaultInstance()));
        lines.step("nobody: alarms", () -> maintenance(nobody).alarm(AlarmRequest.getDefaultInstance()));
        lines.step(
                "nobody: disarm",
                () -> maintenance(nobody)
                        .alarm(AlarmRequest.newBuilder()
                                .setAction(AlarmRequest.AlarmAction.DEACTIVATE)
                                .build()));
    }

    private void tokens() {
        lines.step("authenticate with a wrong password", () -> token("alice", "x"));
        lines.step("authenticate as a ghost", () -> token("ghost", "x"));
        lines.step(
                "authenticate with an empty password", () -> token("empty", "").isEmpty());
        String alice = token("alice", "alicepw");
        lines.say("parts of a token", "" + alice.split("\\.").length);
        lines.step("token: put", () -> kv(as(alice)).put(put("a1", "3").build()));
        lines.step(
                "token by another header",
                () -> kv(with("authorization", alice)).put(put("a1", "4").build()));
        lines.step(
                "token as a bearer's",
                () -> kv(with("authorization", "Bearer " + alice))
                        .put(put("a1", "5").build()));
        String[] wrong = {"", "garbage", "abcdefghijklmnop.1", "a.b.c", alice.substring(1), "abc.99999999999999999999"};
        for (int nth = 0; nth < wrong.length; nth++) {
            Channel as = as(wrong[nth]);
            lines.step("wrong token " + nth, () -> kv(as).put(put("a1", "6").build()));
        }
        lines.step(
                "unsigned token",
                () -> kv(as("eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.eyJ1c2VybmFtZSI6InJvb3QiLCJyZXZpc2lvbiI6OTk5fQ."))
                        .put(put("a1", "7").build()));
        lines.step(
                "wrong token and an empty key",
                () -> kv(as("garbage")).put(put("", "6").build()));
        lines.step(
                "wrong token: compaction",
                () -> kv(as("garbage"))
                        .compact(CompactionRequest.newBuilder().setRevision(2).build()));
        lines.step("wrong token: status", () -> maintenance(as("garbage")).status(StatusRequest.getDefaultInstance()));
        lines.step("not allowed: put", () -> kv(as(alice)).put(put("s1", "3").build()));
        lines.step(
                "not allowed: range", () -> kv(as(alice)).range(range("a", "c").build()));
        lines.step("allowed: range", () -> kv(as(alice)).range(range("a", "b").build()));
        lines.step(
                "allowed: open range",
                () -> kv(as(alice)).range(range("y", "\0").build()));
        lines.step(
                "allowed bounds of an empty range",
                () -> kv(as(alice)).range(range("z", "y").build()));
        lines.step(
                "bounds outside of an empty range",
                () -> kv(as(alice)).range(range("z", "c").build()));
    }

    private void streams(String alice) throws InterruptedException {
        for (String who : new String[] {"nobody", "garbage", "alice"}) {
            Channel as = who.equals("nobody") ? channel : as(who.equals("alice") ? alice : who);
            Inbox<WatchResponse> inbox = new Inbox<>();
            StreamObserver<WatchRequest> watch = WatchGrpc.newStub(as).watch(inbox);
            watch.onNext(create("s1", ""));
            watch.onNext(create("a1", ""));
            watch.onNext(create("a", "c"));
            watch.onNext(create("", "\0"));
            watch.onNext(create("x", "\0"));
            for (int count = 0; count < 5; count++) lines.step(who + ": watch " + count, inbox::take);
            watch.onCompleted();
            Inbox<LeaseKeepAliveResponse> renewed = new Inbox<>();
            StreamObserver<LeaseKeepAliveRequest> renew = LeaseGrpc.newStub(as).leaseKeepAlive(renewed);
            renew.onNext(LeaseKeepAliveRequest.newBuilder().setID(4711).build());
            lines.step(who + ": keep alive no lease", renewed::take);
            if (who.equals("alice")) {
                renew.onNext(LeaseKeepAliveRequest.newBuilder().setID(70).build());
                lines.step(who + ": keep alive another's lease", renewed::take);
            }
        }
    }

    private static WatchRequest create(String key, String end) {
        return WatchRequest.newBuilder()
                .setCreateRequest(
                        WatchCreateRequest.newBuilder().setKey(bytes(key)).setRangeEnd(bytes(end)))
                .build();
    }

    private void services(String alice) {
        lease(as(alice))
                .leaseGrant(LeaseGrantRequest.newBuilder().setID(71).setTTL(500).build());
        for (String who : new String[] {"nobody", "alice"}) {
            Channel as = who.equals("nobody") ? channel : as(alice);
            for (String name : new String[] {"a-lock", "s-lock"})
                lines.step(
                        who + ": lock " + name,
                        () -> LockGrpc.newBlockingStub(as)
                                .withDeadlineAfter(LIMIT_SECONDS, TimeUnit.SECONDS)
                                .lock(LockRequest.newBuilder()
                                        .setName(bytes(name))
                                        .setLease(71)
                                        .build()));
            lines.step(
                    who + ": leader",
                    () -> ElectionGrpc.newBlockingStub(as)
                            .withDeadlineAfter(LIMIT_SECONDS, TimeUnit.SECONDS)
                            .leader(LeaderRequest.newBuilder()
                                    .setName(bytes("s-election"))
                                    .build()));
        }
        lines.step(
                "alice: status",
                () -> maintenance(as(alice))
                        .status(StatusRequest.getDefaultInstance())
                        .getVersion());
    }

    /// A signed token says at which revision it was given; a simple one does not.
    private void oldRevision(String alice) throws InterruptedException {
        String root = token("root", "rootpw");
        lines.step(
                "another role",
                () -> auth(as(root))
                        .roleAdd(
                                AuthRoleAddRequest.newBuilder().setName("other").build()));
        lines.step("old token of root: users", () -> auth(as(root)).userList(AuthUserListRequest.getDefaultInstance()));
        lines.step("old token: put", () -> kv(as(alice)).put(put("a1", "8").build()));
        lines.step("old token: range", () -> kv(as(alice)).range(range("a1", "").build()));
        lines.step(
                "old token of root: put", () -> kv(as(root)).put(put("a1", "8").build()));
        Inbox<WatchResponse> inbox = new Inbox<>();
        StreamObserver<WatchRequest> watch = WatchGrpc.newStub(as(alice)).watch(inbox);
        watch.onNext(create("a1", ""));
        lines.step("old token: watch", inbox::take);
        watch.onCompleted();
        lines.step(
                "old token: lease",
                () -> lease(as(alice))
                        .leaseGrant(LeaseGrantRequest.newBuilder()
                                .setID(72)
                                .setTTL(500)
                                .build()));
        String fresh = token("alice", "alicepw");
        lines.step("fresh token: put", () -> kv(as(fresh)).put(put("a1", "9").build()));
    }

    private void expiry() throws InterruptedException {
        String token = token("alice", "alicepw");
        if (!signed) { // a use renews a simple token: used often, it outlives its time
            String answer = "ok";
            for (int tries = 0; tries < USES && answer.equals("ok"); tries++) {
                TimeUnit.MILLISECONDS.sleep(LOOK_EVERY_MILLIS);
                answer = read(token);
            }
            lines.say("token in use after its time", answer);
        }
        String unused = token("alice", "alicepw");
        TimeUnit.MILLISECONDS.sleep(9_000); // its life is what is tried: using it would renew it
        lines.say("token unused for its time", read(unused));
        for (int tries = 0; signed && tries < USES && read(token).equals("ok"); tries++)
            TimeUnit.MILLISECONDS.sleep(LOOK_EVERY_MILLIS);
        lines.say("first token", signed ? read(token) : "");
    }

    private String read(String token) {
        try {
            kv(as(token)).range(range("a1", "").build());
            return "ok";
        } catch (StatusRuntimeException failed) {
            Status status = failed.getStatus();
            return status.getCode() + ": " + status.getDescription();
        }
    }

    private void passwords() {
        String alice = token("alice", "alicepw");
        lines.step(
                "change the password",
                () -> auth(as(token("root", "rootpw")))
                        .userChangePassword(AuthUserChangePasswordRequest.newBuilder()
                                .setName("alice")
                                .setPassword("new")
                                .build()));
        lines.say("token of before the change", read(alice));
        lines.step("old password", () -> token("alice", "alicepw"));
        lines.say("new password", read(token("alice", "new")));
        lines.step(
                "change to no password",
                () -> auth(as(token("root", "rootpw")))
                        .userChangePassword(AuthUserChangePasswordRequest.newBuilder()
                                .setName("alice")
                                .build()));
        lines.step("no password", () -> token("alice", ""));
    }
}
