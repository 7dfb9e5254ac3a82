package holdfast.server.peers;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;

/// Real processes of this program for tests: started from the test's own class path, logged into one folder, ended with
/// the test whatever happens.
public final class Processes implements AutoCloseable {
    private static final int LOG_LINES = 40;
    private static final int FIRST_PORT = 24_300; // below what the kernel gives to outgoing connections
    private static final int PORTS = 5_000;
    private static final AtomicInteger NEXT_PORT =
            new AtomicInteger((int) (ProcessHandle.current().pid() * 37 % PORTS));

    private final Path folder;
    private final List<Running> all = new ArrayList<>();

    private Processes(Path folder) {
        this.folder = folder;
    }

    /// @param folder where logs go
    public static Processes in(Path folder) {
        return new Processes(folder);
    }

    /// A process that can be started again with the same command.
    public final class Running {
        private final String name;
        private final List<String> command;
        private final Map<String, String> environment;
        private final Path log;
        private Process process;

        private Running(String name, List<String> command, Map<String, String> environment) {
            this.name = name;
            this.command = command;
            this.environment = environment;
            log = folder.resolve(name + ".log");
            process = launch(command);
        }

        private Process launch(List<String> words) {
            try {
                ProcessBuilder builder = new ProcessBuilder(words)
                        .redirectErrorStream(true)
                        .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()));
                builder.environment().putAll(environment);
                return builder.start();
            } catch (IOException failed) {
                throw new UncheckedIOException(failed);
            }
        }

        public String name() {
            return name;
        }

        public long pid() {
            return process.pid();
        }

        public boolean isAlive() {
            return process.isAlive();
        }

        /// SIGKILL. Returns at once; see [#awaitEnd].
        public void kill9() {
            process.destroyForcibly();
        }

        /// SIGTERM.
        public void terminate() {
            process.destroy();
        }

        /// SIGSTOP.
        public void freeze() {
            signal("STOP");
        }

        /// SIGCONT.
        public void thaw() {
            signal("CONT");
        }

        /// A signal by its name, such as `INT`.
        public void signal(String signal) {
            try {
                int failed = new ProcessBuilder("kill", "-" + signal, "" + process.pid())
                        .start()
                        .waitFor();
                if (failed != 0) throw new IllegalStateException("kill -" + signal + " of " + name + " failed");
            } catch (IOException failed) {
                throw new UncheckedIOException(failed);
            } catch (InterruptedException bug) {
                throw new IllegalStateException(bug);
            }
        }

        /// Waits for the process to end and returns its exit status.
        public int awaitEnd(Duration limit) {
            try {
                if (process.waitFor(limit.toMillis(), TimeUnit.MILLISECONDS)) return process.exitValue();
            } catch (InterruptedException bug) {
                throw new IllegalStateException(bug);
            }
            throw new AssertionError(name + " still runs after " + limit + "\n" + logTail());
        }

        /// Starts it again, once it has ended.
        public void restart() {
            if (process.isAlive()) throw new IllegalStateException(name + " still runs");
            process = launch(command);
        }

        /// Starts it again with more arguments, this once.
        public void restartWith(String... more) {
            if (process.isAlive()) throw new IllegalStateException(name + " still runs");
            List<String> longer = new ArrayList<>(command);
            longer.addAll(List.of(more));
            process = launch(longer);
        }

        public String log() {
            try {
                return Files.readString(log);
            } catch (IOException failed) {
                throw new UncheckedIOException(failed);
            }
        }

        public String logTail() {
            List<String> lines = log().lines().toList();
            return String.join("\n", lines.subList(Math.max(0, lines.size() - LOG_LINES), lines.size()));
        }

        /// Waits until its output holds `text`.
        public void awaitOutput(String text, Duration limit) {
            try {
                await(name + " says " + text, limit, () -> log().contains(text) || !isAlive());
            } catch (AssertionError late) {
                throw new AssertionError(late.getMessage() + "\n" + logTail(), late);
            }
            if (!log().contains(text)) throw new AssertionError(name + " ended\n" + logTail());
        }
    }

    /// Starts `holdfast` with `arguments` in a JVM of its own.
    public Running holdfast(String name, List<String> arguments) {
        List<String> command = new ArrayList<>(holdfastCommand());
        command.addAll(arguments);
        return start(name, command, Map.of());
    }

    /// The end of what each has said.
    public String logs() {
        StringBuilder logs = new StringBuilder();
        for (Running one : all) {
            logs.append("--- ")
                    .append(one.name())
                    .append(one.isAlive() ? " runs" : " ended with " + one.process.exitValue())
                    .append('\n')
                    .append(one.logTail())
                    .append('\n');
        }
        return logs.toString();
    }

    /// What the launcher would run, without arguments.
    public static List<String> holdfastCommand() {
        return List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx256m", // these as the launcher's
                "-Xmn40m",
                "-XX:+UseSerialGC",
                "-XX:MinHeapFreeRatio=20",
                "-XX:MaxHeapFreeRatio=40",
                "-XX:-ShrinkHeapInSteps",
                "-XX:TieredStopAtLevel=1", // most of a short server's life would be compiling
                "--enable-native-access=ALL-UNNAMED",
                "--sun-misc-unsafe-memory-access=allow",
                "-cp",
                System.getProperty("java.class.path"),
                "holdfast.server.cli.Main");
    }

    public Running start(String name, List<String> command, Map<String, String> environment) {
        Running running = new Running(name, command, environment);
        all.add(running);
        return running;
    }

    /// Waits for a condition, looking every few milliseconds.
    public static void await(String what, Duration limit, BooleanSupplier condition) {
        long deadline = System.nanoTime() + limit.toNanos();
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() - deadline > 0) throw new AssertionError("not within " + limit + ": " + what);
            try {
                TimeUnit.MILLISECONDS.sleep(5);
            } catch (InterruptedException bug) {
                throw new IllegalStateException(bug);
            }
        }
    }

    /// A port that nobody listens on and that the kernel gives to no outgoing connection.
    public static int freePort() {
        for (int tries = 0; tries < PORTS; tries++) {
            int port = FIRST_PORT + Math.floorMod(NEXT_PORT.getAndIncrement(), PORTS);
            try (ServerSocket socket = new ServerSocket()) {
                socket.bind(new InetSocketAddress("127.0.0.1", port));
                return port;
            } catch (IOException _) {
                // taken
            }
        }
        throw new IllegalStateException("no free port");
    }

    @Override
    public void close() {
        for (Running running : all) running.kill9();
        for (Running running : all) {
            int _ = running.awaitEnd(Duration.ofSeconds(10));
        }
    }
}
