package holdfast.server.redundancy.postgres;

import static org.assertj.core.api.Assertions.assertThat;

import holdfast.core.base.Bytes;
import holdfast.server.base.Metrics;
import holdfast.server.base.Ticker;
import holdfast.server.client.Answer;
import holdfast.server.client.Endpoint;
import holdfast.server.client.Etcd;
import holdfast.server.client.EtcdConfig;
import holdfast.server.client.Txn;
import holdfast.server.peers.Cable;
import holdfast.server.peers.Processes;
import holdfast.server.peers.StoreCluster;
import holdfast.server.postgres.PostgresBinaries;
import holdfast.server.postgres.TestPostgres;
import holdfast.server.redundancy.proxy.ProxyConfig;
import holdfast.server.redundancy.proxy.ProxyMetrics;
import io.vertx.core.Vertx;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

/// A store, two real PostgreSQL servers of which one follows the other, a proxy, and the keys that a keeper would
/// write.
final class ProxyTown implements AutoCloseable {
    static final Duration LIMIT = Duration.ofSeconds(30);
    static final String USER = "clerk";
    static final String USER_PASSWORD = "päss'word";
    private static final String PREFIX = "/holdfast/postgres/shop/";

    final Path folder;
    final StoreCluster store;
    final Vertx vertx = Vertx.vertx();
    final Metrics metrics = new Metrics();
    final JumpingTicker ticker = new JumpingTicker();
    final PostgresProxy proxy;
    private final Etcd etcd;
    private final Processes processes;
    TestPostgres primary;
    TestPostgres standby;
    private int servers;
    private int programs;

    /// This machine's clocks, with a boot time that can be made to jump, as if the process had been frozen.
    static final class JumpingTicker implements Ticker {
        private final AtomicLong jumpedNanos = new AtomicLong();

        void jump(Duration by) {
            jumpedNanos.addAndGet(by.toNanos());
        }

        @Override
        public long nanos() {
            return Ticker.system().nanos();
        }

        @Override
        public long bootNanos() {
            return Ticker.system().bootNanos() + jumpedNanos.get();
        }

        @Override
        public long wallMillis() {
            return Ticker.system().wallMillis();
        }
    }

    ProxyTown(Path folder, ProxyConfig config) throws IOException, InterruptedException {
        this.folder = folder;
        store = StoreCluster.start(Files.createDirectories(folder.resolve("store")), 1);
        etcd = store.client(0);
        processes = Processes.in(Files.createDirectories(folder.resolve("programs")));
        primary = TestPostgres.start(folder, "pg" + ++servers, "max_connections=60");
        primary.sql("CREATE ROLE clerk LOGIN PASSWORD '" + USER_PASSWORD.replace("'", "''") + "'");
        primary.sql("GRANT ALL ON SCHEMA public TO clerk");
        follow();
        put("secrets", "{\"superuser\":\"postgres\",\"superuserPassword\":\"" + TestPostgres.PASSWORD + "\"}");
        lead(true);
        proxy = PostgresProxy.open(vertx, etcd, config, ProxyMetrics.ofPostgres(metrics), ticker);
    }

    /// A fresh standby of the primary.
    void follow() {
        standby = TestPostgres.standbyOf(primary, folder, "pg" + ++servers, "max_connections=60");
        announce();
    }

    /// What the standby says of itself.
    void announce() {
        announce(false);
    }

    /// The same, with readers sent to it or not.
    void announce(boolean noBalance) {
        String member =
                "{\"host\":\"%s\",\"address\":\"127.0.0.1\",\"port\":%d,\"role\":\"REPLICA\",\"streaming\":true,\"tags\":[%s]}";
        put(
                "members/" + standby.name(),
                member.formatted(standby.name(), standby.port(), noBalance ? "\"no-balance\"" : ""));
    }

    /// The primary's key, as its holder writes it.
    void lead(boolean serving) {
        put(
                "leader",
                "{\"host\":\"%s\",\"address\":\"127.0.0.1\",\"port\":%d,\"serving\":%s}"
                        .formatted(primary.name(), primary.port(), serving));
        put(
                "members/" + primary.name(),
                "{\"host\":\"%s\",\"address\":\"127.0.0.1\",\"port\":%d,\"role\":\"PRIMARY\",\"streaming\":false}"
                        .formatted(primary.name(), primary.port()));
    }

