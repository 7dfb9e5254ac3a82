package holdfast.server.healing.act;

import static org.assertj.core.api.Assertions.assertThat;

import holdfast.server.base.Ticker;
import holdfast.server.client.Answer;
import holdfast.server.peers.Processes;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Whom the guard's script would kill: its `kill` only says so here.
final class GuardTest {
    private static final String DRY = "exec 3>&1\nkill() { echo \"$*\" >&3; }\nip() { echo \"ip $*\" >&3; }\n";
    private static final String TAG = ":0c0ffee0c0ffee:";

    private Process guard;
    private Process other;

    private Writer start(String tag) throws IOException {
        return start(tag, "");
    }

    private Writer start(String tag, String linger) throws IOException {
        return start(tag, linger, "", "");
    }

    private Writer start(String tag, String linger, String address, String link) throws IOException {
        guard = new ProcessBuilder("bash", "-c", DRY + Guard.SCRIPT, "guard", tag, linger, address, link).start();
        return guard.outputWriter(StandardCharsets.US_ASCII).append("hello 0\n");
    }

    private List<String> said() throws IOException, InterruptedException {
        try (BufferedReader reader = guard.inputReader(StandardCharsets.US_ASCII)) {
            List<String> lines = reader.lines().toList();
            assertThat(guard.waitFor(20, TimeUnit.SECONDS)).isTrue();
            return lines;
        }
    }

    @AfterEach
    void close() {
        if (guard != null) guard.destroyForcibly();
        if (other != null) other.destroyForcibly();
    }

    @Test
    void pipeThatEnds_beforeThereIsACommand_killsNobody() throws IOException, InterruptedException {
        start(TAG).close();
        assertThat(said()).containsExactly("ready");
    }

    @Test
    void wordThatAllIsOver_killsNobody() throws IOException, InterruptedException {
        other = new ProcessBuilder("setsid", "sleep", "60").start();
        try (Writer in = start(TAG)) {
            in.append("99999999999 " + other.pid() + "\ndone 0\n");
        }
        assertThat(said()).containsExactly("ready");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", ":", "::"})
    void guardWithoutATag_doesNotBegin(String tag) throws IOException, InterruptedException {
        try {
            start(tag).close();
        } catch (IOException _) {
            // it ended before it read
        }
        assertThat(said()).isEmpty();
    }

    @Test
    void momentThatComes_killsTheSession_andNobodyElse() throws IOException, InterruptedException {
        other = new ProcessBuilder("setsid", "sleep", "60").start();
        start(TAG).append("1 " + other.pid() + "\n").flush(); // long past
        assertThat(said())
                .contains("ready", "-KILL -- -" + other.pid())
                .allMatch(line -> line.equals("ready")
                        || line.equals("-KILL -- -" + other.pid())
                        || line.equals("-KILL " + other.pid()));
    }

    /// A server's processes have sessions of their own, and one may be stopped: it must not outlive the first one, of
    /// which it is known to be a child.
    @Test
    void momentThatComes_killsChildrenThatStandStill_beforeTheirParent() throws InterruptedException, IOException {
        other = new ProcessBuilder("setsid", "bash", "-c", "for i in 1 2 3 4 5 6; do setsid sleep 60 & done; wait")
                .start();
        Processes.await(
                "children", Duration.ofSeconds(20), () -> other.children().count() == 6);
        List<ProcessHandle> children = other.children().toList();
        children.forEach(child -> ProcessSignal.STOP.sendTo(child.pid()));
        Ticker ticker = Ticker.system();
        if (!(Guard.startLingering(ticker, TAG) instanceof Answer.Done<Guard>(Guard lingering))) {
            throw new AssertionError("no guard");
        }
        lingering.arm(ticker.bootNanos(), other.pid());
        assertThat(other.waitFor(20, TimeUnit.SECONDS)).isTrue();
        Processes.await(
                "the end of the children",
                Duration.ofSeconds(20),
                () -> children.stream().noneMatch(ProcessHandle::isAlive));
    }

    @Test
    void lineThatComesInHalves_isOneLine() throws IOException, InterruptedException {
        Writer in = start(TAG).append("99999");
        in.flush();
        assertThat(guard.waitFor(1, TimeUnit.SECONDS)).isFalse(); // longer than the guard reads at a time
        in.append("999999 1\ndo").flush();
        assertThat(guard.waitFor(1, TimeUnit.SECONDS)).isFalse();
        in.append("ne 0\n").flush();
        assertThat(said()).containsExactly("ready");
        in.close();
    }

    @Test
    void pipeThatEnds_killsWhoCarriesTheTag_andNobodyElse() throws IOException, InterruptedException {
        ProcessBuilder tagged = new ProcessBuilder("sleep", "60");
        tagged.environment().put("HOLDFAST_HOLDS", ":outer:" + TAG);
        other = tagged.start();
        start(TAG).close();
        assertThat(said())
                .contains("ready", "-KILL " + other.pid())
                .allMatch(line -> line.equals("ready") || line.equals("-KILL " + other.pid()));
    }

    @Test
    void pipeThatEnds_takesTheAddressAway() throws IOException, InterruptedException {
        start(TAG, "", "10.0.0.9/24", "eth0").close();
        assertThat(said()).contains("ready", "ip address delete 10.0.0.9/24 dev eth0");
    }

    @Test
    void guardThatLingers_killsAtTheMoment_notWhenThePipeEnds() throws IOException, InterruptedException {
        other = new ProcessBuilder("setsid", "bash", "-c", "setsid sleep 60 & wait")
                .start(); // a child with a session of its own
        long soon = Long.parseLong(Files.readString(Path.of("/proc/uptime"))
                        .split(" ", -1)[0]
                        .replace(".", ""))
                + 150;
        start(TAG, "linger").append(soon + " " + other.pid() + "\n").close();
        assertThat(guard.waitFor(1, TimeUnit.SECONDS)).isFalse();
        assertThat(said())
                .contains("ready", "-STOP " + other.pid(), "-KILL " + other.pid())
                .anyMatch(line -> other.children().anyMatch(child -> line.equals("-KILL " + child.pid())));
    }

    @Test
    void guardThatLingers_withoutAServer_endsWithThePipe() throws IOException, InterruptedException {
        start(TAG, "linger").append("99999999999 0\n").close();
        assertThat(said()).containsExactly("ready");
    }
}
