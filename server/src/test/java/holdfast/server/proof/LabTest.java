package holdfast.server.proof;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import holdfast.server.base.Ticker;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// With real processes and, where this machine allows it, real namespaces.
final class LabTest {
    private static final Map<String, String> PLAIN = Map.of();

    @TempDir
    private Path parent;

    @Test
    void process_onAHost_isFoundWithItsChildrenAndKilled() {
        try (Lab lab = Lab.openPlain(parent, Ticker.system())) {
            lab.addHost("h1");
            lab.addHost("h2");
            Lab.Proc shell = lab.start("h1", "shell", List.of("sh", "-c", "sleep 301 & wait"), PLAIN);
            Lab.Proc other = lab.start("h2", "other", List.of("sleep", "302"), PLAIN);
            await(() -> lab.find("h1", "sleep", "301").isPresent());
            assertThat(lab.onHost("h1")).hasSize(2);

            lab.killHost("h1");

            await(() -> lab.onHost("h1").isEmpty());
            assertThat(shell.pid().isAlive()).isFalse();
            assertThat(other.pid().isAlive()).isTrue();
        }
    }

    @Test
    void close_ofALab_leavesNoProcessNamespaceOrFile() throws IOException {
        Lab lab = Lab.open(parent, Ticker.system());
        lab.addHost("h1");
        Lab.Proc orphan = lab.start("h1", "sleep", List.of("sh", "-c", "(sleep 303 &) ; sleep 304"), PLAIN);
        await(() -> lab.find("h1", "sleep 303").isPresent());
        Pid child = lab.find("h1", "sleep 303").orElseThrow();

        assertThat(lab.clean()).isEmpty();

        assertThat(orphan.pid().isAlive()).isFalse();
        assertThat(child.isAlive()).isFalse();
        assertThat(spacesOf(lab.id())).isEmpty();
        assertThat(parent).isEmptyDirectory();
    }

    @Test
    void nextRun_afterACrashedOne_removesWhatThatLeft() throws IOException {
        Lab crashed = Lab.open(parent, Ticker.system());
        crashed.addHost("h1");
        Lab.Proc left = crashed.start("h1", "sleep", List.of("sleep", "305"), PLAIN);
        Path facts = crashed.folder().resolve("facts");
        // its owner is gone: the number lives, but as another process
        Files.writeString(facts, Files.readString(facts).replaceFirst("owner (\\d+) \\d+", "owner $1 1"));

        try (Lab next = Lab.open(parent, Ticker.system())) {
            assertThat(left.pid().isAlive()).isFalse();
            assertThat(spacesOf(crashed.id())).isEmpty();
            assertThat(crashed.folder()).doesNotExist();
            assertThat(next.folder()).exists();
        }
    }

    @Test
    void nextRun_besideARunningOne_leavesItAlone() {
        try (Lab first = Lab.openPlain(parent, Ticker.system())) {
            first.addHost("h1");
            Lab.Proc mine = first.start("h1", "sleep", List.of("sleep", "306"), PLAIN);
            Lab.openPlain(parent, Ticker.system()).close();
            assertThat(mine.pid().isAlive()).isTrue();
        }
    }

    @Test
    void pid_ofAnotherProcessWithTheSameNumber_isNotKilled() {
        try (Lab lab = Lab.openPlain(parent, Ticker.system())) {
            lab.addHost("h1");
            Lab.Proc bystander = lab.start("h1", "sleep", List.of("sleep", "307"), PLAIN);
            Pid earlier = new Pid(bystander.pid().number(), bystander.pid().started() - 1);

            earlier.kill();
            earlier.signal("KILL");

            assertThat(earlier.isAlive()).isFalse();
            assertThat(bystander.pid().isAlive()).isTrue();
        }
    }

    @Test
    void host_whenCut_isUnreachableUntilHealed() {
        try (Lab lab = Lab.open(parent, Ticker.system())) {
            assumeTrue(lab.leftOut().isEmpty(), lab.leftOut());
            String one = lab.addHost("h1");
            String two = lab.addHost("h2");
            lab.start("h1", "door", fileServer(one), PLAIN);
            await(() -> connects(one));
            assertThat(lab.start("h2", "sleep", List.of("sleep", "308"), PLAIN)
                            .pid()
                            .isAlive())
                    .isTrue();

            assertThat(lab.cut("h1", Wiring.Cut.BOTH_WAYS)).isEmpty();
            assertThat(connects(one)).isFalse();
            lab.heal("h1");
            await(() -> connects(one));

            assertThat(lab.cut("h1", Wiring.Cut.INCOMING)).isEmpty();
            assertThat(connects(one)).isFalse();
            lab.heal("h1");
            await(() -> connects(one));

            assertThat(lab.cut("h1", Wiring.Cut.OUTGOING)).isEmpty();
            assertThat(connects(one)).isFalse();
            lab.heal("h1");
            await(() -> connects(one));
            assertThat(two).isNotEqualTo(one);
        }
    }

    @Test
    void host_cutForWhatComesIn_canStillSend() throws IOException {
        try (Lab lab = Lab.open(parent, Ticker.system());
                java.net.DatagramSocket ear = new java.net.DatagramSocket(0)) {
            assumeTrue(lab.leftOut().isEmpty(), lab.leftOut());
            String one = lab.addHost("h1");
            String here = one.substring(0, one.lastIndexOf('.')) + ".254";
            ear.setSoTimeout(5000);
            assertThat(lab.cut("h1", Wiring.Cut.INCOMING)).isEmpty();

            String send = "echo hello > /dev/udp/" + here + "/" + ear.getLocalPort();
            lab.start("h1", "say", List.of("bash", "-c", send), PLAIN);

            java.net.DatagramPacket heard = new java.net.DatagramPacket(new byte[16], 16);
            ear.receive(heard);
            assertThat(heard.getAddress()).isEqualTo(InetAddress.getByName(one));
        }
    }

    /// A process that accepts connections on port 7777.
    private static List<String> fileServer(String address) {
        return List.of(
                ProcessHandle.current().info().command().orElse("java"),
                "-Xmx32m",
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                "-m",
                "jdk.httpserver",
                "-b",
                address,
                "-p",
                "7777",
                "-d",
                "/");
    }

    private static boolean connects(String address) {
        try (Socket socket = new Socket()) {
            socket.connect(new InetSocketAddress(address, 7777), 400);
            return true;
        } catch (IOException _) {
            return false;
        }
    }

    private static List<String> spacesOf(String id) {
        return Shell.run("ip", "netns", "list")
                .output()
                .lines()
                .filter(line -> line.contains("hf-" + id))
                .toList();
    }

    private static void await(BooleanSupplier condition) {
        long deadline = Ticker.system().nanos() + TimeUnit.SECONDS.toNanos(10);
        while (!condition.getAsBoolean()) {
            assertThat(Ticker.system().nanos()).as("within 10 s").isLessThan(deadline);
            Pause.millis(20);
        }
    }
}
