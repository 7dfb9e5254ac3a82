package holdfast.bench;

import com.google.protobuf.ByteString;
import holdfast.bench.ClosedLoop.Result;
import holdfast.bench.ClosedLoop.Work;
import holdfast.protocol.etcd.CompactionRequest;
import holdfast.protocol.etcd.PutRequest;
import holdfast.protocol.etcd.SnapshotRequest;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.ToDoubleFunction;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/// Holdfast beside etcd: three members each, one machine, fsync on, the same generator, run by run in alternation.
@Command(
        name = "bench/etcd/run",
        description = "Holdfast beside etcd on this machine, run by run in alternation; prints a table of ratios.",
        mixinStandardHelpOptions = true,
        showDefaultValues = true)
public final class EtcdBench implements Callable<Integer> {
    /// The kills come last: those who were killed are cold afterwards.
    private static final List<String> PARTS = List.of(
            "start", "put1", "put64", "put512", "lin1", "lin64", "lin512", "ser64", "mix64", "memory", "fans", "big",
            "kill", "soak");
    private static final Set<String> ASKED_FOR_ONLY = Set.of("soak");
    private static final int BIG_KEYS = 10_000;
    private static final int WATCHERS = 1_000;
    private static final int LARGE_VALUE_BYTES = 64 << 10;
    private static final int LARGE_SECONDS_MAX = 300;
    private static final double GENERATOR_WARM_UP_SECONDS = 5;

    @Spec
    private CommandSpec spec = CommandSpec.create();

    @Option(names = "--rounds", paramLabel = "N", defaultValue = "5", description = "Runs of each side.")
    private int rounds;

    @Option(names = "--seconds", paramLabel = "S", defaultValue = "5", description = "Length of a run.")
    private double seconds;

    @Option(names = "--warm-up", paramLabel = "S", defaultValue = "60", description = "Load before anything counts.")
    private double warmUp;

    @Option(names = "--soak-seconds", paramLabel = "S", defaultValue = "600", description = "Length of the soak.")
    private double soakSeconds;

    @Option(names = "--fan-puts", paramLabel = "N", defaultValue = "1000", description = "Puts a second under watchers.")
    private int fanPuts;

    @Option(names = "--parts", paramLabel = "PART", split = ",", description = "Which, in order; all but the soak by default.")
    private List<String> parts =
            PARTS.stream().filter(part -> !ASKED_FOR_ONLY.contains(part)).toList();

    @Option(names = "--launcher", paramLabel = "FILE", required = true, description = "The program holdfast.")
    private Path launcher = Path.of("holdfast");

    @Option(names = "--etcd", paramLabel = "FILE", required = true, description = "The program etcd.")
    private Path etcd = Path.of("etcd");

    private final Table table = new Table();

    private EtcdBench() {}

    public static void main(String[] args) {
        System.exit(new CommandLine(new EtcdBench()).execute(args));
    }

    private <N extends Number> void require(String name, N value, boolean good, String bound) {
        if (!good) throw new ParameterException(spec.commandLine(), name + " is " + value + ": it must be " + bound);
    }

    @Override
    public Integer call() throws IOException, InterruptedException {
        require("--rounds", rounds, rounds > 0, "at least 1");
        require("--seconds", seconds, seconds > 0, "above 0");
        require("--warm-up", warmUp, warmUp >= 0, "at least 0");
        require("--soak-seconds", soakSeconds, soakSeconds > 0, "above 0");
        require("--fan-puts", fanPuts, fanPuts > 0, "at least 1");
        Set<String> parts = new LinkedHashSet<>(this.parts);
        for (String part : parts) {
            if (!PARTS.contains(part)) {
                throw new ParameterException(spec.commandLine(), "--parts: " + part + " is none of " + PARTS);
            }
        }
        if (parts.remove("start")) start();
        if (!parts.isEmpty()) {
            try (Side holdfast = holdfast();
                    Side etcd = etcd()) {
                warm(holdfast);
                warm(etcd);
                for (String part : parts) part(part, holdfast, etcd);
            }
        }
        table.print();
        return 0;
    }

    private Side holdfast() throws IOException, InterruptedException {
        return new Side(Cluster.holdfast(program("--launcher", launcher)));
    }

    private Side etcd() throws IOException, InterruptedException {
        return new Side(Cluster.etcd(program("--etcd", etcd)));
    }

    private Path program(String name, Path file) {
        Path program = file.toAbsolutePath();
        if (!Files.isExecutable(program)) throw new ParameterException(spec.commandLine(), name + ": there is no " + program);
        return program;
    }

    /// Fills all keys, then a while of everything, for the generator's code as much as for theirs.
    private void warm(Side side) throws InterruptedException {
        System.out.printf("warming up %s: %.0f s%n", side.cluster().name(), warmUp);
        side.run(Works.fill(), 256, warmUp / 2);
        side.run(Works.mix(1), 64, warmUp / 4);
        side.run(Works.puts(1), 64, warmUp / 4);
    }

