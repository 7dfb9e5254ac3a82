package holdfast.server.truth.raft;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import holdfast.server.base.Ticker;
import holdfast.server.base.tls.Authority;
import holdfast.server.base.tls.Identity;
import holdfast.server.truth.raft.RaftLog.Appended;
import holdfast.server.truth.raft.RaftLog.Barrier;
import holdfast.server.truth.raft.RaftLog.Forwarded;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import javax.net.ssl.SSLContext;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class MicroRaftLogTest {
    private static final int SELDOM = 100_000;

    @TempDir
    private Path root;

    @Test
    void threeMembers_appendsOnTheLeader_areAppliedEverywhereInOneOrder() throws Exception {
        try (Members members = new Members(root, 3, SELDOM, null).started()) {
            MicroRaftLog leader = members.leader();
            List<CompletableFuture<Appended>> answers = new ArrayList<>();
            for (int at = 0; at < 500; at++) {
                CompletableFuture<Appended> answer = new CompletableFuture<>();
                leader.append(("e" + at).getBytes(), answer::complete);
                answers.add(answer);
            }
            for (CompletableFuture<Appended> answer : answers) {
                assertThat(answer.get(10, TimeUnit.SECONDS)).isInstanceOf(Appended.Done.class);
            }
            members.agree(500);
            assertThat(members.machines.get(2).entries())
                    .isEqualTo(IntStream.range(0, 500).mapToObj(at -> "e" + at).toList());
        }
    }

    @Test
    void follower_refusesAppends_butReadsAndForwards() throws Exception {
        try (Members members = new Members(root, 3, SELDOM, null).started()) {
            members.write("x");
            MicroRaftLog follower = members.running.values().stream()
                    .filter(log -> !log.status().leading())
                    .findFirst()
                    .orElseThrow();
            assertThat(Members.append(follower, "y"))
                    .isInstanceOfSatisfying(
                            Appended.Refused.class,
                            refused -> assertThat(refused.why().code()).isEqualTo("not-leader"));
            CompletableFuture<Barrier> barrier = new CompletableFuture<>();
            follower.readBarrier(barrier::complete);
            assertThat(barrier.get(5, TimeUnit.SECONDS)).isInstanceOf(Barrier.Reached.class);
            assertThat(members.machines.get(follower.status().self().id()).entries())
                    .contains("x");
            CompletableFuture<Forwarded> forwarded = new CompletableFuture<>();
            follower.toLeader("hello".getBytes(), forwarded::complete);
            assertThat(forwarded.get(5, TimeUnit.SECONDS))
                    .isInstanceOfSatisfying(
                            Forwarded.Answered.class,
                            answered -> assertThat(answered.reply().utf8()).isEqualTo("heard hello"));
        }
    }

    @Test
    void leaderGone_anotherAcknowledgesWithin2Seconds() throws Exception {
        try (Members members = new Members(root, 3, SELDOM, null).started()) {
            members.write("before");
            MicroRaftLog leader = members.leader();
            members.stop(leader.status().self().id());
            long start = System.nanoTime();
            members.write("after");
            assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(2));
            members.agree(2);
        }
    }

    @Test
    void allRestarted_nothingAcknowledgedIsMissing() throws Exception {
        try (Members members = new Members(root, 3, 100, null).started()) {
            for (int at = 0; at < 250; at++) members.write("e" + at);
            for (int id = 1; id <= 3; id++) members.stop(id);
            for (int id = 1; id <= 3; id++) members.start(id);
            members.write("last");
            members.agree(251);
            assertThat(members.machines.get(1).restores()).isEqualTo(1);
        }
    }

    @Test
    void log_grownByTheBytesAllowed_isCutByASnapshot() throws Exception {
        Members unstarted = new Members(root, 3, 200, null);
        unstarted.logBytesMax = 1 << 20;
        try (Members members = unstarted.started()) {
            String text = "x".repeat(30_000);
            for (int at = 0; at < 190; at++) members.write(at + text);
            members.agree(190);
            Members.until(Duration.ofSeconds(5), () -> logFiles(1) < 6 && logFiles(2) < 6 && logFiles(3) < 6);
            for (int id = 1; id <= 3; id++) members.stop(id);
            for (int id = 1; id <= 3; id++) members.start(id);
            members.agree(190);
        }
    }

    private long logFiles(int member) {
        try (Stream<Path> files = Files.list(root.resolve("n" + member + "/log"))) {
            return files.count();
        } catch (IOException failed) {
            return Long.MAX_VALUE;
        }
    }

    @Test
    void mutualTls_carriesEverything_andAStrangerGetsNowhere() throws Exception {
        SSLContext ours = identity("ours");
        try (Members members = new Members(root, 3, 50, ours).started()) {
            for (int at = 0; at < 120; at++) members.write("e" + at);
            members.stop(3);
            members.wipe(3);
            for (int at = 120; at < 240; at++) members.write("e" + at);
            members.start(3);
            members.agree(240);
            assertThat(members.machines.get(3).restores()).isPositive();
            RaftLog.Peer stranger = Members.peer(4, true);
            RaftOptions plain =
                    members.options(stranger, List.of(members.peers().getFirst(), stranger), "cluster-a");
            try (MicroRaftLog log = MicroRaftLog.open(withTls(plain, identity("theirs")), new CountingMachine())) {
                Members.until(Duration.ofSeconds(5), () -> log.dialFailures() > 2);
                assertThat(log.status().leader()).isNull();
            }
        }
    }

    private static RaftOptions withTls(RaftOptions plain, SSLContext tls) {
        return RaftOptions.of(
                plain.folder(),
                plain.clusterId(),
                plain.self(),
                plain.listenHost(),
                plain.listenPort(),
                plain.initialPeers(),
                tls,
                plain.dice());
    }

    private SSLContext identity(String name) throws Exception {
        Authority authority = Authority.create(name, Ticker.system());
        Identity.Applicant applicant = Identity.Applicant.create("host");
        String certificate = authority.sign(applicant.requestPem(), "host", List.of("127.0.0.1"), Ticker.system());
        return Identity.save(root.resolve("tls-" + name), authority.certificatePem(), certificate, applicant.keyPem())
                .sslContext();
    }

    @Test
    void wipedMember_catchesUpBySnapshot() throws Exception {
        try (Members members = new Members(root, 3, 50, null).started()) {
            for (int at = 0; at < 120; at++) members.write("e" + at);
            int follower = members.running.values().stream()
                    .filter(log -> !log.status().leading())
                    .findFirst()
                    .orElseThrow()
                    .status()
                    .self()
                    .id();
            members.stop(follower);
            members.wipe(follower);
            for (int at = 120; at < 240; at++) members.write("e" + at);
            members.start(follower);
            members.agree(240);
            assertThat(members.machines.get(follower).restores()).isPositive();
            members.write("more");
            members.agree(241);
        }
    }

    @Test
    void joiner_becomesALearnerThenAVoter_andCarriesOnWithoutTheFirstLeader() throws Exception {
        try (Members members = new Members(root, 3, 50, null).started()) {
            for (int at = 0; at < 120; at++) members.write("e" + at);
            RaftLog.Peer joiner = Members.peer(4, false);
            members.start(joiner, members.peers(), Members.LogFilesOf.REAL);
            CompletableFuture<Appended> added = new CompletableFuture<>();
            members.leader().addLearner(joiner, added::complete);
            assertThat(added.get(5, TimeUnit.SECONDS)).isInstanceOf(Appended.Done.class);
            members.agree(120);
            Members.until(Duration.ofSeconds(5), () -> {
                CompletableFuture<Appended> promoted = new CompletableFuture<>();
                members.leader().promote(4, promoted::complete);
                return promoted.join() instanceof Appended.Done;
            });
            members.stop(members.leader().status().self().id());
            members.write("with four");
            members.agree(121);
            assertThat(members.leader().status().members()).hasSize(4);
        }
    }

    @Test
    void failedFlush_haltsAtOnceAndAcknowledgesNothing() throws Exception {
        try (Members members = new Members(root, 2, SELDOM, null).started()) {
            RaftLog.Peer third = Members.peer(9, true);
            MicroRaftLog alone = members.start(third, List.of(third), Members.LogFilesOf.FAILING);
            Members.until(Duration.ofSeconds(5), () -> alone.status().leading());
            assertThat(Members.append(alone, "good")).isInstanceOf(Appended.Done.class);
            Members.FailingFiles.failing = true;
            CompletableFuture<Appended> lost = new CompletableFuture<>();
            alone.append("bad".getBytes(), lost::complete);
            Members.until(Duration.ofSeconds(5), () -> !members.halts.isEmpty());
            assertThat(members.halts.getFirst().code()).isEqualTo("disk-failed");
            assertThat(members.halts.getFirst().sentence()).contains("the disk says no");
            if (lost.isDone()) assertThat(lost.join()).isNotInstanceOf(Appended.Done.class);
            Members.FailingFiles.failing = false;
            assertThat(members.machines.get(9).entries()).containsExactly("good");
        }
    }

    @Test
    void strangers_areRefusedWithASentence() throws Exception {
        try (Members members = new Members(root, 1, SELDOM, null).started()) {
            RaftLog.Peer stranger = Members.peer(2, true);
            RaftOptions other =
                    members.options(stranger, List.of(members.peers().getFirst(), stranger), "cluster-b");
            try (MicroRaftLog log = MicroRaftLog.open(other, new CountingMachine())) {
                Members.until(
                        Duration.ofSeconds(5),
                        () -> log.lastRefusal()
                                .contains("it belongs to cluster cluster-b; this member belongs to cluster-a"));
                assertThat(log.status().leading()).isFalse();
            }
        }
    }

    @Test
    void entryThatFitsNoFile_isRefusedAndHarmsNobody() throws Exception {
        try (Members members = new Members(root, 1, SELDOM, null).started()) {
            members.write("x");
            assertThat(Members.append(members.leader(), "y".repeat(300_000)))
                    .isInstanceOfSatisfying(
                            Appended.Refused.class,
                            refused -> assertThat(refused.why().sentence())
                                    .isEqualTo("The entry has 300000 bytes; the most is 262144."));
            members.write("z".repeat(262_000));
            assertThat(members.halts).isEmpty();
        }
    }

    @Test
    void logOfAnotherMember_isRefused() throws Exception {
        try (Members members = new Members(root, 1, SELDOM, null).started()) {
            members.write("x");
            members.stop(1);
            Files.move(root.resolve("n1"), root.resolve("n2"));
            RaftLog.Peer second = Members.peer(2, true);
            assertThatThrownBy(() -> MicroRaftLog.open(
                            members.options(second, List.of(second), "cluster-a"), new CountingMachine()))
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("belongs to member 1; this is member 2");
        }
    }
}
