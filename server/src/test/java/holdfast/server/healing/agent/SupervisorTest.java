package holdfast.server.healing.agent;

import static org.assertj.core.api.Assertions.assertThat;

import holdfast.core.base.Fence;
import holdfast.core.base.NodeId;
import holdfast.core.base.Outcome;
import holdfast.core.base.Reason;
import holdfast.core.healing.detect.Signal;
import holdfast.core.healing.detect.Signal.Supervised;
import holdfast.core.healing.fleet.Assignment;
import holdfast.core.healing.fleet.Limits;
import holdfast.core.healing.fleet.Part;
import holdfast.core.healing.fleet.ServiceSpec;
import holdfast.server.base.Ticker;
import holdfast.server.client.Endpoint;
import holdfast.server.client.EtcdConfig;
import holdfast.server.healing.act.ProcessFacts;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.TreeMap;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Real processes, none of them Java.
final class SupervisorTest {
    private static final NodeId H1 = new NodeId("h1");
    private static final Part.Instance JOB_1 = new Part.Instance("job", 1);

    @TempDir
    Path folder;

    private final BlockingQueue<Signal> told = new LinkedBlockingQueue<>();
    private AgentConfig config;
    private Supervisor supervisor;

    @BeforeEach
    void open() throws IOException {
        config = new AgentConfig(
                H1,
                "10.0.0.1",
                0,
                folder,
                EtcdConfig.of(List.of(new Endpoint("store", 2379, false))),
                AgentConfig.LEASE_TTL,
                4_096);
        supervisor = Supervisor.open(config, Ticker.system(), told::add);
        supervisor.reconcile(List.of());
    }

    @AfterEach
    void close() {
        supervisor.stop(JOB_1, false, 0);
        supervisor.close();
    }

    private static Assignment assignment(String run, String... command) {
        ServiceSpec job = new ServiceSpec(
                "job",
                List.of(command),
                1,
                8_000,
                List.of(),
                new TreeMap<>(java.util.Map.of("AT", "${address}:${port}")),
                List.of(),
                List.of(),
                ServiceSpec.RECOVERY_DEFAULT,
                Limits.DEFAULT,
                Duration.ofSeconds(5),
                Duration.ofMillis(500),
                false,
                new TreeMap<>());
        return new Assignment(
                JOB_1,
                H1,
                "10.0.0.1",
                8_000,
                job,
                1,
                Assignment.Desired.RUN,
                run,
                new Fence(1),
                false,
                "",
                List.of(),
                List.of());
    }

    private Signal.Exited exited() throws InterruptedException {
        Signal signal = told.poll(20, TimeUnit.SECONDS);
        assertThat(signal).isInstanceOf(Signal.Exited.class);
        return (Signal.Exited) signal;
    }

    private long pid() throws IOException {
        String facts = Files.readString(folder.resolve("runs/job.1.json"));
        return Long.parseLong(facts.replaceAll(".*\"pid\":(\\d+).*", "$1"));
    }

    private static void await(String what, java.util.function.BooleanSupplier holds) throws InterruptedException {
        for (int looks = 0; !holds.getAsBoolean(); looks++) {
            assertThat(looks).as(what).isLessThan(2_000);
            TimeUnit.MILLISECONDS.sleep(10);
        }
    }

    @Test
    void start_wordsAreReplaced_andTheExitIsToldWithItsStatus() throws Exception {
        Assignment job = assignment("r-1", "sh", "-c", "echo $AT ${instance} ${host} ${store}; exit 3");
        assertThat(supervisor.start(job, true)).isInstanceOf(Outcome.Done.class);
        assertThat(exited()).isEqualTo(new Signal.Exited(H1, JOB_1, "r-1", 3));
        assertThat(folder.resolve("output/job.1.out")).content().isEqualTo("10.0.0.1:8000 1 h1 http://store:2379\n");
        assertThat(supervisor.roster()).containsExactly(new Supervised(JOB_1, "r-1", Supervised.State.EXITED, 3));
    }

    @Test
    void command_thatIsNotThere_isRefusedByName() {
        Outcome outcome = supervisor.start(assignment("r-1", "no-such-program"), true);
        assertThat(outcome)
                .isInstanceOfSatisfying(
                        Outcome.Refused.class,
                        refused -> assertThat(refused.why().sentence())
                                .contains("job/1", "no-such-program is not in PATH"));
    }