    private void part(String part, Side holdfast, Side etcd) throws IOException, InterruptedException {
        switch (part) {
            case "put1" -> loop("put, 1 in flight", Works.puts(11), 1, holdfast, etcd);
            case "put64" -> loop("put, 64 in flight", Works.puts(12), 64, holdfast, etcd);
            case "put512" -> loop("put, 512 in flight", Works.puts(13), 512, holdfast, etcd);
            case "lin1" -> loop("linearizable range, 1", Works.ranges(14, false), 1, holdfast, etcd);
            case "lin64" -> loop("linearizable range, 64", Works.ranges(15, false), 64, holdfast, etcd);
            case "lin512" -> loop("linearizable range, 512", Works.ranges(16, false), 512, holdfast, etcd);
            case "ser64" -> loop("serializable range, 64", Works.ranges(17, true), 64, holdfast, etcd);
            case "mix64" -> loop("90/10 mix, 64", Works.mix(18), 64, holdfast, etcd);
            case "memory" ->
                table.add(
                        "memory of a member",
                        "MiB",
                        new double[] {holdfast.cluster().memberMebibytes()},
                        new double[] {etcd.cluster().memberMebibytes()},
                        false);
            case "kill" -> kill(holdfast, etcd);
            case "fans" -> fans(holdfast, etcd);
            case "big" -> big(holdfast, etcd);
            case "soak" -> Soak.run(holdfast, soakSeconds);
            default -> throw new IllegalArgumentException(part);
        }
    }

    private void loop(String name, Work work, int inFlight, Side holdfast, Side etcd) throws InterruptedException {
        Result[] ours = new Result[rounds];
        Result[] theirs = new Result[rounds];
        double[] ourMicros = new double[rounds];
        double[] theirMicros = new double[rounds];
        for (int round = 0; round < rounds; round++) {
            double before = holdfast.cluster().cpuMicros();
            ours[round] = holdfast.run(work, inFlight, seconds);
            ourMicros[round] = (holdfast.cluster().cpuMicros() - before) / ours[round].done();
            before = etcd.cluster().cpuMicros();
            theirs[round] = etcd.run(work, inFlight, seconds);
            theirMicros[round] = (etcd.cluster().cpuMicros() - before) / theirs[round].done();
        }
        table.add(name, "1/s", each(ours, Result::perSecond), each(theirs, Result::perSecond), true);
        table.add(name + ": p50", "ms", each(ours, Result::p50Millis), each(theirs, Result::p50Millis), false);
        table.add(name + ": p99", "ms", each(ours, Result::p99Millis), each(theirs, Result::p99Millis), false);
        table.add(name + ": servers' CPU", "us", ourMicros, theirMicros, false);
        long failed = 0;
        for (int round = 0; round < rounds; round++) failed += ours[round].failed() + theirs[round].failed();
        if (failed > 0) System.out.println("  " + failed + " calls failed");
    }

    private static double[] each(Result[] results, ToDoubleFunction<Result> figure) {
        return Arrays.stream(results).mapToDouble(figure).toArray();
    }

    /// Cold: from three starts to the first write served, and the slowest of 100 in the ten seconds after. Only the
    /// generator is warm, by a cluster that does not count.
    private void start() throws IOException, InterruptedException {
        try (Side etcd = etcd()) {
            etcd.run(Works.puts(0), 16, GENERATOR_WARM_UP_SECONDS);
        }
        double[][] ours = new double[2][rounds];
        double[][] theirs = new double[2][rounds];
        for (int round = 0; round < rounds; round++) {
            long begun = System.nanoTime();
            try (Side holdfast = holdfast()) {
                first(holdfast, begun, round, ours);
            }
            begun = System.nanoTime();
            try (Side etcd = etcd()) {
                first(etcd, begun, round, theirs);
            }
        }
        table.add("three starts to the first write", "s", ours[0], theirs[0], false);
        table.add("p99 of puts in the first 10 s, 16 in flight", "ms", ours[1], theirs[1], false);
    }

    private static void first(Side side, long begun, int round, double[][] into)
            throws IOException, InterruptedException {
        side.call(0, "/etcdserverpb.KV/Put", Works.put(0));
        into[0][round] = (System.nanoTime() - begun) / 1e9;
        into[1][round] = side.run(Works.puts(round), 16, 10).p99Millis();
    }

    private void kill(Side holdfast, Side etcd) throws IOException, InterruptedException {
        double[] ours = new double[rounds];
        double[] theirs = new double[rounds];
        for (int round = 0; round < rounds; round++) {
            ours[round] = holdfast.killLeader();
            theirs[round] = etcd.killLeader();
        }
        table.add("leader killed to first write", "ms", ours, theirs, false);
        table.add("leader killed to first write: worst", "ms", worst(ours), worst(theirs), false);
    }

    private static double[] worst(double[] values) {
        return new double[] {Arrays.stream(values).max().orElse(0)};
    }

