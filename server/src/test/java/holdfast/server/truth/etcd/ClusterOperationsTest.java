package holdfast.server.truth.etcd;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.MessageLite;
import com.google.protobuf.Parser;
import holdfast.core.base.Bytes;
import holdfast.core.base.KeyRange;
import holdfast.core.truth.Shelf;
import holdfast.protocol.etcd.AlarmMember;
import holdfast.protocol.etcd.AlarmRequest;
import holdfast.protocol.etcd.AlarmResponse;
import holdfast.protocol.etcd.AlarmType;
import holdfast.protocol.etcd.HashKVRequest;
import holdfast.protocol.etcd.HashKVResponse;
import holdfast.protocol.etcd.Member;
import holdfast.protocol.etcd.MemberAddRequest;
import holdfast.protocol.etcd.MemberAddResponse;
import holdfast.protocol.etcd.MemberListRequest;
import holdfast.protocol.etcd.MemberListResponse;
import holdfast.protocol.etcd.MemberPromoteRequest;
import holdfast.protocol.etcd.MemberPromoteResponse;
import holdfast.protocol.etcd.MemberRemoveRequest;
import holdfast.protocol.etcd.MemberRemoveResponse;
import holdfast.protocol.etcd.MemberUpdateRequest;
import holdfast.protocol.etcd.MemberUpdateResponse;
import holdfast.protocol.etcd.MoveLeaderRequest;
import holdfast.protocol.etcd.MoveLeaderResponse;
import holdfast.protocol.etcd.PutRequest;
import holdfast.protocol.etcd.PutResponse;
import holdfast.protocol.etcd.StatusRequest;
import holdfast.protocol.etcd.StatusResponse;
import holdfast.server.peers.Processes;
import holdfast.server.peers.StoreCluster;
import holdfast.server.truth.disk.RocksShelf;
import io.vertx.core.Vertx;
import io.vertx.grpc.common.GrpcStatus;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Changes of members and the comparison of members, with servers of their own processes.
final class ClusterOperationsTest {
    private static final Duration LIMIT = Duration.ofSeconds(60);
    private static final String CLUSTER = "etcdserverpb.Cluster/";
    private static final String MAINTENANCE = "etcdserverpb.Maintenance/";

    private final Vertx vertx = Vertx.vertx();

    @TempDir
    private Path folder;

    @AfterEach
    void closeVertx() {
        vertx.close().toCompletionStage().toCompletableFuture().join();
    }

    private <A> DoorClient.Answer<A> call(
            StoreCluster cluster, int member, String path, MessageLite request, Parser<A> parser) {
        String url = cluster.url(member);
        try (DoorClient client = new DoorClient(vertx, Integer.parseInt(url.substring(url.lastIndexOf(':') + 1)))) {
            return client.call(path, request, parser, Map.of());
        } catch (Exception failed) {
            throw new AssertionError(path, failed);
        }
    }

    private <A> A ok(StoreCluster cluster, int member, String path, MessageLite request, Parser<A> parser) {
        DoorClient.Answer<A> answer = call(cluster, member, path, request, parser);
        assertThat(answer.status()).as("%s: %s", path, answer.message()).isEqualTo(GrpcStatus.OK);
        return answer.body();
    }

    private GrpcStatus put(StoreCluster cluster, int member) {
        PutRequest request = PutRequest.newBuilder()
                .setKey(com.google.protobuf.ByteString.copyFromUtf8("k"))
                .build();
        return call(cluster, member, "etcdserverpb.KV/Put", request, PutResponse.parser())
                .status();
    }

    private List<Member> members(StoreCluster cluster, int member) {
        MemberListRequest request =
                MemberListRequest.newBuilder().setLinearizable(true).build();
        return ok(cluster, member, CLUSTER + "MemberList", request, MemberListResponse.parser())
                .getMembersList();
    }

    private StatusResponse status(StoreCluster cluster, int member) {
        return ok(cluster, member, MAINTENANCE + "Status", StatusRequest.getDefaultInstance(), StatusResponse.parser());
    }

    private Member add(StoreCluster cluster, int peerPort, boolean learner) {
        MemberAddRequest request = MemberAddRequest.newBuilder()
                .addPeerURLs("http://127.0.0.1:" + peerPort)
                .setIsLearner(learner)
                .build();
        return ok(cluster, 0, CLUSTER + "MemberAdd", request, MemberAddResponse.parser())
                .getMember();
    }

    @Test
    void voterAtAnUnreachableAddress_addedToOneServer_costsNoWrite_andTheClusterGrowsOnline() {
        try (StoreCluster cluster = StoreCluster.start(folder, 1, "--loop=off")) {
            long first = status(cluster, 0).getHeader().getMemberId();
            Member nowhere = add(cluster, Processes.freePort(), false);
            assertThat(nowhere.getIsLearner()).isFalse();
            for (int index = 0; index < 20; index++) assertThat(put(cluster, 0)).isEqualTo(GrpcStatus.OK);
            assertThat(members(cluster, 0)).hasSize(2).noneMatch(Member::getIsLearner);
            MemberAddRequest another = MemberAddRequest.newBuilder()
                    .addPeerURLs("http://127.0.0.1:9")
                    .build();
            assertThat(call(cluster, 0, CLUSTER + "MemberAdd", another, MemberAddResponse.parser())
                            .message())
                    .isEqualTo("etcdserver: re-configuration failed due to not enough started members");
            remove(cluster, 0, nowhere.getID());

            int second = grow(cluster, first);
            moveTheLead(cluster, first, second);
            learnerThatIsPromoted(cluster);
        }
    }

