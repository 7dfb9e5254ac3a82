package holdfast.bench;

import io.vertx.core.Vertx;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// Put throughput and latency of Holdfast and etcd: three members each, one machine, the same client, A B A B.
/// `--rounds N` (5), `--seconds S` a run (5), `--warm-up S` (10), `--in-flight 1,64,512`.
public final class SideBySide {
    private SideBySide() {}

    /// Both stores in one round.
    private record Pair(Load.Result holdfast, Load.Result etcd) {}

    public static void main(String[] args) throws IOException, InterruptedException {
        Map<String, String> flags = new LinkedHashMap<>(
                Map.of("--rounds", "5", "--seconds", "5", "--warm-up", "10", "--in-flight", "1,64,512"));
        for (int index = 0; index + 1 < args.length; index += 2) flags.put(args[index], args[index + 1]);
        int rounds = Integer.parseInt(flags.get("--rounds"));
        double seconds = Double.parseDouble(flags.get("--seconds"));
        double warmUp = Double.parseDouble(flags.get("--warm-up"));
        Vertx vertx = Vertx.vertx();
        try (Cluster holdfast = Cluster.holdfast();
                Cluster etcd = Cluster.etcd(program("etcd"));
                Load ours = new Load(vertx, holdfast.clientPorts());
                Load theirs = new Load(vertx, etcd.clientPorts())) {
            System.out.printf("warming up: %.0f s each%n", warmUp);
            ours.run(64, warmUp);
            theirs.run(64, warmUp);
            for (String text : flags.getOrDefault("--in-flight", "").split(",", -1)) {
                int inFlight = Integer.parseInt(text);
                List<Pair> pairs = new ArrayList<>();
                double[] oursBefore = holdfast.cost();
                double[] theirsBefore = etcd.cost();
                for (int round = 0; round < rounds; round++) {
                    pairs.add(new Pair(ours.run(inFlight, seconds), theirs.run(inFlight, seconds)));
                }
                print(inFlight, pairs);
                printCost(
                        "holdfast",
                        oursBefore,
                        holdfast.cost(),
                        pairs.stream().map(Pair::holdfast).toList(),
                        seconds);
                printCost(
                        "etcd",
                        theirsBefore,
                        etcd.cost(),
                        pairs.stream().map(Pair::etcd).toList(),
                        seconds);
            }
        } finally {
            vertx.close();
        }
    }

    private static void print(int inFlight, List<Pair> pairs) {
        System.out.printf("%n%d in flight, %d rounds%n", inFlight, pairs.size());
        print("holdfast", pairs.stream().map(Pair::holdfast).toList());
        print("etcd", pairs.stream().map(Pair::etcd).toList());
        List<Double> ratios = pairs.stream()
                .map(pair -> pair.holdfast().perSecond() / pair.etcd().perSecond())
                .sorted()
                .toList();
        List<Double> latency = pairs.stream()
                .map(pair -> pair.holdfast().p50Millis() / pair.etcd().p50Millis())
                .sorted()
                .toList();
        System.out.printf(
                "  throughput holdfast/etcd: median %.2f (%.2f to %.2f); p50 latency: median %.2f (%.2f to %.2f)%n",
                median(ratios),
                ratios.getFirst(),
                ratios.getLast(),
                median(latency),
                latency.getFirst(),
                latency.getLast());
    }

    private static void print(String name, List<Load.Result> results) {
        Load.Result middle = results.stream()
                .sorted(Comparator.comparingDouble(Load.Result::perSecond))
                .toList()
                .get(results.size() / 2);
        System.out.printf(
                "  %-9s %,9.0f puts/s  p50 %7.2f ms  p99 %7.2f ms  failed %d%n",
                name,
                middle.perSecond(),
                middle.p50Millis(),
                middle.p99Millis(),
                results.stream().mapToLong(Load.Result::failed).sum());
    }

    private static void printCost(
            String name, double[] before, double[] after, List<Load.Result> results, double seconds) {
        double puts = results.stream().mapToDouble(Load.Result::perSecond).sum() * seconds;
        System.out.printf(
                "  %-9s %5.0f MiB in all, %.2f s of CPU for 10,000 puts%n",
                name, after[0], (after[1] - before[1]) / puts * 10_000);
    }

    private static double median(List<Double> sorted) {
        return sorted.get(sorted.size() / 2);
    }

    private static Path program(String name) {
        String tools = System.getenv("HOLDFAST_TOOLS");
        Path folder = tools != null
                ? Path.of(tools)
                : Path.of(System.getProperty("user.home"), ".cache", "holdfast", "tools", "bin");
        Path program = folder.resolve(name);
        if (!Files.isExecutable(program)) throw new IllegalStateException("there is no " + program);
        return program;
    }
}