    private void fans(Side holdfast, Side etcd) throws IOException, InterruptedException {
        double[][] ours = new double[4][rounds];
        double[][] theirs = new double[4][rounds];
        for (Side side : List.of(holdfast, etcd)) Fans.run(side, WATCHERS, fanPuts, warmUp / 4);
        for (int round = 0; round < rounds; round++) {
            fan(holdfast, round, ours);
            fan(etcd, round, theirs);
        }
        String name = String.format(Locale.ROOT, "%,d watchers, %,d puts/s", WATCHERS, fanPuts);
        table.add(name + ": events", "1/s", ours[0], theirs[0], true);
        table.add(name + ": p99 lag", "ms", ours[1], theirs[1], false);
        table.add(name + ": share delivered", "", ours[2], theirs[2], true);
        table.add(name + ": servers' CPU an event", "us", ours[3], theirs[3], false);
    }

    private void fan(Side side, int round, double[][] into) throws IOException, InterruptedException {
        double before = side.cluster().cpuMicros();
        Fans.Result result = Fans.run(side, WATCHERS, fanPuts, seconds);
        into[0][round] = result.perSecond();
        into[1][round] = result.p99LagMillis();
        into[2][round] = result.dueShare();
        into[3][round] = (side.cluster().cpuMicros() - before) / result.delivered();
    }

    /// What a put waits for at its worst while something large goes on beside it, on one member after another.
    private void big(Side holdfast, Side etcd) throws IOException, InterruptedException {
        loop("range of 10,000 keys, 1", Works.bigRange(BIG_KEYS), 1, holdfast, etcd);
        beside("big ranges", holdfast, etcd, side -> side.run(Works.bigRange(BIG_KEYS), 4, seconds));
        beside("loading 1 GiB", holdfast, etcd, side -> {
            ByteString value = ByteString.copyFrom(new byte[LARGE_VALUE_BYTES]);
            int keys = (1 << 30) / LARGE_VALUE_BYTES;
            Work load = count -> new ClosedLoop.Ask(
                    Works.PUT,
                    PutRequest.newBuilder()
                            .setKey(ByteString.copyFromUtf8("large/" + count % keys))
                            .setValue(value)
                            .build()
                            .toByteString());
            long left = keys;
            while (left > 0) left -= side.run(load, 8, 1).done();
        });
        beside("snapshot of all that", holdfast, etcd, side -> {
            AtomicLong bytes = new AtomicLong();
            side.stream(
                    side.leader(),
                    "/etcdserverpb.Maintenance/Snapshot",
                    SnapshotRequest.getDefaultInstance().toByteString(),
                    LARGE_SECONDS_MAX,
                    chunk -> bytes.addAndGet(chunk.length));
            System.out.printf("  %s: a snapshot of %,d bytes%n", side.cluster().name(), bytes.get());
        });
        beside("restart of a follower", holdfast, etcd, side -> {
            int leader = side.leader();
            side.cluster().restart((leader + 1) % Cluster.MEMBERS);
        });
        beside("compaction", holdfast, etcd, side -> {
            long revision = side.status(side.leader()).getHeader().getRevision();
            side.stream(
                    side.leader(),
                    "/etcdserverpb.KV/Compact",
                    CompactionRequest.newBuilder()
                            .setRevision(revision)
                            .setPhysical(true)
                            .build()
                            .toByteString(),
                    LARGE_SECONDS_MAX,
                    _ -> {});
        });
    }

    private interface Deed {
        void on(Side side) throws IOException, InterruptedException;
    }

    private void beside(String name, Side holdfast, Side etcd, Deed deed) throws IOException, InterruptedException {
        Result[] ours = {meanwhile(holdfast, deed)};
        Result[] theirs = {meanwhile(etcd, deed)};
        table.add(
                name + ": p99 of puts meanwhile",
                "ms",
                each(ours, Result::p99Millis),
                each(theirs, Result::p99Millis),
                false);
        table.add(
                name + ": worst put meanwhile",
                "ms",
                each(ours, Result::worstMillis),
                each(theirs, Result::worstMillis),
                false);
    }

    /// Puts go to the leader alone, over a connection of their own, so that a member that restarts fails none.
    private Result meanwhile(Side side, Deed deed) throws IOException, InterruptedException {
        AtomicBoolean over = new AtomicBoolean();
        int port = side.cluster().clientPorts().get(side.leader());
        Result[] measured = new Result[1];
        try (Wire wire = Wire.connect(side.loop(), port)) {
            Thread puts = new Thread(() -> {
                try {
                    measured[0] = ClosedLoop.run(List.of(wire), Works.puts(3), 8, over);
                } catch (InterruptedException _) {
                    Thread.currentThread().interrupt();
                }
            });
            puts.start();
            try {
                deed.on(side);
                Thread.sleep((long) (seconds * 1_000));
            } finally {
                over.set(true);
                puts.join();
            }
        }
        side.connect();
        return measured[0];
    }
}
