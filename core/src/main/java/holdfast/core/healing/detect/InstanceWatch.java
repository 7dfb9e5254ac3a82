package holdfast.core.healing.detect;

import holdfast.core.base.NodeId;
import holdfast.core.healing.fleet.Assignment;
import holdfast.core.healing.fleet.CheckSpec;
import holdfast.core.healing.fleet.Part;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/// What is known of one run of one instance: its exit, its agent's roster, and each witness' answers. A new run
/// begins with nothing known. One thread.
final class InstanceWatch {
    private static final long SECOND_NANOS = 1_000_000_000L;
    /// A refused port is charged to the instance only when its parent had this long to report an exit.
    private static final long EXIT_REPORT_NANOS = SECOND_NANOS * 3 / 10;
    /// An instance without checks counts as well when its agent saw it run this long.
    static final long SETTLE_NANOS = 2 * SECOND_NANOS;
    /// Rosters in a row without the run before it counts as gone.
    private static final int MISSING_MIN = 2;

    final Part.Instance instance;
    /// Null for an observed service.
    final @Nullable Assignment assignment;

    private final List<CheckSpec> checks;
    private final List<NodeId> watchers;
    private final SortedMap<NodeId, List<ProbeRule>> rules = new TreeMap<>();
    private final List<String> targets;
    private boolean started;
    private boolean wellOnce;
    private long startLimitNanos;
    private boolean exited;
    private int exitStatus;
    private boolean missing;
    private String refusal = "";
    private long exitedNanos;
    private boolean running;
    private long runningSinceNanos;
    private int missingInRow;

    InstanceWatch(
            Part.Instance instance,
            @Nullable Assignment assignment,
            List<CheckSpec> checks,
            List<NodeId> watchers,
            List<String> targets,
            long startLimitNanos) {
        this.instance = instance;
        this.assignment = assignment;
        this.checks = checks;
        this.watchers = watchers;
        this.targets = targets;
        this.startLimitNanos = startLimitNanos;
        this.started = assignment == null;
        this.wellOnce = false;
    }

    /// The same run with another spec (other checks, or proven meanwhile) keeps what is known of its process, and
    /// of its answers while the checks are the same.
    InstanceWatch carryOn(InstanceWatch former) {
        if (assignment == null || !former.isRun(assignment.run())) return this;
        started = former.started;
        wellOnce = former.wellOnce;
        startLimitNanos = former.startLimitNanos;
        exited = former.exited;
        exitStatus = former.exitStatus;
        exitedNanos = former.exitedNanos;
        missing = former.missing;
        running = former.running;
        runningSinceNanos = former.runningSinceNanos;
        missingInRow = former.missingInRow;
        if (checks.equals(former.checks)) rules.putAll(former.rules);
        return this;
    }

    /// Whether `probed` speaks about where this run is.
    boolean isTarget(Signal.Probed probed) {
        return probed.check() >= 0
                && probed.check() < targets.size()
                && targets.get(probed.check()).equals(probed.target());
    }

    /// Index of the first check that other hosts can make; 0 when there is none.
    int remoteCheck() {
        for (int check = 0; check < checks.size(); check++)
            if (checks.get(check).isRemote()) return check;
        return 0;
    }

    String targetOf(int check) {
        return targets.get(check);
    }

    Optional<NodeId> host() {
        return assignment == null ? Optional.empty() : Optional.of(assignment.host());
    }

    List<NodeId> watchers() {
        return watchers;
    }

    boolean isRun(String run) {
        return assignment != null && assignment.run().equals(run);
    }

    /// Its agent did start it: from now on it has its time to get well.
    void started(long limitNanos) {
        if (started) return;
        started = true;
        startLimitNanos = limitNanos;
        rules.clear(); // until now the former run may have answered
    }

    boolean isStarted() {
        return started;
    }

    void hear(Signal.Probed probed, long nowNanos) {
        if (!isTarget(probed)) return;
        if (!watchers.contains(probed.witness()) || !probed.askId().isEmpty()) return;
        rules.computeIfAbsent(
                        probed.witness(),
                        _ -> checks.stream()
                                .map(check -> new ProbeRule(check.timing()))
                                .toList())
                .get(probed.check())
                .hear(probed, nowNanos);
    }

    void exit(int status, long nowNanos) {
        if (exited) return;
        exited = true;
        exitStatus = status;
        exitedNanos = nowNanos;
        running = false;
    }

    /// Its agent would not start it.
    void refused(String why, long nowNanos) {
        exit(0, nowNanos);
        if (refusal.isEmpty()) refusal = why;
    }

