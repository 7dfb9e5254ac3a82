package holdfast.server.truth.raft;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import holdfast.core.base.Dice;
import holdfast.core.base.Require;
import holdfast.server.base.Ticker;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class SnapshotFetchTest {
    @TempDir
    private Path root;

    private final byte[] large = new byte[3_000_001];
    private final Set<String> sending = new HashSet<>();
    private final Set<String> receiving = new HashSet<>();
    private final Set<String> said = ConcurrentHashMap.newKeySet();
    private SnapshotFolders there;
    private SnapshotFolders here;
    private PeerSockets sender;
    private PeerSockets receiver;
    private RaftLog.Peer peer;
    private SnapshotHandle handle;

    @BeforeEach
    void sealSnapshot() throws IOException {
        Dice dice = new Dice(5);
        for (int at = 0; at < large.length; at++) large[at] = (byte) dice.nextLong();
        there = new SnapshotFolders(root.resolve("there"), 1, Ticker.system());
        here = new SnapshotFolders(root.resolve("here"), 2, Ticker.system());
        Path making = there.fresh();
        Files.createDirectories(making.resolve("deep"));
        Files.write(making.resolve("deep/large"), large);
        Files.write(making.resolve("empty"), new byte[0]);
        handle = there.seal(70, List.of());
        peer = Members.peer(1, true);
        int port = Integer.parseInt(peer.address().split(":")[1]);
        sender = new PeerSockets(new PeerSockets.Self("c", 1, "n1", peer.address()), null, List::of);
        receiver = new PeerSockets(new PeerSockets.Self("c", 2, "n2", "127.0.0.1:1"), null, List::of);
        sender.listen(
                "127.0.0.1",
                port,
                _ -> new PeerSockets.Use(sender.sideLoop(), new SnapshotServing(there, check(sending)), _ -> {}));
    }

    @AfterEach
    void close() {
        sender.close();
        receiver.close();
    }

    /// Finds files of these names damaged; a file "state" stands for the machine's own state.
    private SnapshotCheck check(Set<String> damaged) {
        SnapshotCheck.Look look = (folder, _) -> {
            if (damaged.contains("state")) throw new IllegalStateException("state/7.sst");
            return damaged.isEmpty() ? null : folder + " is damaged: " + damaged;
        };
        return new SnapshotCheck(look, why -> said.add(why.sentence()), () -> said.add("anew"));
    }

    private boolean fetch(SnapshotHandle wanted) throws Exception {
        CompletableFuture<Boolean> done = new CompletableFuture<>();
        SnapshotFetch fetch = new SnapshotFetch(here, check(receiving), wanted, done::complete);
        receiver.dial(
                peer, true, new PeerSockets.Use(receiver.sideLoop(), fetch, fetch::begin), _ -> done.complete(false));
        return done.get(20, TimeUnit.SECONDS);
    }

    @Test
    void snapshot_fetched_isTheSameFileByFile() throws Exception {
        assertThat(fetch(handle)).isTrue();
        assertThat(Files.readAllBytes(here.of(handle).resolve("deep/large"))).isEqualTo(large);
        assertThat(here.of(handle).resolve("empty")).isEmptyFile();
        assertThat(SnapshotFolders.listWithChecksums(here.of(handle), () -> {}))
                .isEqualTo(SnapshotFolders.listWithChecksums(there.of(handle), () -> {}));
    }

    @Test
    void brokenOffFetch_goesOnBehindWhatIsThere() throws Exception {
        Path part = here.part(handle);
        Files.createDirectories(part.resolve("deep"));
        Files.write(part.resolve("deep/large"), Arrays.copyOf(large, 2_000_000));
        assertThat(fetch(handle)).isTrue();
        assertThat(Files.readAllBytes(here.of(handle).resolve("deep/large"))).isEqualTo(large);
    }

    @Test
    void damagedPart_isFoundByItsChecksumAndFetchedAgain() throws Exception {
        Path part = here.part(handle);
        Files.createDirectories(part.resolve("deep"));
        byte[] damaged = Arrays.copyOf(large, 1_000_000);
        damaged[500_000] ^= 1;
        Files.write(part.resolve("deep/large"), damaged);
        assertThat(fetch(handle)).isFalse();
        assertThat(here.isWhole(handle)).isFalse();
        assertThat(fetch(handle)).isTrue();
        assertThat(Files.readAllBytes(here.of(handle).resolve("deep/large"))).isEqualTo(large);
    }

    @Test
    void snapshotDamagedBeforeItCame_isNotKept() throws Exception {
        receiving.add("deep/large");
        assertThat(fetch(handle)).isFalse();
        assertThat(here.isWhole(handle)).isFalse();
        assertThat(here.part(handle)).isEmptyDirectory();
        receiving.clear();
        assertThat(fetch(handle)).isTrue();
    }

    @Test
    void damagedSnapshot_isGivenToNobody_untilTheNextIsMade() throws Exception {
        sending.add("deep/large");
        assertThat(fetch(handle)).isFalse();
        assertThat(here.part(handle)).isEmptyDirectory();
        assertThat(said).containsExactly("anew");
        sending.add("state");
        assertThat(fetch(handle)).isFalse();
        assertThat(said).anyMatch(sentence -> sentence.contains("state/7.sst") && sentence.contains("--repair"));
    }

    @Test
    void snapshotThatIsGone_failsWithoutALoop() throws Exception {
        assertThat(fetch(new SnapshotHandle(99, 1, List.of(), List.of()))).isFalse();
    }

    @Test
    void newerSnapshot_deletesOlderOnes_butNotOneThatIsRead() throws Exception {
        there.fresh();
        SnapshotHandle newer = there.seal(90, List.of());
        there.served(70, 1);
        there.forgetBefore(90);
        assertThat(there.isWhole(handle)).isTrue();
        here.fresh();
        SnapshotHandle old = here.seal(10, List.of());
        here.forgetBefore(90);
        assertThat(here.isWhole(old)).isFalse();
        assertThat(there.isWhole(newer)).isTrue();
    }

    @Test
    void fileName_thatLeadsOutOfTheFolder_isRefused() {
        assertThatThrownBy(() -> SnapshotFolders.within(root.resolve("here"), "../there/70-1/empty"))
                .isInstanceOf(Require.BadValue.class);
        assertThatThrownBy(() -> SnapshotFolders.within(root.resolve("here"), "/etc/passwd"))
                .isInstanceOf(Require.BadValue.class);
    }
}
