package holdfast.core.healing;

import holdfast.core.base.NodeId;
import holdfast.core.base.Ratio;
import holdfast.core.healing.Input.News;
import holdfast.core.healing.detect.Fault;
import holdfast.core.healing.detect.Mode;
import holdfast.core.healing.detect.Probe;
import holdfast.core.healing.fleet.Assignment;
import holdfast.core.healing.fleet.Fleet;
import holdfast.core.healing.fleet.Part;
import holdfast.core.healing.fleet.Registration;
import holdfast.core.healing.locate.Diagnosis;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// The loop: detect, locate, isolate, recover, verify. Pure: call [#step] at least every 100 ms with what was
/// heard, and carry out what it returns in order. It does nothing while it does not lead. One thread.
///
/// A turn of a leader: hear everything; let the jury look at silence and ask; turn verdicts into diagnoses and
/// incidents ([Admission]); isolate and recover ([Quarantine], [Treatment]); place, route and roll out
/// ([Upkeep]).
public final class HealingLoop {
    private final LoopConfig config;
    private @Nullable Reign reign;

    /// What exists only while leading.
    private record Reign(Lead lead, Quarantine quarantine, Admission admission, Treatment treatment, Upkeep upkeep) {
        static Reign of(Lead lead) {
            Quarantine quarantine = new Quarantine(lead);
            return new Reign(lead, quarantine, new Admission(lead), new Treatment(lead, quarantine), new Upkeep(lead));
        }
    }

    public HealingLoop(LoopConfig config) {
        this.config = config;
    }

    public boolean isLeading() {
        return reign != null;
    }

    /// @param inputs in the order in which they came
    /// @param nowNanos on one clock that never falls
    /// @return what must happen, in order; empty while another leads
    public List<Order> step(List<Input> inputs, long nowNanos) {
        for (Input input : inputs) take(input, nowNanos);
        Reign present = reign;
        if (present == null) return List.of();
        Lead lead = present.lead();
        lead.at(nowNanos);
        for (Probe probe : lead.jury.review(lead.now())) lead.ask(probe);
        List<Fault> faults = lead.jury.faults(lead.now());
        present.quarantine().see(faults);
        present.admission().admit(faults);
        for (Incident incident : lead.book.open()) present.treatment().treat(incident);
        present.upkeep().turn();
        return lead.takeOrders();
    }

    private void take(Input input, long nowNanos) {
        switch (input) {
            case Input.Elected elected -> reign = begin(elected, nowNanos);
            case Input.Deposed _ -> reign = null;
            case Input.Heard(var signal) -> {
                if (reign != null) reign.lead().jury.hear(signal, nowNanos);
            }
            case Input.Reported(String actionId, var outcome) -> {
                if (reign != null) reign.lead().book.outcomes.put(actionId, outcome);
            }
            case Input.Changed(News news) -> {
                if (reign != null) changed(reign, news, nowNanos);
            }
            case Input.Asked(OperatorOrder order) -> {
                if (reign != null) {
                    reign.lead().at(nowNanos);
                    reign.admission().admit(order);
                }
            }
        }
    }

    private static void changed(Reign reign, News news, long nowNanos) {
        Lead lead = reign.lead();
        lead.at(nowNanos);
        switch (news) {
            case News.FleetApplied(Fleet fleet, long revision) -> {
                if (revision <= lead.book.fleetRevision) return;
                lead.book.fleet = fleet;
                lead.book.fleetRevision = revision;
                lead.jury.fleet(fleet);
                reign.upkeep().fleetChanged();
            }
            case News.HostRegistered(Registration registration) -> lead.jury.register(registration);
            case News.HostGone(NodeId host, long createRevision) -> {
                if (lead.jury.gone(host, createRevision, nowNanos)) lead.book.dropEndpoints(host);
            }
        }
    }

    private Reign begin(Input.Elected elected, long nowNanos) {
        Lead lead = new Lead(elected, config, nowNanos);
        for (Incident incident : lead.book.open()) {
            if (!incident.isRunning()) continue;
            Case work = new Case(lead, incident);
            work.say(
                    "new-leader",
                    lead.me + " leads now, with epoch " + lead.fence.epoch() + ", and goes on from here.");
            work.settle();
        }
        if (!elected.former().isEmpty()) recordLoss(lead, elected);
        return Reign.of(lead);
    }

    /// The former leader was lost: over before anybody could act on it, and written down all the same.
    private static void recordLoss(Lead lead, Input.Elected elected) {
        long lostMillis = elected.leaderlessNanos() / 1_000_000;
        String cause = "The loop's leader " + elected.former() + " was lost; " + elected.me() + " took over with epoch "
                + elected.fence().epoch() + " after " + lostMillis + " ms.";
        Diagnosis diagnosis = new Diagnosis(
                new Part.Store(),
                Mode.LEADER_LOST,
                true,
                List.of(),
                cause,
                Ratio.ONE,
                List.of("Its key in the store was gone."));
        Case work = Case.open(lead, diagnosis, List.of(), lead.now() - elected.leaderlessNanos());
        work.isolated();
        work.recovered(lead.millis());
        work.close("The new leader's first write stands.");
        work.settle();
    }

    /// Assignments as this leader sees them, for status pages; empty while another leads.
    public List<Assignment> assignments() {
        Reign present = reign;
        return present == null
                ? List.of()
                : List.copyOf(present.lead().book.assignments.values());
    }
}
