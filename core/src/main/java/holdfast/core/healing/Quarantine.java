package holdfast.core.healing;

import holdfast.core.base.NodeId;
import holdfast.core.healing.Incident.State;
import holdfast.core.healing.detect.Fault;
import holdfast.core.healing.fleet.Assignment;
import holdfast.core.healing.fleet.Part;
import holdfast.core.healing.fleet.Registration;
import holdfast.core.healing.fleet.ServiceSpec;
import holdfast.core.healing.isolate.Budget;
import holdfast.core.healing.isolate.Cordon;
import holdfast.core.healing.isolate.Isolation;
import java.util.List;
import java.util.Optional;
import java.util.SortedSet;
import java.util.TreeSet;

/// Carries out what the cordon chose, and knows when a lost host can no longer serve anybody.
final class Quarantine {
    private static final String ISOLATED = "isolated";
    private static final String LAST_HEALTHY = "last-healthy";
    private static final String DEREGISTERED = "deregistered";

    private final Lead lead;
    private final SortedSet<NodeId> lost = new TreeSet<>();

    Quarantine(Lead lead) {
        this.lead = lead;
    }

    /// The verdicts of this turn.
    void see(List<Fault> faults) {
        lost.clear();
        for (Fault fault : faults) if (fault.subject() instanceof Part.Host(NodeId name)) lost.add(name);
    }

    /// Whether a verdict stands against the host.
    boolean isLost(NodeId host) {
        return lost.contains(host);
    }

    /// Isolates the culprit if that was not done yet.
    ///
    /// @return whether recovery may go on; false while the budget holds it
    boolean hold(Case work) {
        if (work.diagnosis().culprit() instanceof Part.Host(NodeId host)) return holdHost(work, host);
        if (!(work.diagnosis().culprit() instanceof Part.Instance instance)) return true;
        if (work.hasSaid(ISOLATED) || work.hasSaid(LAST_HEALTHY)) return true;
        if (lead.book.wanted(instance).filter(spec -> !spec.observe()).isEmpty()) return true;
        return switch (Cordon.choose(work.diagnosis(), budget(instance))) {
            case Cordon.Verdict.Isolate(List<Isolation> _, var why) -> {
                withdraw(work, instance);
                if (work.state() == State.CONFIRMED) work.become(State.ISOLATED);
                work.say(why);
                work.isolated();
                yield true;
            }
            case Cordon.Verdict.KeepRouting(var why) -> {
                work.say(why);
                work.isolated();
                yield true;
            }
            case Cordon.Verdict.Hold(var why) -> {
                if (!work.hasSaid(why.code())) work.say(why);
                yield false;
            }
        };
    }

    private void withdraw(Case work, Part.Instance instance) {
        if (lead.book.endpoints.containsKey(instance)) work.write(new Write.Withdraw(instance));
    }

    boolean mayWithdraw(Case work) {
        return !work.hasSaid(LAST_HEALTHY);
    }

    private boolean holdHost(Case work, NodeId host) {
        Cordon.Verdict verdict = Cordon.choose(work.diagnosis(), new Budget(1, 0, 0, holdfast.core.base.Ratio.ONE));
        switch (verdict) {
            case Cordon.Verdict.Isolate(List<Isolation> rungs, var why) -> {
                if (!work.hasSaid(why.code())) {
                    for (Part.Instance instance : work.pending()) withdraw(work, instance);
                    work.become(State.ISOLATED);
                    work.say(why);
                    if (!rungs.contains(Isolation.AWAIT_LEASE)) work.isolated();
                }
                if (rungs.contains(Isolation.AWAIT_LEASE)) awaitLease(work, host);
            }
            case Cordon.Verdict.KeepRouting(var why) -> {
                if (!work.hasSaid(why.code())) work.say(why);
            }
            case Cordon.Verdict.Hold(var why) -> {
                if (!work.hasSaid(why.code())) work.say(why);
                return false;
            }
        }
        return true;
    }

    /// A host that keeps its lease although nobody reaches it is deregistered, so that it must stop by itself.
    private void awaitLease(Case work, NodeId host) {
        if (work.times().isolated() != 0 || lead.jury.isUp(host)) return;
        Optional<Registration> registration = lead.jury.registration(host);
        long marginMillis = lead.config.leaseMargin().toMillis();
        long ttlMillis = lead.jury.ttlNanos(host) / 1_000_000;
        if (work.hasSaid(DEREGISTERED)) {
            if (isOver(work, host)) {
                work.isolated();
                work.say(
                        "lease-over",
                        "Its lease of " + ttlMillis + " ms is over since it was taken away: it serves nobody.");
            }
        } else if (registration.isEmpty()) {
            work.isolated();
            work.say("lease-over", "Its lease is over: its agent has stopped its instances' traffic.");
        } else if (lead.millis() - Math.max(work.times().hurt(), lead.electedMillis) > ttlMillis + marginMillis) {
            work.write(new Write.Deregister(host));
            work.say(DEREGISTERED, "It still renews its lease of " + ttlMillis + " ms, so the lease is taken away.");
        }
    }

    private boolean isOver(Case work, NodeId host) {
        long waited = lead.millis() - work.saidMillis(DEREGISTERED);
        return waited
                > lead.jury.ttlNanos(host) / 1_000_000
                        + lead.config.leaseMargin().toMillis();
    }

    /// Whether the instance's former run surely serves nobody.
    boolean isSafe(Case work, Assignment assignment) {
        NodeId host = assignment.host();
        if (lead.jury.isExited(assignment.instance())) return true;
        boolean about = work.diagnosis().culprit().equals(new Part.Host(host));
        if (about && work.hasSaid(DEREGISTERED)) return isOver(work, host);
        return (about && work.diagnosis().proven())
                || lead.jury.registration(host).isEmpty();
    }

    private Budget budget(Part.Instance instance) {
        ServiceSpec spec = lead.book.wanted(instance).orElseThrow();
        int isolated = 0;
        for (Incident incident : lead.book.open()) {
            boolean sibling = incident.subject() instanceof Part.Instance other
                    && other.service().equals(instance.service())
                    && !other.equals(instance);
            boolean out = incident.entries().stream()
                    .anyMatch(entry -> entry.what().code().equals(ISOLATED));
            if (sibling && out && !incident.diagnosis().proven()) isolated++;
        }
        int healthyOthers = 0;
        for (Assignment other : lead.book.ofService(instance.service())) {
            boolean routed = other.port() == 0 || lead.book.endpoints.containsKey(other.instance());
            boolean well = lead.jury.isWell(other.instance(), lead.now());
            if (!other.instance().equals(instance) && routed && well) healthyOthers++;
        }
        return new Budget(
                spec.instances(), isolated, healthyOthers, spec.limits().isolateAtMost());
    }
}
