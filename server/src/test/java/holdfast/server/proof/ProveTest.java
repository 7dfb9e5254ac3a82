package holdfast.server.proof;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import holdfast.core.proof.FaultSchedule.Kind;
import holdfast.core.proof.Violation;
import holdfast.server.base.Ticker;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Rounds of faults against real servers: the product keeps its promises, and three products that do not are found.
/// `-Dholdfast.proof.rounds=100` for more.
final class ProveTest {
    private static final int ROUNDS = Integer.getInteger("holdfast.proof.rounds", 5);
    private static final int ROUNDS_TO_FIND = 8; // most are found in the first
    private static final String PLANTED = "holdfast.server.truth.raft.PlantedServer$";

    @TempDir
    private Path kept;

    private final ByteArrayOutputStream said = new ByteArrayOutputStream();
    private final PrintStream out = new PrintStream(said, true, StandardCharsets.UTF_8);

    @Test
    void rounds_ofEveryFault_breakNoPromise() {
        List<Prove.RoundVerdict> verdicts = rounds(ROUNDS, 1, List.of(Kind.values()), "");

        assertThat(verdicts).as(story()).hasSize(ROUNDS).allMatch(Prove.RoundVerdict::isGood);
        assertThat(verdicts).allMatch(verdict -> verdict.acknowledged() > 10);
        System.out.print(story());
    }

    @Test
    void staleRead_isFound_andJudgedAlikeFromItsFile() throws IOException {
        List<Prove.RoundVerdict> verdicts = roundsUntil("stale", Kind.PARTITION, PLANTED + "StaleRead");

        assertThat(codes(verdicts)).as(story()).contains("stale", "not-linearizable");
        Path file = Path.of(verdicts.stream()
                .filter(verdict -> !verdict.isGood())
                .findFirst()
                .orElseThrow()
                .file());
        assertThat(Prove.judge(file, out)).isFalse();
    }

    @Test
    void lostFlush_isFound() {
        List<Prove.RoundVerdict> verdicts =
                roundsUntil("lost-write|revision-twice|watch-disagree", Kind.KILL_ALL, PLANTED + "LostFlush");

        assertThat(codes(verdicts)).as(story()).containsAnyOf("lost-write", "revision-twice", "watch-disagree");
    }

    @Test
    void watchGap_isFound() {
        List<Prove.RoundVerdict> verdicts = roundsUntil("watch-gap", Kind.KILL, PLANTED + "WatchGap");

        assertThat(codes(verdicts)).as(story()).contains("watch-gap");
    }

    /// Whether a round meets a planted bug is a matter of chance: which member leads, what is asked meanwhile.
    private List<Prove.RoundVerdict> roundsUntil(String code, Kind kind, String main) {
        List<Prove.RoundVerdict> verdicts = new ArrayList<>();
        for (long seed = 1;
                seed <= ROUNDS_TO_FIND && codes(verdicts).stream().noneMatch(one -> one.matches(code));
                seed++) {
            verdicts.addAll(rounds(1, seed, List.of(kind), main));
        }
        return verdicts;
    }

    private List<Prove.RoundVerdict> rounds(int count, long seed, List<Kind> kinds, String main) {
        assumeTrue(Path.of("/proc/self").toFile().exists(), "faults need Linux");
        System.setProperty(
                "holdfast.home", Path.of("..").toAbsolutePath().normalize().toString());
        return new Prove(new Prove.Plan(count, seed, kinds, kept, main), out, Ticker.system()).run();
    }

    private static List<String> codes(List<Prove.RoundVerdict> verdicts) {
        return verdicts.stream()
                .flatMap(verdict -> verdict.violations().stream())
                .map(Violation::code)
                .toList();
    }

    private String story() {
        return said.toString(StandardCharsets.UTF_8);
    }
}
