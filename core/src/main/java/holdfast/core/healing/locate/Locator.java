package holdfast.core.healing.locate;

import holdfast.core.base.NodeId;
import holdfast.core.base.Ratio;
import holdfast.core.healing.detect.Fault;
import holdfast.core.healing.detect.Mode;
import holdfast.core.healing.fleet.Part;
import holdfast.core.healing.fleet.ServiceSpec;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Predicate;

/// Finds the deepest failing part whose own dependencies are well. A host explains all that runs on it; a service
/// without one well instance explains those that depend on it. None while the evidence is thin.
public final class Locator {
    /// How long a fault may wait for a verdict on the dependency that may explain it; after that it speaks for
    /// itself.
    static final long WAIT_NANOS = 4_000_000_000L;

    private Locator() {}

    /// @param faults every verdict that stands
    /// @param changes what the owner changed and nobody verified since
    /// @param isWell whether an instance is verified and nothing speaks against it
    /// @return one for each culprit, hosts first, then instances in order
    public static List<Diagnosis> locate(
            List<Fault> faults,
            Topology topology,
            List<Change> changes,
            Predicate<Part.Instance> isWell,
            long nowNanos) {
        SortedMap<Part, Fault> bySubject = new TreeMap<>();
        for (Fault fault : faults) bySubject.put(fault.subject(), fault);
        SortedMap<Part, List<Part>> hurt = new TreeMap<>();
        List<Fault> culprits = new ArrayList<>();
        for (Fault fault : bySubject.values()) {
            switch (fault.subject()) {
                case Part.Instance instance -> {
                    Optional<Part> explained = explain(instance, fault, bySubject, topology, isWell);
                    if (explained.isPresent()) {
                        hurt.computeIfAbsent(explained.get(), _ -> new ArrayList<>())
                                .add(instance);
                    } else if (!waits(instance, fault, topology, isWell, nowNanos)) culprits.add(fault);
                }
                case Part.Host(NodeId name) -> {
                    culprits.add(fault);
                    hurt.computeIfAbsent(fault.subject(), _ -> new ArrayList<>())
                            .addAll(topology.on(name));
                }
                case Part.Store _ -> culprits.add(fault);
            }
        }
        return culprits.stream()
                .map(fault -> diagnose(fault, hurt.getOrDefault(fault.subject(), List.of()), topology, changes))
                .toList();
    }

    /// The part that explains why `instance` is at fault; empty when it must answer for itself.
    private static Optional<Part> explain(
            Part.Instance instance,
            Fault fault,
            SortedMap<Part, Fault> faults,
            Topology topology,
            Predicate<Part.Instance> isWell) {
        Optional<Part> host = topology.hostOf(instance).map(Part.Host::new);
        if (host.isPresent() && faults.containsKey(host.get())) return host;
        if (fault.proven() || fault.mode() == Mode.EXITED) return Optional.empty();
        for (ServiceSpec dependency : topology.dependencies(instance.service())) {
            if (topology.instances(dependency).stream().anyMatch(isWell)) continue;
            for (Part.Instance other : topology.instances(dependency)) {
                Fault deeper = faults.get(other);
                if (deeper == null) continue;
                return Optional.of(
                        explain(other, deeper, faults, topology, isWell).orElse(other));
            }
        }
        return Optional.empty();
    }

    /// Whether a dependency is not well but has no verdict yet.
    private static boolean waits(
            Part.Instance instance, Fault fault, Topology topology, Predicate<Part.Instance> isWell, long nowNanos) {
        if (fault.proven() || nowNanos - fault.sinceNanos() > WAIT_NANOS) return false;
        return topology.dependencies(instance.service()).stream()
                .anyMatch(dependency -> topology.instances(dependency).stream().noneMatch(isWell));
    }

    private static Diagnosis diagnose(Fault fault, List<Part> hurt, Topology topology, List<Change> changes) {
        List<Part> others = hurt.stream()
                .filter(part -> !part.equals(fault.subject()))
                .distinct()
                .sorted()
                .toList();
        String cause = cause(fault, others, topology, changes);
        return new Diagnosis(
                fault.subject(), fault.mode(), fault.proven(), others, cause, confidence(fault), fault.evidence());
    }

    private static String cause(Fault fault, List<Part> hurt, Topology topology, List<Change> changes) {
        String where = fault.subject() instanceof Part.Instance instance
                ? topology.hostOf(instance).map(host -> " on " + host).orElse("")
                : "";
        String who = fault.subject() + where;
        String also = hurt.isEmpty() ? "" : " It takes " + hurt.size() + " with it: " + join(hurt) + ".";
        return also.isEmpty() ? say(fault, who, changes) : say(fault, who, changes) + also;
    }

    private static String say(Fault fault, String who, List<Change> changes) {
        return switch (fault.mode()) {
            case EXITED -> who + " ended.";
            case FROZEN -> who + " runs but answers nobody.";
            case FAILING -> who + " runs but answers badly.";
            case UNREACHABLE -> who + " cannot be reached by other hosts.";
            case NEVER_HEALTHY -> who + " was never well since " + change(fault, changes) + ".";
            case AGENT_DOWN -> "The agent of " + who + " is gone, but its instances still answer.";
            case HOST_DOWN -> who + " is down: its machine refuses connections.";
            case CUT_OFF -> who + " is cut off or without power: nobody reaches it and it says nothing.";
            case ONE_WAY -> who + " can send but nobody can connect to it: cut one way.";
            case LEADER_LOST -> who + " lost its leader.";
            case ASKED -> who + ": a person asked for it.";
        };
    }

    private static String change(Fault fault, List<Change> changes) {
        return changes.stream()
                .filter(change -> change.instance().equals(fault.subject()))
                .map(change -> "fleet revision " + change.fleetRevision() + ": " + change.sentence())
                .findFirst()
                .orElse("it was started");
    }

    private static Ratio confidence(Fault fault) {
        if (fault.proven()) return Ratio.percent(99);
        return switch (fault.mode()) {
            case EXITED, NEVER_HEALTHY, HOST_DOWN -> Ratio.percent(95);
            case FROZEN, FAILING, ONE_WAY, CUT_OFF -> Ratio.percent(90);
            case UNREACHABLE, AGENT_DOWN -> Ratio.percent(80);
            case LEADER_LOST, ASKED -> Ratio.ONE;
        };
    }

    private static String join(List<Part> parts) {
        return String.join(", ", parts.stream().map(Part::toString).toList());
    }
}
