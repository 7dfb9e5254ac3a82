package holdfast.server.cli;

import static org.assertj.core.api.Assertions.assertThat;

import holdfast.core.base.KeyRange;
import holdfast.server.base.Ticker;
import holdfast.server.client.Answer;
import holdfast.server.client.Endpoint;
import holdfast.server.client.Etcd;
import holdfast.server.client.EtcdConfig;
import holdfast.server.client.Snapshot;
import holdfast.server.ledger.file.FleetFileTest;
import holdfast.server.peers.Processes;
import holdfast.server.peers.RealEtcd;
import io.vertx.core.Vertx;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

/// What a person sees at the command line, over a real etcd.
final class ApplyCommandTest {
    private static final Path GOOD = Path.of("src/test/resources/fleets/good/everything.yaml");

    @TempDir
    Path folder;

    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();
    private RealEtcd store;
    private Vertx vertx;
    private Etcd etcd;

    @BeforeEach
    void open() throws Exception {
        store = RealEtcd.start(folder, 1);
        vertx = Vertx.vertx();
        etcd = Etcd.open(vertx, EtcdConfig.of(Endpoint.parseAll(store.url())), Ticker.system());
    }

    @AfterEach
    void close() throws Exception {
        if (store == null) return;
        etcd.close();
        vertx.close().toCompletionStage().toCompletableFuture().get(10, TimeUnit.SECONDS);
        store.close();
    }

    private int run(String... words) {
        out.getBuffer().setLength(0);
        err.getBuffer().setLength(0);
        CommandLine line = Main.commandLine();
        line.setOut(new PrintWriter(out));
        line.setErr(new PrintWriter(err));
        return line.execute(words);
    }

    private Snapshot everything() {
        return ((Answer.Done<Snapshot>) etcd.range(KeyRange.ALL, 0)).value();
    }

    @Test
    void badFiles_eachGetOneSentence_andChangeNothing() throws Exception {
        Snapshot before = everything();
        for (Path file : FleetFileTest.bad().toList()) {
            int status = run("apply", file.toString(), "--yes", "--store=" + store.url());
            assertThat(status).as("%s: %s", file, err).isEqualTo(ExitCode.USAGE);
            assertThat(err.toString().strip())
                    .as("%s", file)
                    .contains(FleetFileTest.expected(file))
                    .doesNotContain("\n");
            assertThat(out.toString()).isEmpty();
        }
        assertThat(everything()).isEqualTo(before);
    }

    @Test
    void goodFile_isShownAppliedAndThenNothingChanges() {
        String url = "--store=" + store.url();
        assertThat(run("apply", GOOD.toString(), "--dry-run", url)).isEqualTo(ExitCode.DONE);
        assertThat(out.toString()).contains("services.orders is added with 3 instances");
        assertThat(everything().pairs()).isEmpty();
        assertThat(run("apply", GOOD.toString(), url))
                .as("nobody was there to agree")
                .isEqualTo(ExitCode.REFUSED);
        assertThat(everything().pairs()).isEmpty();
        assertThat(run("apply", GOOD.toString(), "--yes", url)).isEqualTo(ExitCode.DONE);
        assertThat(out.toString()).contains("Applied at revision 2.");
        assertThat(run("apply", GOOD.toString(), "--yes", url)).isEqualTo(ExitCode.DONE);
        assertThat(out.toString()).contains("Nothing changes.");
        assertThat(run("apply", GOOD.toString(), "--yes", "--output=json", url)).isEqualTo(ExitCode.DONE);
        assertThat(out.toString()).contains("\"applied\" : false");
        assertThat(run("status", url)).isEqualTo(ExitCode.DONE);
        assertThat(out.toString()).startsWith("4 problems").contains("Nobody leads the loop", "Host h1");
        assertThat(run("incidents", url)).isEqualTo(ExitCode.DONE);
        assertThat(out.toString()).contains("There was no incident.");
        assertThat(run("incident", "i1-1", url)).isEqualTo(ExitCode.REFUSED);
        assertThat(err.toString()).contains("there is no incident i1-1");
    }

    @Test
    void clustersSection_isEditedByOptions_byAFile_andInAnEditor() throws Exception {
        String url = "--store=" + store.url();
        assertThat(run("pg", "edit-config", "main", "-p", "work_mem=8MB", "--yes", url))
                .isEqualTo(ExitCode.REFUSED);
        assertThat(err.toString()).contains("no PostgreSQL cluster called main");
        assertThat(run("apply", GOOD.toString(), "--yes", url)).isEqualTo(ExitCode.DONE);

        assertThat(run("pg", "edit-config", "main", "-p", "work_mem=8MB", "-s", "postgresql.strict=null", "-y", url))
                .as("%s", err)
                .isEqualTo(ExitCode.DONE);
        assertThat(out.toString())
                .contains("services.main.postgresql.strict: true -> false", "work_mem=8MB", "Applied at revision 3.");
        assertThat(run("pg", "edit-config", "main", "-p", "wal_level=minimal", "-y", url))
                .isEqualTo(ExitCode.USAGE);
        assertThat(err.toString()).contains("services.main.postgresql.parameters is wal_level", "set by Holdfast");

        Path file = Files.writeString(
                folder.resolve("cache.yaml"), "kind: redis\nhosts: [h1, h2]\nredis: {durability: async}\n");
        assertThat(run("redis", "edit-config", "cache", "--replace=" + file, "-y", url))
                .as("%s", err)
                .isEqualTo(ExitCode.DONE);
        assertThat(out.toString()).contains("services.cache.redis.durability: sync-1 -> async");

        try (Processes processes = Processes.in(folder)) {
            assertThat(edited(processes, "good", "s/strict.*//; s/quorum/sync-1/", url))
                    .contains("services.main.postgresql.durability: quorum -> sync-1", "Applied at revision 5.");
            assertThat(edited(processes, "bad", "s/lease: 3s/lease: 1ms/", url))
                    .contains(
                            "services.main.postgresql.lease is 1 ms; the least is 1 s", "what was written is kept in ");
        }
        assertThat(run("pg", "edit-config", "main", "--dry-run", "-s", "postgresql.durability=sync-1", url))
                .isEqualTo(ExitCode.DONE);
        assertThat(out.toString()).contains("Nothing changes.");
    }

    private static String edited(Processes processes, String name, String script, String url) throws Exception {
        List<String> command = new ArrayList<>(Processes.holdfastCommand());
        command.addAll(List.of("pg", "edit-config", "main", "--yes", url));
        Processes.Running edit =
                processes.start("edit-" + name, command, Map.of("VISUAL", "", "EDITOR", "sed -i -e '" + script + "'"));
        edit.awaitEnd(Duration.ofSeconds(30));
        return edit.log();
    }

    @Test
    void storeThatIsNotThere_isRefusedAndSaidSo() {
        assertThat(run("status", "--store=http://127.0.0.1:1")).isEqualTo(ExitCode.REFUSED);
        assertThat(err.toString()).contains("the store cannot be read", "http://127.0.0.1:1");
        assertThat(run("status", "--store=ftp://x")).isEqualTo(ExitCode.USAGE);
        assertThat(err.toString()).contains("store is ftp://x", "http://HOST:PORT");
    }
}