    /// The agent's roster, as far as it concerns this instance.
    void roster(Optional<Signal.Supervised> entry, long nowNanos) {
        if (entry.isPresent() && isRun(entry.get().run())) {
            missingInRow = 0;
            switch (entry.get().state()) {
                case RUNNING -> {
                    if (!running) runningSinceNanos = nowNanos;
                    running = true;
                }
                case FROZEN -> running = false;
                case EXITED -> exit(entry.get().status(), nowNanos);
            }
            return;
        }
        running = false;
        if (started && ++missingInRow >= MISSING_MIN && !exited) {
            exit(0, nowNanos);
            missing = true;
        }
    }

    boolean isRunning() {
        return running;
    }

    boolean isExited() {
        return exited;
    }

    /// Whether any witness whose newest answer counts is being failed: too thin for a verdict, enough to wait for
    /// one.
    boolean isDoubtful(long nowNanos) {
        if (exited) return true;
        for (List<ProbeRule> rulesOfWitness : rules.values()) {
            for (ProbeRule rule : rulesOfWitness) if (rule.isFailing() && rule.isFresh(nowNanos)) return true;
        }
        return false;
    }

    /// Witnesses that found every check well `factor` times as often as the check asks, in name order.
    SortedSet<NodeId> wellBy(int factor, long nowNanos) {
        SortedSet<NodeId> witnesses = new TreeSet<>();
        if (exited || !started) return witnesses;
        if (checks.isEmpty()) {
            if (assignment != null && running && nowNanos - runningSinceNanos >= SETTLE_NANOS) {
                witnesses.add(assignment.host());
            }
        } else {
            boolean remoteOnly = checks.stream().anyMatch(CheckSpec::isRemote);
            for (NodeId witness : rules.keySet()) {
                if (isWellBy(witness, remoteOnly, factor, nowNanos)) witnesses.add(witness);
            }
        }
        return witnesses;
    }

    /// A host that is not the instance's own can make the remote checks only; the own host makes them all.
    private boolean isWellBy(NodeId witness, boolean anyRemote, int factor, long nowNanos) {
        boolean own = assignment != null && witness.equals(assignment.host());
        if (!own && !anyRemote) return false;
        List<ProbeRule> rulesOfWitness = rules.getOrDefault(witness, List.of());
        for (int check = 0; check < checks.size(); check++) {
            if ((own || checks.get(check).isRemote())
                    && !rulesOfWitness.get(check).isWell(factor, nowNanos)) {
                return false;
            }
        }
        return !rulesOfWitness.isEmpty();
    }

    /// Whether hosts other than its own can see it at all.
    boolean isRemote() {
        return checks.stream().anyMatch(CheckSpec::isRemote);
    }

    boolean hasChecks() {
        return !checks.isEmpty();
    }

    void markWell() {
        wellOnce = true;
    }

    boolean wasWell() {
        return wellOnce;
    }

    /// What an exit, a late start or the witnesses prove; none while the evidence is thin.
    ///
    /// @param hostHeardNanos when its host was last heard: a refusal before that may be the whole host's
    Optional<Fault> judge(long hostHeardNanos, long nowNanos) {
        if (exited) return Optional.of(exitFault());
        if (!wellOnce && nowNanos < startLimitNanos) return Optional.empty();
        if (!wellOnce && assignment != null) return Optional.of(lateFault(nowNanos));
        return byWitnesses(hostHeardNanos, nowNanos);
    }

    private boolean isProven() {
        return assignment == null || assignment.proven();
    }

    private Fault exitFault() {
        String host = host().map(NodeId::name).orElse("its host");
        String what = missing
                ? "The agent of " + host + " no longer has it: " + missingInRow + " lists in a row without it."
                : "Its parent on " + host + " saw it end with " + sayStatus(exitStatus) + ".";
        if (!refusal.isEmpty()) what = "The agent of " + host + " refused to start it: " + refusal;
        Mode mode = isProven() ? Mode.EXITED : Mode.NEVER_HEALTHY;
        return new Fault(instance, mode, exitedNanos, true, List.of(what));
    }

    static String sayStatus(int status) {
        return status > 128 && status <= 192 ? "signal " + (status - 128) : "status " + status;
    }

