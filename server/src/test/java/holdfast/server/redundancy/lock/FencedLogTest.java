package holdfast.server.redundancy.lock;

import static org.assertj.core.api.Assertions.assertThat;

import holdfast.server.peers.Processes;
import holdfast.server.peers.StoreCluster;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Three hosts want one lock; whoever holds it appends its fence to one file all the time, which nobody guards.
/// Each round hurts the holder. In the file, which orders all that they did, no fence may come after a larger
/// one.
/// `-Dholdfast.rounds=1000` for all of it.
final class FencedLogTest {
    private static final int ROUNDS = Integer.getInteger("holdfast.rounds", 12);
    private static final int CONTENDERS = 3;
    private static final int LOST = 124;
    private static final Duration LIMIT = Duration.ofMinutes(2);

    private enum Fault {
        END_COMMAND,
        KILL_WRAPPER,
        STOP_WRAPPER,
        TERMINATE_WRAPPER,
        KILL_COMMAND,
        STOP_STORE
    }

    @TempDir
    Path folder;

    private StoreCluster store;
    private Processes processes;
    private Path log;
    private final List<Processes.Running> contenders = new ArrayList<>();

    @BeforeEach
    void open() throws IOException {
        store = StoreCluster.start(Files.createDirectories(folder.resolve("store")), 1);
        processes = Processes.in(folder);
        log = Files.createFile(folder.resolve("fences"));
    }

    @AfterEach
    void close() {
        processes.close();
        store.close();
    }

    /// One line of the file: who wrote it.
    private record Line(long fence, long wrapper, long command) {
        static Line of(String text) {
            String[] words = text.split(" ", -1);
            return new Line(Long.parseLong(words[0]), Long.parseLong(words[1]), Long.parseLong(words[2]));
        }
    }

    private Processes.Running contender(int number) {
        return processes.holdfast(
                "contender-" + number,
                List.of(
                        "run",
                        "--store=" + store.url(0),
                        "--lock=fenced",
                        "--ttl=3s",
                        "--grace=200ms",
                        "--",
                        "sh",
                        "-c",
                        "while :; do echo $HOLDFAST_FENCE $PPID $$ >>" + log + "; sleep 0.02; done"));
    }

    private List<Line> lines() {
        try {
            String text = Files.readString(log);
            return text.substring(0, text.lastIndexOf('\n') + 1)
                    .lines()
                    .map(Line::of)
                    .toList();
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
    }

    private Optional<Processes.Running> contender(Line line) {
        return contenders.stream()
                .filter(one -> one.isAlive() && one.pid() == line.wrapper)
                .findFirst();
    }

    private void await(String what, BooleanSupplier condition) {
        try {
            Processes.await(what, LIMIT, () -> {
                // on a machine that stands still for seconds a lock is lost, or a store does not answer, by itself
                contenders.stream().filter(one -> !one.isAlive()).forEach(Processes.Running::restart);
                return condition.getAsBoolean();
            });
        } catch (AssertionError late) {
            throw new AssertionError(late.getMessage() + "\n" + processes.logs(), late);
        }
    }

    /// One of those whom we started, and who acts.
    private Line awaitHolder() {
        await(
                "a holder",
                () -> !lines().isEmpty() && contender(lines().getLast()).isPresent());
        return lines().getLast();
    }

    private void awaitHolderAfter(long fence) {
        await("a holder after fence " + fence, () -> lines().getLast().fence > fence);
    }

    @Test
    void commandsOfDifferentHolders_neverActAtOnce() {
        for (int number = 0; number < CONTENDERS; number++) contenders.add(contender(number));
        Map<Fault, List<Long>> took = new EnumMap<>(Fault.class);
        for (int round = 0; round < ROUNDS; round++) {
            Fault fault = Fault.values()[round % Fault.values().length];
            Line holder = awaitHolder();
            Processes.Running wrapper = contender(holder).orElseThrow();
            long began = System.nanoTime();
            hurt(fault, wrapper, holder.command);
            awaitHolderAfter(holder.fence);
            took.computeIfAbsent(fault, _ -> new ArrayList<>()).add((System.nanoTime() - began) / 1_000_000);
            if (fault != Fault.STOP_WRAPPER) continue;
            wrapper.thaw();
            assertThat(wrapper.awaitEnd(LIMIT)).isEqualTo(LOST);
        }
        took.forEach((fault, millis) -> System.out.printf("lock: next acts after %s: %s ms%n", fault, sorted(millis)));
        List<Line> lines = lines();
        for (int index = 1; index < lines.size(); index++) {
            assertThat(lines.get(index).fence)
                    .as("line %d, after %s", index + 1, lines.get(index - 1))
                    .isGreaterThanOrEqualTo(lines.get(index - 1).fence);
        }
        assertThat(lines.stream().mapToLong(Line::fence).distinct().count()).isGreaterThan(ROUNDS);
    }

    private static List<Long> sorted(List<Long> millis) {
        return millis.stream().sorted().toList();
    }

    private void hurt(Fault fault, Processes.Running wrapper, long command) {
        switch (fault) {
            case KILL_WRAPPER -> wrapper.kill9();
            case STOP_WRAPPER -> wrapper.freeze();
            case TERMINATE_WRAPPER -> wrapper.terminate();
            case END_COMMAND -> ProcessHandle.of(command).ifPresent(ProcessHandle::destroy);
            case KILL_COMMAND -> ProcessHandle.of(command).ifPresent(ProcessHandle::destroyForcibly);
            case STOP_STORE -> {
                Processes.Running server = store.server(0);
                server.freeze();
                Processes.await(
                        "the end of the command",
                        LIMIT,
                        () -> !ProcessHandle.of(command)
                                .map(ProcessHandle::isAlive)
                                .orElse(false));
                server.thaw();
            }
        }
    }
}