    void put(String key, String value) {
        assertThat(etcd.commit(new Txn().put(Bytes.utf8(PREFIX + key), Bytes.utf8(value))))
                .isInstanceOf(Answer.Done.class);
    }

    void delete(String key) {
        assertThat(etcd.commit(new Txn().delete(Bytes.utf8(PREFIX + key)))).isInstanceOf(Answer.Done.class);
    }

    /// Promotes the standby, which takes the key; whatever the former primary is.
    void promote() {
        delete("leader");
        delete("members/" + primary.name());
        standby.promote();
        primary = standby;
        lead(true);
    }

    /// A planned change of the primary, as the keeper makes it.
    void switchOver() {
        lead(false);
        Processes.await("clients have left " + primary.name(), LIMIT, () -> sessions() == 0);
        primary.stopFast();
        promote();
    }

    /// How many of the user's sessions are at the primary.
    int sessions() {
        return Integer.parseInt(primary.ask("SELECT count(*) FROM pg_stat_activity WHERE usename = 'clerk'"));
    }

    /// One more proxy of the same service.
    PostgresProxy another(ProxyConfig config) throws IOException, InterruptedException {
        return another(config, etcd, new Metrics());
    }

    /// @param from what it knows of the store
    PostgresProxy another(ProxyConfig config, Etcd from, Metrics numbers) throws IOException, InterruptedException {
        return PostgresProxy.open(vertx, from, config, ProxyMetrics.ofPostgres(numbers), ticker);
    }

    /// A client of the store that goes through a cable.
    Etcd clientBy(Cable cable) {
        Endpoint endpoint = Endpoint.parse("http://127.0.0.1:" + cable.port());
        return Etcd.open(vertx, EtcdConfig.of(List.of(endpoint)).withCallLimit(Duration.ofSeconds(2)), Ticker.system());
    }

    String address(int port) {
        return "jdbc:postgresql://127.0.0.1:" + port + "/postgres?connectTimeout=10&socketTimeout=60";
    }

    /// A client of the write port.
    Connection connect() throws SQLException {
        return connectAt(proxy.writePort());
    }

    Connection connectToRead() throws SQLException {
        return connectAt(proxy.readPort());
    }

    Connection connectAt(int port) throws SQLException {
        return DriverManager.getConnection(address(port), USER, USER_PASSWORD);
    }

    /// How a program ended and what it said.
    record Ran(int status, String output) {}

    /// A client program of PostgreSQL under way.
    final class Program {
        private final Process process;
        private final Path log;

        private Program(List<String> command, String password) {
            log = folder.resolve("program" + ++programs + ".log");
            ProcessBuilder builder =
                    new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(log.toFile());
            builder.environment().put("PGPASSWORD", password);
            builder.environment().put("PGCONNECT_TIMEOUT", "20");
            try {
                process = builder.start();
            } catch (IOException failed) {
                throw new UncheckedIOException(failed);
            }
        }

        Process process() {
            return process;
        }

        String output() {
            try {
                return Files.readString(log);
            } catch (IOException failed) {
                throw new UncheckedIOException(failed);
            }
        }

        Ran await() {
            try {
                if (process.waitFor(60, TimeUnit.SECONDS)) return new Ran(process.exitValue(), output());
            } catch (InterruptedException bug) {
                throw new IllegalStateException(bug);
            }
            process.destroyForcibly();
            throw new AssertionError("it does not end: " + output());
        }
    }

    /// Starts `psql` or `pgbench` at the write port.
    Program program(String program, String user, String password, String... arguments) {
        List<String> command = new ArrayList<>(List.of(
                PostgresBinaries.folder().resolve(program).toString(),
                "--host=127.0.0.1",
                "--port=" + proxy.writePort(),
                "--username=" + user));
        command.addAll(List.of(arguments));
        return new Program(command, password);
    }

    Ran psql(String... arguments) {
        List<String> all = new ArrayList<>(List.of("--no-psqlrc", "--dbname=postgres", "-v", "ON_ERROR_STOP=1"));
        all.addAll(List.of(arguments));
        return program("psql", USER, USER_PASSWORD, all.toArray(String[]::new)).await();
    }

    @Override
    public void close() throws Exception {
        proxy.close();
        vertx.close().toCompletionStage().toCompletableFuture().get(10, TimeUnit.SECONDS);
        primary.close();
        standby.close();
        processes.close();
        store.close();
    }
}
