package holdfast.server.journeys;

import static org.assertj.core.api.Assertions.assertThat;

import holdfast.server.peers.Processes;
import holdfast.server.peers.Processes.Running;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// `holdfast up`, `token` and `join` as a new user types them: three processes become three voters over mutual TLS.
final class UpJourneyTest {
    private static final Duration LIMIT = Duration.ofSeconds(60);
    private static final Pattern LINE = Pattern.compile("holdfast (join (\\S+) --token (\\S+))");
    private static final String UP = "On this machine: etcdctl";

    @TempDir
    Path folder;

    private Processes processes;
    private final Map<String, List<String>> ports = new java.util.TreeMap<>();

    @BeforeEach
    void open() {
        processes = Processes.in(folder);
    }

    @AfterEach
    void close() {
        processes.close();
    }

    private List<String> on(String host, String... command) {
        List<String> all = new ArrayList<>(List.of(command));
        all.addAll(List.of("--name", host, "--address", "127.0.0.1", "--data", data(host)));
        all.addAll(ports.computeIfAbsent(host, _ -> freePorts()));
        return all;
    }

    private String data(String host) {
        return folder.resolve(host).toString();
    }

    private static List<String> freePorts() {
        List<String> flags = new ArrayList<>();
        for (String flag : List.of("client", "peer", "control", "loop", "agent")) {
            flags.add("--" + flag + "-port=" + Processes.freePort());
        }
        return flags;
    }

    private static String[] joinOf(String output) {
        Matcher line = LINE.matcher(output);
        assertThat(line.find()).as(output).isTrue();
        return line.group(1).split(" ", -1);
    }

    private String ask(String... command) {
        Running asked = processes.holdfast("ask-" + System.nanoTime(), List.of(command));
        asked.awaitEnd(LIMIT);
        return asked.log();
    }

    @Test
    void threeHosts_joinByToken_andAKilledOneResumes_whileStrangersStayOutside() {
        Running first = processes.holdfast("h1", on("h1", "up"));
        first.awaitOutput("Next host", LIMIT);
        String[] join = joinOf(first.log());

        Running second = processes.holdfast("h2", on("h2", join));
        second.awaitOutput(UP, LIMIT);

        Running again = processes.holdfast("h4", on("h4", join));
        assertThat(again.awaitEnd(LIMIT)).isEqualTo(1);
        assertThat(again.log()).contains("Refused").contains("token");

        String[] forged = join.clone();
        forged[3] = join[3].substring(0, join[3].length() - 4) + "abcd";
        Running stranger = processes.holdfast("h5", on("h5", forged));
        assertThat(stranger.awaitEnd(LIMIT)).isIn(1, 2);
        assertThat(folder.resolve("h5")).doesNotExist();

        Running third = processes.holdfast("h3", on("h3", joinOf(ask("token", "--data", data("h1")))));
        third.awaitOutput(UP, LIMIT);
        awaitStatus("3 hosts with an agent");

        third.kill9();
        third.awaitEnd(LIMIT);
        Running resumed = processes.holdfast("h3-again", List.of("up", "--data", data("h3")));
        resumed.awaitOutput("Holdfast is up on h3", LIMIT);
        awaitStatus("3 hosts with an agent");
    }

    /// The status command asks the store on the first host's client port.
    private void awaitStatus(String words) {
        String port = ports.get("h1").getFirst().replaceAll("\\D", "");
        String[] last = {""};
        Processes.await("status says " + words, LIMIT, () -> {
            last[0] = ask("status", "--store", "http://127.0.0.1:" + port);
            return last[0].contains(words);
        });
    }
}