    @Test
    void stop_ofOneThatIgnoresSigterm_endsInSigkill_withItsChildren() throws Exception {
        supervisor.start(assignment("r-1", "sh", "-c", "trap '' TERM; sleep 1000 & while :; do wait; done"), true);
        long pid = pid();
        await(
                "its child",
                () -> ProcessHandle.of(pid).orElseThrow().children().findAny().isPresent());
        ProcessHandle child =
                ProcessHandle.of(pid).orElseThrow().children().findFirst().orElseThrow();
        assertThat(supervisor.stop(JOB_1, true, 300_000_000)).isInstanceOf(Outcome.Done.class);
        assertThat(exited().status()).isEqualTo(137);
        await(
                "the child's end",
                () -> !ProcessFacts.of(child.pid())
                        .filter(facts -> facts.state() != 'Z')
                        .isPresent());
    }

    @Test
    void agentGone_processGoesOn_andTheNextAgentTakesItOver() throws Exception {
        supervisor.start(assignment("r-1", "sleep", "1000"), true);
        long pid = pid();
        supervisor.close();
        Supervisor next = Supervisor.open(config, Ticker.system(), told::add);
        assertThat(next.roster()).containsExactly(new Supervised(JOB_1, "r-1", Supervised.State.RUNNING, 0));
        assertThat(ProcessHandle.of(pid)).isPresent();
        next.reconcile(List.of(assignment("r-1", "sleep", "1000")));
        assertThat(ProcessHandle.of(pid)).isPresent();
        supervisor = next;
    }

    @Test
    void doubt_freezesAtOnce_andReconcilingThawsWhatIsOursAndKillsWhatIsNot() throws Exception {
        supervisor.start(assignment("r-1", "sleep", "1000"), true);
        long pid = pid();
        supervisor.freeze(new Reason("lease-unsure", "Doubt."));
        await(
                "stopped",
                () -> ProcessFacts.of(pid).filter(ProcessFacts::stopped).isPresent());
        assertThat(supervisor.roster()).containsExactly(new Supervised(JOB_1, "r-1", Supervised.State.FROZEN, 0));
        supervisor.reconcile(List.of(assignment("r-1", "sleep", "1000")));
        await(
                "going on",
                () -> ProcessFacts.of(pid).filter(facts -> !facts.stopped()).isPresent());
        supervisor.freeze(new Reason("lease-unsure", "Doubt."));
        supervisor.reconcile(List.of());
        assertThat(exited().status()).isEqualTo(137);
    }

    @Test
    void start_whileTheLeaseIsInDoubt_isFrozenFromItsFirstMoment() throws Exception {
        supervisor.freeze(new Reason("lease-unsure", "Doubt."));
        supervisor.start(assignment("r-1", "sleep", "1000"), true);
        long pid = pid();
        await(
                "stopped",
                () -> ProcessFacts.of(pid).filter(ProcessFacts::stopped).isPresent());
    }

    @Test
    void startOfADeadAgent_thatWasNotWrittenDown_isFoundByItsEnvironment() throws Exception {
        supervisor.start(assignment("r-unique-7", "sleep", "1000"), true);
        long pid = pid();
        Files.delete(folder.resolve("runs/job.1.json"));
        supervisor.close();
        supervisor = Supervisor.open(config, Ticker.system(), told::add);
        supervisor.reconcile(List.of());
        assertThat(supervisor.roster()).isEmpty();
        assertThat(supervisor.wasStarted(assignment("r-unique-8", "sleep", "1000")))
                .isFalse();
        assertThat(supervisor.wasStarted(assignment("r-unique-7", "sleep", "1000")))
                .isTrue();
        assertThat(pid()).isEqualTo(pid);
    }

    @Test
    void output_isBounded_itsEndIsKept() throws Exception {
        supervisor.start(assignment("r-1", "sh", "-c", "yes 0123456789 | head -c 100000; sleep 1000"), true);
        Path output = folder.resolve("output/job.1.out");
        await("the cut", () -> Files.exists(output.resolveSibling("job.1.out.1")));
        await("a short file", () -> output.toFile().length() <= 4_096);
    }
}
