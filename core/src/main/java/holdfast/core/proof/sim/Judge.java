package holdfast.core.proof.sim;

import holdfast.core.base.Bytes;
import holdfast.core.base.Fence;
import holdfast.core.base.NodeId;
import holdfast.core.healing.Incident;
import holdfast.core.healing.fleet.Assignment;
import holdfast.core.healing.fleet.Endpoint;
import holdfast.core.healing.fleet.Limits;
import holdfast.core.healing.fleet.Part;
import holdfast.core.healing.fleet.Rung;
import holdfast.core.healing.fleet.ServiceSpec;
import holdfast.core.healing.isolate.Action;
import holdfast.core.healing.isolate.Step;
import holdfast.core.truth.Command;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;

/// Watches the world from outside and knows the truth: the invariants.
final class Judge {
    private static final long SECOND_NANOS = 1_000_000_000L;
    /// How long after the last fault an incident may still run, a service be ill, or a well instance be left out.
    private static final long CALM_WITHIN_NANOS = 100 * SECOND_NANOS;
    /// How long a well instance may lack its endpoint once all faults are over.
    private static final long RETURN_WITHIN_NANOS = 25 * SECOND_NANOS;
    /// How long two runs of one instance may overlap: an agent that wakes needs one tick to see that its lease is
    /// over.
    private static final long OVERLAP_NANOS = SECOND_NANOS;
    private static final int CALM_LOOKS = 6;
    private static final int VIOLATIONS_MAX = 20;
    private static final int STORY_MAX = 2_000;

    private record Acknowledged(Bytes key, Bytes value, long revision) {}

    private final World world;
    private final List<World.Violation> violations = new ArrayList<>();
    private final List<String> story = new ArrayList<>();
    private final SortedMap<NodeId, Fence> admitted = new TreeMap<>();
    private final SortedMap<String, NodeId> executed = new TreeMap<>();
    private final SortedMap<Part.Instance, List<Long>> restarts = new TreeMap<>();
    private final SortedMap<Part.Instance, Long> overlapSince = new TreeMap<>();
    private final SortedMap<Part.Instance, Long> leftOutSince = new TreeMap<>();
    private final List<Acknowledged> acknowledged = new ArrayList<>();
    private long overSinceNanos;
    private int calmLooks;
    private boolean done;

    Judge(World world) {
        this.world = world;
    }

    List<World.Violation> violations() {
        return List.copyOf(violations);
    }

    List<String> story() {
        return List.copyOf(story);
    }

    void log(String what) {
        if (story.size() < STORY_MAX) story.add(at() + what);
    }

    private String at() {
        return world.now() / 1_000_000 + " ms: ";
    }

    private void violated(Invariant invariant, String sentence) {
        if (violations.size() < VIOLATIONS_MAX) violations.add(new World.Violation(invariant, at() + sentence));
        log("VIOLATION " + invariant + " " + sentence);
    }

    boolean isOver() {
        return done || !violations.isEmpty();
    }

    // --- what is told

    /// Fence: an older epoch is never admitted after a newer one.
    void admitted(NodeId host, Fence fence) {
        Fence highest = admitted.getOrDefault(host, Fence.NONE);
        if (fence.compareTo(highest) < 0) {
            violated(
                    Invariant.FENCE,
                    host + " admitted epoch " + fence.epoch() + " after epoch " + highest.epoch() + ".");
        } else admitted.put(host, fence);
    }

    /// Once: no action is done twice.
    void executed(NodeId host, Action action) {
        log(host + " does " + action.id() + " " + action.step().getClass().getSimpleName() + " "
                + action.step().instance());
        NodeId before = executed.put(action.id(), host);
        if (before != null)
            violated(
                    Invariant.ONCE,
                    "Action " + action.id() + " was done twice, by " + before + " and by " + host + ".");
    }

