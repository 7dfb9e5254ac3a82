package holdfast.server.truth.etcd;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import com.google.protobuf.MessageLite;
import com.google.protobuf.Parser;
import holdfast.protocol.auth.Permission;
import holdfast.protocol.etcd.AuthEnableRequest;
import holdfast.protocol.etcd.AuthEnableResponse;
import holdfast.protocol.etcd.AuthRoleAddRequest;
import holdfast.protocol.etcd.AuthRoleAddResponse;
import holdfast.protocol.etcd.AuthRoleGrantPermissionRequest;
import holdfast.protocol.etcd.AuthRoleGrantPermissionResponse;
import holdfast.protocol.etcd.AuthStatusRequest;
import holdfast.protocol.etcd.AuthStatusResponse;
import holdfast.protocol.etcd.AuthUserAddRequest;
import holdfast.protocol.etcd.AuthUserAddResponse;
import holdfast.protocol.etcd.AuthUserGrantRoleRequest;
import holdfast.protocol.etcd.AuthUserGrantRoleResponse;
import holdfast.protocol.etcd.AuthenticateRequest;
import holdfast.protocol.etcd.AuthenticateResponse;
import holdfast.protocol.etcd.PutRequest;
import holdfast.protocol.etcd.PutResponse;
import holdfast.protocol.etcd.RangeRequest;
import holdfast.protocol.etcd.RangeResponse;
import holdfast.server.peers.Processes;
import holdfast.server.peers.StoreCluster;
import io.vertx.core.Vertx;
import io.vertx.grpc.common.GrpcStatus;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Users and tokens on three servers, of which some lag, die and come back.
final class AuthClusterTest {
    private static final Duration LIMIT = Duration.ofSeconds(60);
    private static final int TOKENS = 20;

    private final Vertx vertx = Vertx.vertx();
    private final List<DoorClient> clients = new ArrayList<>();

    @TempDir
    private Path folder;

    private StoreCluster cluster;

    @BeforeEach
    void start() {
        cluster = StoreCluster.start(folder, 3, "--loop=off", "--bcrypt-cost=4", "--snapshot-entries=500");
        for (String url : cluster.urls())
            clients.add(new DoorClient(vertx, Integer.parseInt(url.substring(url.lastIndexOf(':') + 1))));
    }

    @AfterEach
    void stop() throws Exception {
        for (DoorClient client : clients) client.close();
        cluster.close();
        DoorClient.get(vertx.close());
    }

    private <A> DoorClient.Answer<A> call(int member, String token, String path, MessageLite request, Parser<A> parser)
            throws Exception {
        Map<String, String> headers = token.isEmpty() ? Map.of() : Map.of("token", token);
        return clients.get(member).call("etcdserverpb." + path, request, parser, headers);
    }

    private <A> A must(int member, String token, String path, MessageLite request, Parser<A> parser) throws Exception {
        DoorClient.Answer<A> answer = call(member, token, path, request, parser);
        assertThat(answer.status())
                .as("%s: %s%n%s", path, answer, cluster.logs())
                .isEqualTo(GrpcStatus.OK);
        return answer.body();
    }

    private String token(int member, String user) throws Exception {
        AuthenticateRequest request = AuthenticateRequest.newBuilder()
                .setName(user)
                .setPassword("pw-" + user)
                .build();
        return must(member, "", "Auth/Authenticate", request, AuthenticateResponse.parser())
                .getToken();
    }

    private void addUser(int member, String name, String role) throws Exception {
        AuthUserAddRequest add = AuthUserAddRequest.newBuilder()
                .setName(name)
                .setPassword("pw-" + name)
                .build();
        must(member, "", "Auth/UserAdd", add, AuthUserAddResponse.parser());
        AuthUserGrantRoleRequest grant = AuthUserGrantRoleRequest.newBuilder()
                .setUser(name)
                .setRole(role)
                .build();
        must(member, "", "Auth/UserGrantRole", grant, AuthUserGrantRoleResponse.parser());
    }

    /// Root, and alice who may read and write below `a`.
    private void open() throws Exception {
        addUser(0, "root", "root");
        must(
                1,
                "",
                "Auth/RoleAdd",
                AuthRoleAddRequest.newBuilder().setName("own").build(),
                AuthRoleAddResponse.parser());
        AuthRoleGrantPermissionRequest grant = AuthRoleGrantPermissionRequest.newBuilder()
                .setName("own")
                .setPerm(Permission.newBuilder()
                        .setPermType(Permission.Type.READWRITE)
                        .setKey(ByteString.copyFromUtf8("a"))
                        .setRangeEnd(ByteString.copyFromUtf8("b")))
                .build();
        must(2, "", "Auth/RoleGrantPermission", grant, AuthRoleGrantPermissionResponse.parser());
        addUser(0, "alice", "own");
    }

    private void enable(int member) throws Exception {
        must(member, "", "Auth/AuthEnable", AuthEnableRequest.getDefaultInstance(), AuthEnableResponse.parser());
    }