    private Fault lateFault(long nowNanos) {
        List<String> evidence = new ArrayList<>();
        Mode mode = Mode.FROZEN;
        for (var entry : rules.entrySet()) {
            for (ProbeRule rule : entry.getValue()) {
                if (!rule.isFresh(nowNanos) || !rule.isFailing()) continue;
                evidence.add(say(entry.getKey(), rule));
                if (rule.last() != Signal.Result.TIMEOUT) mode = Mode.FAILING;
            }
        }
        if (evidence.isEmpty()) evidence.add("No witness has found it well.");
        long lateMillis = (nowNanos - startLimitNanos) / 1_000_000;
        evidence.addFirst("It did not get well in the time that start-within gives, by " + lateMillis + " ms.");
        return new Fault(instance, isProven() ? mode : Mode.NEVER_HEALTHY, nowNanos, false, evidence);
    }

    private Optional<Fault> byWitnesses(long hostHeardNanos, long nowNanos) {
        List<NodeId> accusers = new ArrayList<>();
        int ill = 0;
        int fresh = 0;
        long sinceNanos = Long.MAX_VALUE;
        List<String> evidence = new ArrayList<>();
        ProbeRule worst = null;
        for (var entry : rules.entrySet()) {
            if (entry.getValue().stream().anyMatch(rule -> rule.isFresh(nowNanos))) fresh++;
            for (ProbeRule rule : entry.getValue()) {
                if (!rule.isNearlyIll(nowNanos)) continue;
                if (!accusers.contains(entry.getKey())) accusers.add(entry.getKey());
                if (rule.isIll(nowNanos)) ill++;
                sinceNanos = Math.min(sinceNanos, rule.firstFailureNanos());
                evidence.add(say(entry.getKey(), rule));
                if (worst == null || rule.isIll(nowNanos)) worst = rule;
            }
        }
        if (worst == null || ill == 0 || accusers.size() < Math.min(2, fresh)) return Optional.empty();
        Optional<Mode> mode = mode(worst, accusers, hostHeardNanos, nowNanos);
        boolean proven = worst.last() == Signal.Result.REFUSED;
        long first = sinceNanos;
        return mode.map(found -> new Fault(instance, found, first, proven, evidence));
    }

    private Optional<Mode> mode(ProbeRule worst, List<NodeId> accusers, long hostHeardNanos, long nowNanos) {
        if (assignment == null) {
            return Optional.of(worst.last() == Signal.Result.TIMEOUT ? Mode.UNREACHABLE : Mode.FAILING);
        }
        NodeId own = assignment.host();
        boolean ownFresh = rules.getOrDefault(own, List.of()).stream().anyMatch(rule -> rule.isFresh(nowNanos));
        boolean ownAccuses = accusers.contains(own);
        // While its host's own view is missing, the host is suspected first.
        if (!ownFresh) return Optional.empty();
        if (!ownAccuses) {
            boolean ownSawItSince = rules.getOrDefault(own, List.of()).stream()
                    .anyMatch(rule -> rule.heardNanos() > worst.firstFailureNanos() && !rule.isFailing());
            return ownSawItSince ? Optional.of(Mode.UNREACHABLE) : Optional.empty();
        }
        if (hostHeardNanos <= worst.firstFailureNanos()) return Optional.empty();
        return switch (worst.last()) {
            case OK, BAD_ANSWER -> Optional.of(Mode.FAILING);
            case TIMEOUT -> Optional.of(Mode.FROZEN);
            case REFUSED ->
                nowNanos - worst.firstFailureNanos() >= EXIT_REPORT_NANOS
                        ? Optional.of(Mode.FAILING)
                        : Optional.empty();
        };
    }

    /// Whether hosts other than its own are failed while its own host's view is missing: a reason to ask about
    /// the host.
    boolean accusesHost(long nowNanos) {
        if (assignment == null || exited || !wellOnce) return false;
        NodeId own = assignment.host();
        for (ProbeRule rule : rules.getOrDefault(own, List.of())) if (!rule.isOverdue(nowNanos)) return false;
        for (var entry : rules.entrySet()) {
            if (entry.getKey().equals(own)) continue;
            for (ProbeRule rule : entry.getValue()) {
                if (rule.isNearlyIll(nowNanos) && rule.last() != Signal.Result.BAD_ANSWER) return true;
            }
        }
        return false;
    }

    private String say(NodeId witness, ProbeRule rule) {
        boolean own = assignment != null && witness.equals(assignment.host());
        String what = switch (rule.last()) {
            case OK -> "was answered well";
            case REFUSED -> "was refused";
            case TIMEOUT -> "got no answer in time";
            case BAD_ANSWER -> "got a bad answer" + (rule.detail().isEmpty() ? "" : " (" + rule.detail() + ")");
        };
        return witness + (own ? ", its own host, " : " ") + what + " " + rule.failuresInRow() + " times in a row.";
    }
}