    /// Journal before act: the store names the action before the order is written.
    void acts(Action action, SimLedger ledger) {
        boolean assigned = ledger.assignment(action.step().instance())
                .filter(assignment -> assignment.run().equals(action.id()))
                .isPresent();
        boolean told = ledger.all("incidents/", Incident.class).stream()
                .flatMap(incident -> incident.deeds().stream())
                .anyMatch(deed -> deed.action().id().equals(action.id()));
        // An order of a leader that was deposed meanwhile is refused by its guard.
        boolean superseded = ledger.assignment(action.step().instance())
                .filter(assignment -> assignment.fence().compareTo(action.fence()) > 0)
                .isPresent();
        if (!assigned && !told && !superseded)
            violated(Invariant.JOURNAL_FIRST, "Action " + action.id() + " was ordered before it was journaled.");
    }

    void journaled(Incident incident) {
        world.assignmentsChanged();
        if (!incident.entries().isEmpty()) {
            log(incident.id() + " " + incident.state() + " " + incident.subject() + " "
                    + incident.diagnosis().mode() + ": "
                    + incident.entries().getLast().what().sentence());
        }
        budget(incident);
    }

    /// Budget: at most so many restarts of one instance in its window, and at most a share of a pool isolated.
    private void budget(Incident incident) {
        for (Incident.Deed deed : incident.deeds()) {
            boolean ownersWish = incident.entries().stream()
                    .anyMatch(entry -> entry.what().code().equals("owner-changed"));
            if (deed.rung() != Rung.RESTART || deed.status() != Incident.Deed.Status.PLANNED || ownersWish) continue;
            if (!(deed.action().step() instanceof Step.Start(Assignment assignment, boolean _))) continue;
            List<Long> times = restarts.computeIfAbsent(assignment.instance(), _ -> new ArrayList<>());
            if (times.contains(deed.atMillis())) continue;
            times.add(deed.atMillis());
            Limits limits = assignment.spec().limits();
            long from = deed.atMillis() - limits.per().toMillis();
            long used = times.stream().filter(time -> time > from).count();
            if (used > limits.restarts()) {
                violated(
                        Invariant.BUDGET,
                        assignment.instance() + " was restarted " + used + " times, " + limits.restarts()
                                + " are allowed.");
            }
        }
        if (!(incident.subject() instanceof Part.Instance subject)) return;
        ServiceSpec spec = world.fleet().service(subject.service()).orElseThrow();
        long isolated = world.ledger().all("incidents/", Incident.class).stream()
                .filter(other -> other.state() != Incident.State.CLOSED
                        && !other.diagnosis().proven())
                .filter(other -> other.subject() instanceof Part.Instance part
                        && part.service().equals(subject.service()))
                .filter(other -> other.entries().stream()
                        .anyMatch(entry -> entry.what().code().equals("isolated")))
                .count();
        long most = Math.max(1, spec.limits().isolateAtMost().times(spec.instances()));
        if (isolated > most)
            violated(
                    Invariant.BUDGET,
                    isolated + " instances of " + subject.service() + " are isolated, " + most + " are allowed.");
    }

    /// Watch order is revision order, and nothing comes twice.
    void watched(String who, long beforeRevision, long revision) {
        if (revision < beforeRevision)
            violated(Invariant.WATCH_ORDER, who + " saw revision " + revision + " after " + beforeRevision + ".");
    }

    void acknowledged(List<Command.Op> ops, long revision) {
        world.assignmentsChanged();
        for (Command.Op op : ops) {
            if (op instanceof Command.Put put) acknowledged.add(new Acknowledged(put.key(), put.value(), revision));
        }
    }

    // --- what is looked at

    void look() {
        overlaps();
        if (!world.mischief().isOver()) return;
        if (overSinceNanos == 0) overSinceNanos = world.now();
        leftOut();
        boolean calm = illness().isEmpty() && runningIncidents().isEmpty();
        calmLooks = calm ? calmLooks + 1 : 0;
        if (calmLooks >= CALM_LOOKS) done = true;
        if (world.now() - overSinceNanos > CALM_WITHIN_NANOS) {
            endless();
            done = true;
        }
    }