    private static PutRequest put(String key, String value) {
        return PutRequest.newBuilder()
                .setKey(ByteString.copyFromUtf8(key))
                .setValue(ByteString.copyFromUtf8(value))
                .build();
    }

    private GrpcStatus putAs(int member, String token, String key) throws Exception {
        return call(member, token, "KV/Put", put(key, "v"), PutResponse.parser())
                .status();
    }

    @Test
    void token_givenByOneServer_isGoodOnTheOthers_alsoAfterTheLeaderDied() throws Exception {
        int leader = cluster.leader();
        open();
        enable(0);
        Set<String> tokens = new HashSet<>();
        for (int nth = 0; nth < TOKENS; nth++) {
            String token = token(nth % 3, "alice");
            assertThat(putAs((nth + 1) % 3, token, "a" + nth)).isEqualTo(GrpcStatus.OK);
            assertThat(putAs((nth + 2) % 3, token, "b" + nth)).isEqualTo(GrpcStatus.PERMISSION_DENIED);
            tokens.add(token);
        }
        assertThat(tokens).hasSize(TOKENS);
        String ofTheDead = token(leader, "alice");

        cluster.kill9(leader);

        int survivor = (leader + 1) % 3;
        Processes.await("a write with the dead leader's token", LIMIT, () -> ok(() -> putAs(survivor, ofTheDead, "a")));
        cluster.server(leader).restart();
        Processes.await("a write through the one that came back", LIMIT, () -> {
            return ok(() -> putAs(leader, token(leader, "alice"), "a"));
        });
        assertThat(putAs(leader, "", "a")).isEqualTo(GrpcStatus.INVALID_ARGUMENT);
    }

    /// etcd's bug 14571: members that were restored from a snapshot judged by what they knew before.
    @Test
    void enabling_underWrites_withAServerThatWasAway_leavesAllAlike() throws Exception {
        open();
        AtomicBoolean stop = new AtomicBoolean();
        int away = (cluster.leader() + 1) % 3;
        List<Integer> there = List.of((away + 1) % 3, (away + 2) % 3);
        try (ExecutorService writers = Executors.newCachedThreadPool()) {
            List<Future<Integer>> writing = new ArrayList<>();
            for (int member : there) writing.add(writers.submit(writer(member, stop)));
            cluster.kill9(away);
            enable(there.getFirst());
            String root = token(there.getFirst(), "root");
            for (int nth = 0; nth < 600; nth++) // past a snapshot, so that the one who was away must take it
            must(
                        there.get(nth % 2),
                        root,
                        "Auth/RoleAdd",
                        AuthRoleAddRequest.newBuilder().setName("r" + nth).build(),
                        AuthRoleAddResponse.parser());
            cluster.server(away).restart();
            Processes.await(
                    "the one that was away", LIMIT, () -> ok(() -> putAs(away, token(away, "alice"), "a-late")));
            stop.set(true);
            for (Future<Integer> each : writing) assertThat(each.get()).isPositive();
        }
        assertThat(putAs(away, token(away, "alice"), "b")).isEqualTo(GrpcStatus.PERMISSION_DENIED);
        assertThat(putAs(away, "", "a")).isEqualTo(GrpcStatus.INVALID_ARGUMENT);
        assertThat(dumps()).hasSize(1);
    }

    private Callable<Integer> writer(int member, AtomicBoolean stop) {
        return () -> {
            int written = 0;
            String token = "";
            for (int nth = 0; !stop.get(); nth++) {
                GrpcStatus status = putAs(member, token, "a-" + member + "-" + nth);
                if (status == GrpcStatus.OK) written++;
                else if (status == GrpcStatus.INVALID_ARGUMENT) token = token(member, "alice"); // nobody, or old
            }
            return written;
        };
    }

    /// What each server says of users and keys: one text if they agree.
    private Set<String> dumps() throws Exception {
        Set<String> dumps = new HashSet<>();
        for (int member = 0; member < 3; member++) {
            String root = token(member, "root");
            AuthStatusResponse status = must(
                    member,
                    root,
                    "Auth/AuthStatus",
                    AuthStatusRequest.getDefaultInstance(),
                    AuthStatusResponse.parser());
            RangeRequest everything = RangeRequest.newBuilder()
                    .setKey(ByteString.copyFrom(new byte[] {0}))
                    .setRangeEnd(ByteString.copyFrom(new byte[] {0}))
                    .build();
            must(member, root, "KV/Range", everything, RangeResponse.parser()); // it has caught up
            RangeResponse own = must(
                    member,
                    root,
                    "KV/Range",
                    everything.toBuilder().setSerializable(true).build(),
                    RangeResponse.parser());
            dumps.add(status.getEnabled() + " " + status.getAuthRevision() + " "
                    + own.getHeader().getRevision() + " " + own.getKvsList());
        }
        return dumps;
    }

    private static boolean ok(Callable<GrpcStatus> call) {
        try {
            return call.call() == GrpcStatus.OK;
        } catch (Exception | AssertionError _) {
            return false; // not yet
        }
    }
}
