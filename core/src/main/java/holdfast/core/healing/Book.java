package holdfast.core.healing;

import holdfast.core.base.NodeId;
import holdfast.core.base.Outcome;
import holdfast.core.healing.fleet.Assignment;
import holdfast.core.healing.fleet.Endpoint;
import holdfast.core.healing.fleet.Fleet;
import holdfast.core.healing.fleet.Part;
import holdfast.core.healing.fleet.ServiceSpec;
import holdfast.core.healing.locate.Change;
import holdfast.core.healing.locate.Topology;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;

/// The leader's copy of the ledger. It runs ahead of the store by the orders of the present turn: when one of
/// those fails, the leader is deposed and this copy is thrown away. One thread.
final class Book {
    Fleet fleet;
    long fleetRevision;
    final SortedMap<Part.Instance, Assignment> assignments = new TreeMap<>();
    final SortedMap<Part.Instance, Endpoint> endpoints = new TreeMap<>();
    final SortedMap<String, Outcome> outcomes = new TreeMap<>();
    final SortedSet<String> sent = new TreeSet<>();
    /// Those that are not closed, oldest first.
    private final List<Incident> open = new ArrayList<>();

    Book(Ledger ledger) {
        fleet = ledger.fleet() == null ? new Fleet("none", List.of(), List.of()) : ledger.fleet();
        fleetRevision = ledger.fleetRevision();
        for (Assignment assignment : ledger.assignments()) assignments.put(assignment.instance(), assignment);
        for (Endpoint endpoint : ledger.endpoints()) endpoints.put(endpoint.instance(), endpoint);
        outcomes.putAll(ledger.outcomes());
        sent.addAll(ledger.orders());
        sent.addAll(ledger.outcomes().keySet());
        ledger.incidents().stream()
                .filter(incident -> incident.state() != Incident.State.CLOSED)
                .sorted(Comparator.comparingLong(
                                (Incident incident) -> incident.times().detected())
                        .thenComparing(Incident::id))
                .forEach(open::add);
    }

    void apply(Write write) {
        switch (write) {
            case Write.Assign(Assignment assignment) -> assignments.put(assignment.instance(), assignment);
            case Write.Unassign(Part.Instance instance) -> assignments.remove(instance);
            case Write.Publish(Endpoint endpoint) -> endpoints.put(endpoint.instance(), endpoint);
            case Write.Withdraw(Part.Instance instance) -> endpoints.remove(instance);
            case Write.Deregister(NodeId host) -> dropEndpoints(host);
            case Write.Forget(NodeId _, String actionId) -> {
                outcomes.remove(actionId);
                sent.remove(actionId);
            }
        }
    }

    /// They were bound to the host's lease.
    void dropEndpoints(NodeId host) {
        endpoints.values().removeIf(endpoint -> endpoint.host().equals(host));
    }

    void put(Incident incident) {
        int index = 0;
        while (index < open.size() && !open.get(index).id().equals(incident.id())) index++;
        boolean known = index < open.size();
        if (incident.state() == Incident.State.CLOSED) {
            if (known) open.remove(index);
        } else if (known) open.set(index, incident);
        else open.add(incident);
    }

    /// Oldest first; a copy.
    List<Incident> open() {
        return List.copyOf(open);
    }

    /// The newest open incident that still has to bring `instance` back: the one that acts for it.
    Optional<Incident> incidentOf(Part.Instance instance) {
        for (int index = open.size() - 1; index >= 0; index--) {
            if (open.get(index).pending().contains(instance)) return Optional.of(open.get(index));
        }
        return Optional.empty();
    }

    Optional<Incident> incidentAbout(Part subject) {
        return open.stream()
                .filter(incident -> incident.subject().equals(subject))
                .reduce((first, second) -> second);
    }

    Topology topology() {
        return new Topology(fleet, assignments);
    }

    List<Change> changes() {
        return assignments.values().stream()
                .filter(assignment -> !assignment.proven())
                .map(assignment -> new Change(assignment.instance(), assignment.fleetRevision(), assignment.change()))
                .toList();
    }

    /// The service that wants `instance`, unless it is gone from the fleet or has fewer instances now.
    Optional<ServiceSpec> wanted(Part.Instance instance) {
        Optional<ServiceSpec> spec = fleet.service(instance.service());
        return spec.isPresent() && instance.number() <= spec.get().instances() ? spec : Optional.empty();
    }

    List<Assignment> ofService(String service) {
        List<Assignment> found = new ArrayList<>();
        for (Assignment assignment : assignments.values()) {
            boolean runs = assignment.desired() == Assignment.Desired.RUN;
            if (runs && assignment.instance().service().equals(service)) found.add(assignment);
        }
        return found;
    }
}