    private void endless() {
        String late = CALM_WITHIN_NANOS / SECOND_NANOS + " s after the last fault: ";
        List<String> running = runningIncidents();
        if (!running.isEmpty()) violated(Invariant.INCIDENTS_END, "Running " + late + running + ".");
        if (!illness().isEmpty()) violated(Invariant.HEALED, "Neither well nor handed over " + late + illness() + ".");
    }

    /// One run: two supervised processes of one instance never serve at once for long.
    private void overlaps() {
        SortedMap<Part.Instance, Integer> running = new TreeMap<>();
        for (SimHost host : world.hosts()) {
            if (!host.isAgentRunning()) continue;
            for (SimProcess process : host.alive()) {
                if (process.state == SimProcess.State.RUNNING) running.merge(process.instance, 1, Integer::sum);
            }
        }
        overlapSince.keySet().removeIf(instance -> running.getOrDefault(instance, 0) < 2);
        running.forEach((instance, count) -> {
            if (count < 2) return;
            long since = overlapSince.computeIfAbsent(instance, _ -> world.now());
            if (world.now() - since > OVERLAP_NANOS)
                violated(Invariant.ONE_RUN, instance + " runs " + count + " times at once.");
        });
    }

    private boolean isTrulyWell(Part.Instance instance) {
        return world.hosts().stream()
                .filter(host -> host.isAgentRunning() && host.isRegistered())
                .flatMap(host -> host.process(instance).stream())
                .anyMatch(process -> process.isWell(world.now()));
    }

    /// Nothing healthy is left out of routing for long.
    private void leftOut() {
        List<Endpoint> endpoints = world.ledger().all("endpoints/", Endpoint.class);
        for (ServiceSpec spec : world.fleet().services()) {
            for (int number = 1; number <= spec.instances() && spec.port() != 0; number++) {
                Part.Instance instance = new Part.Instance(spec.name(), number);
                boolean routed = endpoints.stream()
                        .anyMatch(endpoint -> endpoint.instance().equals(instance));
                if (routed || !isTrulyWell(instance)) {
                    leftOutSince.remove(instance);
                    continue;
                }
                long since = leftOutSince.computeIfAbsent(instance, _ -> world.now());
                if (world.now() - since > RETURN_WITHIN_NANOS) {
                    violated(
                            Invariant.RETURN,
                            instance + " is well and out of routing for " + (world.now() - since) / SECOND_NANOS
                                    + " s.");
                }
            }
        }
    }

    private List<String> runningIncidents() {
        return world.ledger().all("incidents/", Incident.class).stream()
                .filter(Incident::isRunning)
                .map(incident -> incident.id() + " about " + incident.subject() + " is " + incident.state())
                .toList();
    }

    /// Instances that are neither well nor handed over.
    private List<String> illness() {
        List<String> illness = new ArrayList<>();
        List<Incident> incidents = world.ledger().all("incidents/", Incident.class);
        List<Endpoint> endpoints = world.ledger().all("endpoints/", Endpoint.class);
        for (ServiceSpec spec : world.fleet().services()) {
            for (int number = 1; number <= spec.instances(); number++) {
                Part.Instance instance = new Part.Instance(spec.name(), number);
                boolean handedOver = incidents.stream()
                        .anyMatch(incident -> incident.state() == Incident.State.HANDED_OVER
                                && incident.pending().contains(instance));
                boolean routed = spec.port() == 0
                        || endpoints.stream()
                                .anyMatch(endpoint -> endpoint.instance().equals(instance));
                if (!handedOver && !(isTrulyWell(instance) && routed)) illness.add(instance + " is not well");
            }
        }
        return illness;
    }

    /// Durability: what was acknowledged is there at its revision.
    void end() {
        for (Acknowledged write : acknowledged) {
            boolean there = world.store()
                    .getAt(write.key(), write.revision())
                    .filter(pair -> pair.value().equals(write.value()))
                    .isPresent();
            if (!there) {
                violated(
                        Invariant.DURABLE,
                        "The acknowledged write of " + write.key() + " at revision " + write.revision() + " is lost.");
                return;
            }
        }
    }
}
