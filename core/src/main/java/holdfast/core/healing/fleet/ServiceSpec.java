package holdfast.core.healing.fleet;

import holdfast.core.base.NodeId;
import holdfast.core.base.Require;
import java.time.Duration;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;

/// One service as its owner wants it. Keys live under `services.NAME.`; what is refused here is named relative to
/// that (wrap with [Require#under]).
///
/// @param command what to run; empty exactly when `observe`
/// @param instances how many, 1 to 1_000; for an observed service the size of `at`
/// @param port port of instance 1; instance k listens on `port + k - 1`; 0 means that it listens nowhere
/// @param hosts where it may run; empty means every host of the fleet
/// @param recovery tried in order; ends in `hand-over`
/// @param startWithin longest from a start until it is well; 100 ms to 1 h
/// @param stopWithin longest from SIGTERM to SIGKILL; 0 to 10 min
/// @param observe never started or stopped by us
/// @param at instance name to `HOST:PORT` of an observed service, numbered from 1 in name order; else empty
public record ServiceSpec(
        String name,
        List<String> command,
        int instances,
        int port,
        List<NodeId> hosts,
        SortedMap<String, String> env,
        List<CheckSpec> checks,
        List<String> dependsOn,
        List<Rung> recovery,
        Limits limits,
        Duration startWithin,
        Duration stopWithin,
        boolean observe,
        SortedMap<String, String> at) {
    public static final List<Rung> RECOVERY_DEFAULT = List.of(Rung.RESTART, Rung.MOVE, Rung.HAND_OVER);
    public static final Duration START_WITHIN_DEFAULT = Duration.ofSeconds(15);
    public static final Duration STOP_WITHIN_DEFAULT = Duration.ofSeconds(5);

    private static final int INSTANCES_MAX = 1_000;

    public ServiceSpec {
        command = List.copyOf(command);
        hosts = List.copyOf(hosts);
        env = new TreeMap<>(env);
        checks = List.copyOf(checks);
        dependsOn = List.copyOf(dependsOn);
        recovery = List.copyOf(recovery);
        at = new TreeMap<>(at);
        Require.that("name", name, name.matches("[a-z]([a-z0-9-]{0,61}[a-z0-9])?"), "1 to 63 of a-z 0-9 -");
        if (observe) refuseBadObserved(command, at, checks);
        else refuseBadRun(command, at);
        Require.between("instances", instances, 1, INSTANCES_MAX);
        if (observe)
            Require.that("instances", instances, instances == at.size(), "left out, as `at` names " + at.size());
        Require.between("port", port, 0, 65_535);
        Require.that(
                "port",
                port,
                port == 0 || port + instances - 1 <= 65_535,
                "at most " + (65_536 - instances) + " for " + instances + " instances");
        for (String key : env.keySet())
            Require.that("env", "'" + key + "'", key.matches("[A-Za-z_][A-Za-z0-9_]*"), "names of A-Z a-z 0-9 _");
        refuseBadLists(port, observe, hosts, checks, dependsOn, recovery);
        Require.between("start-within", startWithin, Duration.ofMillis(100), Duration.ofHours(1));
        Require.between("stop-within", stopWithin, Duration.ZERO, Duration.ofMinutes(10));
    }

    private static void refuseBadObserved(List<String> command, SortedMap<String, String> at, List<CheckSpec> checks) {
        Require.that("command", command, command.isEmpty(), "left out when observe is true");
        Require.that("at", at, !at.isEmpty(), "at least one name with HOST:PORT when observe is true");
        at.forEach((name, address) ->
                Require.that("at." + name, "'" + address + "'", address.matches(".+:[0-9]{1,5}"), "HOST:PORT"));
        Require.that("checks", checks, !checks.isEmpty(), "at least one when observe is true");
    }

    private static void refuseBadRun(List<String> command, SortedMap<String, String> at) {
        Require.that(
                "command", command, !command.isEmpty(), "a command with at least one word, unless observe is true");
        Require.that("at", at, at.isEmpty(), "left out unless observe is true");
    }

    private static void refuseBadLists(
            int port,
            boolean observe,
            List<NodeId> hosts,
            List<CheckSpec> checks,
            List<String> dependsOn,
            List<Rung> recovery) {
        Require.that("hosts", hosts, hosts.stream().distinct().count() == hosts.size(), "without a name twice");
        Require.that(
                "depends-on",
                dependsOn,
                dependsOn.stream().distinct().count() == dependsOn.size(),
                "without a name twice");
        for (int index = 0; index < checks.size(); index++) {
            boolean needsPort = checks.get(index) instanceof CheckSpec.Http
                    || (checks.get(index) instanceof CheckSpec.Tcp(int own, CheckSpec.Timing _) && own == 0);
            Require.that(
                    "checks[" + index + "]",
                    "a probe of the port",
                    !needsPort || port != 0 || observe,
                    "exec while the service has no port");
            Require.that(
                    "checks[" + index + "]",
                    "exec",
                    !observe || checks.get(index).isRemote(),
                    "http or tcp when observe is true");
        }
        Require.that(
                "recovery",
                keys(recovery),
                !recovery.isEmpty() && recovery.getLast() == Rung.HAND_OVER,
                "a list that ends in hand-over");
        Require.that(
                "recovery",
                keys(recovery),
                recovery.stream().distinct().count() == recovery.size(),
                "without a rung twice");
        Require.that("recovery", keys(recovery), !observe || recovery.size() == 1, "[hand-over] when observe is true");
    }

    private static List<String> keys(List<Rung> recovery) {
        return recovery.stream().map(Rung::key).toList();
    }

    /// The port of instance `number` (from 1); 0 when it listens nowhere or is observed.
    public int portOf(int number) {
        return port == 0 || observe ? 0 : port + number - 1;
    }

    /// Whether a process of the one is a process of the other: then a change of spec needs no restart.
    public boolean runsLike(ServiceSpec other) {
        return port == other.port && command.equals(other.command) && env.equals(other.env);
    }

    /// What the process itself is made from, as 16 hex digits (FNV-1a, 64 bit): two specs with one fingerprint
    /// need no restart.
    public String fingerprint() {
        String text = String.join("\u0000", command) + "\u0001" + env + "\u0001" + port;
        long hash = 0xcbf29ce484222325L;
        for (int index = 0; index < text.length(); index++) hash = (hash ^ text.charAt(index)) * 0x100000001b3L;
        return String.format("%016x", hash);
    }
}