    /// A server that really starts gets its vote by itself, and keeps its id and its new address.
    private int grow(StoreCluster cluster, long first) {
        int peerPort = Processes.freePort();
        Member added = add(cluster, peerPort, false);
        int second = cluster.join(peerPort, "--loop=off");
        Processes.await("the vote of a new member", LIMIT, () -> isVoter(cluster, second));
        assertThat(status(cluster, second).getHeader().getMemberId()).isEqualTo(added.getID());
        assertThat(put(cluster, second)).isEqualTo(GrpcStatus.OK);
        Processes.await(
                "its name",
                LIMIT,
                () -> members(cluster, 0).stream()
                        .anyMatch(member -> member.getID() == added.getID()
                                && member.getName().equals("n2")
                                && member.getClientURLsCount() == 1));
        String url = urlOf(cluster, first);
        String newUrl = "http://127.0.0.1:" + Processes.freePort();
        update(cluster, second, first, newUrl);
        assertThat(urlOf(cluster, first)).isEqualTo(newUrl);
        update(cluster, second, first, url); // nobody listens at the other one
        return second;
    }

    private String urlOf(StoreCluster cluster, long id) {
        return members(cluster, 0).stream()
                .filter(member -> member.getID() == id)
                .map(member -> member.getPeerURLs(0))
                .findFirst()
                .orElseThrow();
    }

    private void update(StoreCluster cluster, int asked, long id, String peerUrl) {
        MemberUpdateRequest update =
                MemberUpdateRequest.newBuilder().setID(id).addPeerURLs(peerUrl).build();
        ok(cluster, asked, CLUSTER + "MemberUpdate", update, MemberUpdateResponse.parser());
    }

    private boolean isVoter(StoreCluster cluster, int member) {
        if (!cluster.server(member).isAlive()) throw new AssertionError(cluster.logs());
        try {
            return !status(cluster, member).getIsLearner();
        } catch (AssertionError _) {
            return false; // it still starts
        }
    }

    private void moveTheLead(StoreCluster cluster, long first, int second) {
        long other = status(cluster, second).getHeader().getMemberId();
        int leader = cluster.awaitLeader();
        long target = leader == 0 ? other : first;
        MoveLeaderRequest move =
                MoveLeaderRequest.newBuilder().setTargetID(target).build();
        assertThat(call(cluster, 1 - leader, MAINTENANCE + "MoveLeader", move, MoveLeaderResponse.parser())
                        .message())
                .isEqualTo("etcdserver: not leader");
        ok(cluster, leader, MAINTENANCE + "MoveLeader", move, MoveLeaderResponse.parser());
        Processes.await("the new leader", LIMIT, () -> status(cluster, leader).getLeader() == target);
        assertThat(put(cluster, leader)).isEqualTo(GrpcStatus.OK);
    }

    private void learnerThatIsPromoted(StoreCluster cluster) {
        int peerPort = Processes.freePort();
        Member added = add(cluster, peerPort, true);
        MemberPromoteRequest promote =
                MemberPromoteRequest.newBuilder().setID(added.getID()).build();
        assertThat(call(cluster, 0, CLUSTER + "MemberPromote", promote, MemberPromoteResponse.parser())
                        .message())
                .isEqualTo("etcdserver: can only promote a learner member which is in sync with leader");
        int third = cluster.join(peerPort, "--loop=off");
        Processes.await(
                "the promotion",
                LIMIT,
                () -> call(cluster, 0, CLUSTER + "MemberPromote", promote, MemberPromoteResponse.parser())
                                .status()
                        == GrpcStatus.OK);
        Processes.await("the vote of a learner", LIMIT, () -> isVoter(cluster, third));
        assertThat(put(cluster, third)).isEqualTo(GrpcStatus.OK);
        int leader = cluster.awaitLeader();
        int left = leader == 0 ? 1 : 0;
        remove(
                cluster,
                left,
                status(cluster, leader).getHeader().getMemberId()); // the one that goes cannot know the end
        Processes.await("a write after the leader left", LIMIT, () -> put(cluster, left) == GrpcStatus.OK);
        assertThat(members(cluster, left)).hasSize(2);
    }

    private void remove(StoreCluster cluster, int asked, long id) {
        MemberRemoveRequest request = MemberRemoveRequest.newBuilder().setID(id).build();
        MemberRemoveResponse answer =
                ok(cluster, asked, CLUSTER + "MemberRemove", request, MemberRemoveResponse.parser());
        assertThat(answer.getMembersList()).noneMatch(member -> member.getID() == id);
    }

