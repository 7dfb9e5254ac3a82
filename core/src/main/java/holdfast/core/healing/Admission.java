package holdfast.core.healing;

import holdfast.core.base.NodeId;
import holdfast.core.base.Ratio;
import holdfast.core.healing.detect.Fault;
import holdfast.core.healing.detect.Mode;
import holdfast.core.healing.fleet.Part;
import holdfast.core.healing.fleet.ServiceSpec;
import holdfast.core.healing.locate.Diagnosis;
import holdfast.core.healing.locate.Locator;
import holdfast.core.healing.locate.Topology;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/// Turns verdicts into incidents: one for each culprit, none twice.
final class Admission {
    /// How long those that depend on something may take to get well after it did.
    private static final long AFTERMATH_NANOS = 5_000_000_000L;

    private final Lead lead;
    private final SortedMap<String, Long> illNanos = new TreeMap<>();

    Admission(Lead lead) {
        this.lead = lead;
    }

    void admit(List<Fault> faults) {
        Topology topology = lead.book.topology();
        for (ServiceSpec service : lead.book.fleet.services()) {
            if (!isDependency(service.name())) continue;
            if (!hasWell(topology, service)) illNanos.put(service.name(), lead.now());
        }
        SortedMap<Part, Fault> bySubject = new TreeMap<>();
        for (Fault fault : faults) bySubject.put(fault.subject(), fault);
        if (faults.isEmpty()) return;
        List<Diagnosis> diagnoses = Locator.locate(
                faults, topology, lead.book.changes(), part -> lead.jury.isWell(part, lead.now()), lead.now());
        for (Diagnosis diagnosis : diagnoses) {
            Fault fault = bySubject.get(diagnosis.culprit());
            long sinceNanos = fault == null ? lead.now() : fault.sinceNanos();
            switch (diagnosis.culprit()) {
                case Part.Host(NodeId name) -> admitHost(diagnosis, topology.on(name), sinceNanos);
                case Part.Instance instance -> admitInstance(diagnosis, instance, sinceNanos);
                case Part.Store _ -> {}
            }
        }
    }

    private boolean hasWell(Topology topology, ServiceSpec service) {
        for (Part.Instance instance : topology.instances(service)) {
            if (lead.jury.isWell(instance, lead.now())) return true;
        }
        return false;
    }

    private boolean isDependency(String service) {
        for (ServiceSpec other : lead.book.fleet.services())
            if (other.dependsOn().contains(service)) return true;
        return false;
    }

    private void admitHost(Diagnosis diagnosis, List<Part.Instance> onIt, long sinceNanos) {
        Optional<Incident> known = lead.book.incidentAbout(diagnosis.culprit());
        if (known.isEmpty()) {
            // A host that runs nothing hurts nobody; it is not used while it is down.
            if (onIt.isEmpty()) return;
            Case.open(lead, diagnosis, onIt, sinceNanos).settle();
            return;
        }
        Case work = new Case(lead, known.get());
        Diagnosis former = known.get().diagnosis();
        boolean graver = diagnosis.mode() != former.mode() || (diagnosis.proven() && !former.proven());
        // A suspect that answers again in part is no better for it: only a graver verdict replaces one.
        if (graver && rank(diagnosis.mode()) >= rank(former.mode())) work.rediagnose(diagnosis);
        for (Part.Instance instance : onIt) {
            boolean driven = lead.book
                    .incidentOf(instance)
                    .filter(incident -> incident.isRunning() && incident.subject() instanceof Part.Host)
                    .isPresent();
            if (!driven) work.addPending(instance);
        }
        work.settle();
    }

    private static int rank(Mode mode) {
        return switch (mode) {
            case AGENT_DOWN -> 0;
            case ONE_WAY -> 1;
            case CUT_OFF -> 2;
            case HOST_DOWN -> 3;
            case EXITED, FROZEN, FAILING, UNREACHABLE, NEVER_HEALTHY, LEADER_LOST, ASKED -> -1;
        };
    }

    private void admitInstance(Diagnosis diagnosis, Part.Instance instance, long sinceNanos) {
        if (lead.book.wanted(instance).isEmpty()) return;
        Optional<Incident> driver = lead.book.incidentOf(instance);
        if (driver.isPresent()) {
            boolean about = driver.get().subject().equals(instance);
            if (about && !driver.get().hurt().containsAll(diagnosis.hurt())) {
                Case work = new Case(lead, driver.get());
                diagnosis.hurt().forEach(work::addHurt);
                work.settle();
            }
            return;
        }
        if (!diagnosis.proven() && isAftermath(instance)) return;
        lead.jury.charged(instance, lead.now());
        Case.open(lead, diagnosis, List.of(instance), sinceNanos).settle();
    }

    private boolean isAftermath(Part.Instance instance) {
        return lead.book.topology().dependencies(instance.service()).stream()
                .map(dependency -> illNanos.get(dependency.name()))
                .anyMatch(ill -> ill != null && lead.now() - ill < AFTERMATH_NANOS && ill != lead.now());
    }

    /// What a person asks for takes the same road as a fault.
    void admit(OperatorOrder order) {
        switch (order) {
            case OperatorOrder.Restart(Part.Instance instance, String who) ->
                asked(instance, who + " asked for a restart");
            case OperatorOrder.Retry(String incidentId, String who) ->
                lead.book.open().stream()
                        .filter(incident -> incident.id().equals(incidentId))
                        .filter(incident -> incident.state() == Incident.State.HANDED_OVER)
                        .findFirst()
                        .ifPresent(incident -> retry(incident, who));
        }
    }

    private void retry(Incident incident, String who) {
        Case work = new Case(lead, incident);
        work.ladderFromNow();
        work.become(Incident.State.ISOLATED);
        work.say("resumed", who + " asked to try again, from the first rung.");
        work.settle();
    }

    private void asked(Part.Instance instance, String sentence) {
        boolean known = lead.book.assignments.containsKey(instance);
        if (!known || lead.book.incidentOf(instance).isPresent()) return;
        Diagnosis diagnosis =
                new Diagnosis(instance, Mode.ASKED, false, List.of(), sentence + ".", Ratio.ONE, List.of());
        Case.open(lead, diagnosis, List.of(instance), lead.now()).settle();
    }
}
