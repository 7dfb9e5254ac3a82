package holdfast.server.proof;

import java.util.ArrayList;
import java.util.List;

/// How a demo ended.
///
/// @param ordersEqual whether exactly the acknowledged orders were found, each with what was ordered
/// @param latencyP50Millis of acknowledged requests; so are the next two
/// @param problems what else went wrong, in sentences; empty when nothing did
public record Result(
        List<Verdict> verdicts,
        int ordersAcknowledged,
        int ordersFound,
        boolean ordersEqual,
        int requests,
        int requestsFailed,
        long latencyP50Millis,
        long latencyP99Millis,
        long latencyMaxMillis,
        double seconds,
        List<String> problems) {
    public Result {
        verdicts = List.copyOf(verdicts);
        problems = List.copyOf(problems);
    }

    /// Nothing could be tried.
    static Result stillborn(String why) {
        return new Result(List.of(), 0, 0, false, 0, 0, 0, 0, 0, 0, List.of(why));
    }

    Result withProblem(String problem) {
        List<String> more = new ArrayList<>(problems);
        more.add(problem);
        return new Result(
                verdicts,
                ordersAcknowledged,
                ordersFound,
                ordersEqual,
                requests,
                requestsFailed,
                latencyP50Millis,
                latencyP99Millis,
                latencyMaxMillis,
                seconds,
                more);
    }

    /// Every fault healed and rightly diagnosed, no order lost, nothing left behind.
    public boolean isGood() {
        return !verdicts.isEmpty() && verdicts.stream().allMatch(Verdict::isGood) && ordersEqual && problems.isEmpty();
    }

    /// For people: one row per fault, then the orders.
    public List<String> table() {
        List<String> lines = new ArrayList<>();
        lines.add("");
        lines.add(row("fault", "diagnosed", "right", "healed", "detect", "isolate", "recover", "verify", "failed"));
        for (Verdict verdict : verdicts) {
            lines.add(row(
                    verdict.fault(),
                    verdict.diagnosed(),
                    verdict.right() ? "yes" : "NO",
                    verdict.healed() ? "yes" : "NO",
                    Verdict.seconds(verdict.detectMillis()),
                    Verdict.seconds(verdict.isolateMillis()),
                    Verdict.seconds(verdict.recoverMillis()),
                    Verdict.seconds(verdict.verifyMillis()),
                    Integer.toString(verdict.failedRequests())));
        }
        lines.add("");
        lines.add("orders acknowledged %d, orders found %d: %s"
                .formatted(ordersAcknowledged, ordersFound, ordersEqual ? "equal" : "NOT EQUAL"));
        lines.add(
                "requests %d, failed %d (each tried again until acknowledged); latency p50 %d ms, p99 %d ms, max %d ms"
                        .formatted(requests, requestsFailed, latencyP50Millis, latencyP99Millis, latencyMaxMillis));
        problems.forEach(problem -> lines.add("PROBLEM: " + problem));
        lines.add("%s in %.0f s".formatted(isGood() ? "Everything healed" : "FAILED", seconds));
        return lines;
    }

    private static String row(String... cells) {
        return "%-13s %-24s %-6s %-7s %8s %8s %8s %8s %7s".formatted((Object[]) cells);
    }
}