    @Test
    void flippedByteInOneMembersStore_raisesCorruptForIt_untilItIsRepairedAndTheAlarmDisarmed() {
        try (StoreCluster cluster = StoreCluster.start(folder, 3, "--loop=off", "--corrupt-check-time=1s")) {
            for (int index = 0; index < 50; index++) assertThat(put(cluster, 0)).isEqualTo(GrpcStatus.OK);
            int victim = (cluster.awaitLeader() + 1) % 3;
            long victimId = status(cluster, victim).getHeader().getMemberId();
            long revision = status(cluster, victim).getHeader().getRevision();
            assertThat(hash(cluster, 0, revision))
                    .isEqualTo(hash(cluster, 1, revision))
                    .isEqualTo(hash(cluster, 2, revision));
            assertThat(alarms(cluster)).isEmpty();

            cluster.server(victim).terminate();
            int _ = cluster.server(victim).awaitEnd(LIMIT);
            flip(cluster.dataOf(victim).resolve("state"));
            cluster.server(victim).restart();

            Processes.await("an alarm", LIMIT, () -> !alarms(cluster).isEmpty());
            assertThat(alarms(cluster)).singleElement().satisfies(alarm -> {
                assertThat(alarm.getAlarm()).isEqualTo(AlarmType.CORRUPT);
                assertThat(alarm.getMemberID()).isEqualTo(victimId);
            });
            int leader = cluster.awaitLeader();
            assertThat(put(cluster, leader)).isEqualTo(GrpcStatus.DATA_LOSS);
            assertThat(cluster.server(leader).log())
                    .contains("do not hold the same at revision")
                    .contains(Long.toHexString(victimId));

            cluster.server(victim).terminate();
            int _ = cluster.server(victim).awaitEnd(LIMIT);
            cluster.server(victim).restartWith("--repair");
            leader = cluster.awaitLeader();
            assertThat(hash(cluster, victim, revision)).isEqualTo(hash(cluster, leader, revision));
            assertThat(alarms(cluster)).hasSize(1); // an operator is to know of it, so an operator takes it away
            assertThat(put(cluster, leader)).isEqualTo(GrpcStatus.DATA_LOSS);
            disarm(cluster, victimId);

            int asked = leader;
            long begun = status(cluster, asked).getRaftAppliedIndex();
            Processes.await("four rounds of comparison", LIMIT, () -> {
                assertThat(alarms(cluster)).isEmpty();
                return status(cluster, asked).getRaftAppliedIndex() >= begun + 4; // the marks, while nobody writes
            });
            assertThat(put(cluster, victim)).isEqualTo(GrpcStatus.OK);
            assertThat(hash(cluster, victim, revision + 1))
                    .isEqualTo(hash(cluster, leader, revision + 1))
                    .isEqualTo(hash(cluster, 3 - victim - leader, revision + 1));
        }
    }

    private void disarm(StoreCluster cluster, long member) {
        AlarmRequest request = AlarmRequest.newBuilder()
                .setAction(AlarmRequest.AlarmAction.DEACTIVATE)
                .setMemberID(member)
                .setAlarm(AlarmType.CORRUPT)
                .build();
        AlarmResponse told = ok(cluster, cluster.awaitLeader(), MAINTENANCE + "Alarm", request, AlarmResponse.parser());
        assertThat(told.getAlarmsList()).hasSize(1); // those that it took away
    }

    private int hash(StoreCluster cluster, int member, long revision) {
        HashKVRequest request = HashKVRequest.newBuilder().setRevision(revision).build();
        AtomicReference<HashKVResponse> answer = new AtomicReference<>();
        Processes.await("the hash of member " + member, LIMIT, () -> {
            DoorClient.Answer<HashKVResponse> said =
                    call(cluster, member, MAINTENANCE + "HashKV", request, HashKVResponse.parser());
            answer.set(said.body());
            return said.status() == GrpcStatus.OK; // a follower may not be there yet
        });
        assertThat(answer.get().getHashRevision()).isEqualTo(revision);
        return answer.get().getHash();
    }

    private List<AlarmMember> alarms(StoreCluster cluster) {
        int leader = cluster.awaitLeader();
        return ok(cluster, leader, MAINTENANCE + "Alarm", AlarmRequest.getDefaultInstance(), AlarmResponse.parser())
                .getAlarmsList();
    }

    /// Changes the last byte of the newest value of the only key.
    private static void flip(Path state) {
        RocksShelf shelf = ((RocksShelf.Opened.Ready) RocksShelf.open(state)).shelf();
        Bytes row = Bytes.wrap(new byte[] {2, 1, 'k'}); // the current table of etcd's space
        Shelf.WriteSet set = shelf.newWriteSet();
        boolean[] found = {false};
        shelf.scan(KeyRange.single(row), (key, value) -> {
            byte[] flipped = value.toArray();
            flipped[flipped.length - 1] ^= 1;
            set.put(key, Bytes.wrap(flipped));
            found[0] = true;
            return true;
        });
        assertThat(found[0]).isTrue();
        shelf.write(set);
        shelf.close();
    }
}
