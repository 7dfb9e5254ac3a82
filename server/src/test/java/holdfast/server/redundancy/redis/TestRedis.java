package holdfast.server.redundancy.redis;

import holdfast.server.peers.Processes;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.opentest4j.TestAbortedException;

/// A real Redis server on a free local port; nothing is written to disk.
final class TestRedis {
    private static final Duration LIMIT = Duration.ofSeconds(20);

    private final String name;
    private final int port = Processes.freePort();
    private final String password;
    private final Processes.Running process;

    /// @param password of user `default`; empty for none
    /// @param settings as on the command line, such as `--maxclients 20`
    TestRedis(Processes processes, Path folder, String name, String password, String... settings) {
        this.name = name;
        this.password = password;
        try {
            Files.createDirectories(folder.resolve(name));
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
        List<String> command = new ArrayList<>(List.of(
                program("redis-server"),
                "--port",
                "" + port,
                "--bind",
                "127.0.0.1",
                "--dir",
                "" + folder.resolve(name)));
        command.addAll(List.of("--save", "", "--appendonly", "no", "--repl-diskless-sync-delay", "0"));
        command.addAll(List.of("--repl-ping-replica-period", "1", "--enable-debug-command", "yes"));
        if (!password.isEmpty()) command.addAll(List.of("--requirepass", password, "--masterauth", password));
        command.addAll(List.of(settings));
        process = processes.start(name, command, Map.of());
        process.awaitOutput("eady to accept connections", LIMIT);
    }

    /// Skips the test when it is not installed, as those of etcd and PostgreSQL are.
    static String program(String name) {
        for (String folder : System.getenv("PATH").split(":", -1)) {
            if (Files.isExecutable(Path.of(folder, name)))
                return Path.of(folder, name).toString();
        }
        throw new TestAbortedException(name + " is not installed: `apt-get install redis-server`");
    }

    String name() {
        return name;
    }

    int port() {
        return port;
    }

    Processes.Running process() {
        return process;
    }

    /// A connection of user `default`, not through anything.
    RawRedis connect() {
        RawRedis raw = new RawRedis(port);
        if (!password.isEmpty()) raw.ask("AUTH", password);
        return raw;
    }

    String ask(String... words) {
        try (RawRedis raw = connect()) {
            return raw.ask(words);
        }
    }

    /// Becomes a replica, and waits until it has everything.
    void follow(TestRedis primary) {
        ask("REPLICAOF", "127.0.0.1", "" + primary.port);
        Processes.await(
                name + " follows " + primary.name,
                LIMIT,
                () -> ask("INFO", "replication").contains("master_link_status:up"));
    }

    void promote() {
        ask("REPLICAOF", "NO", "ONE");
    }

    /// How many connections of clients it has, without the one that asks and those of replicas.
    long clients() {
        return ask("CLIENT", "LIST", "TYPE", "normal")
                        .lines()
                        .filter(line -> line.contains("id="))
                        .count()
                - 1;
    }

    void kill9() {
        process.kill9();
        int _ = process.awaitEnd(LIMIT);
    }
}
