package holdfast.core.healing;

import holdfast.core.base.NodeId;
import holdfast.core.base.Outcome;
import holdfast.core.base.Reason;
import holdfast.core.healing.detect.Verification;
import holdfast.core.healing.fleet.Assignment;
import holdfast.core.healing.fleet.Endpoint;
import holdfast.core.healing.fleet.Part;
import holdfast.core.healing.fleet.ServiceSpec;
import holdfast.core.healing.isolate.Action;
import holdfast.core.healing.isolate.Step;
import holdfast.core.healing.recover.Placement;
import holdfast.core.healing.recover.Rollout;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/// What the loop does when nothing is at fault: places instances, routes to those that are verified, rolls out
/// changed specs one at a time, and ends what nobody wants any more. Instances of open incidents are left to
/// their treatment.
final class Upkeep {
    private final Lead lead;
    private final SortedMap<Part.Instance, Long> drainedNanos = new TreeMap<>();
    private long gatherSinceNanos;

    Upkeep(Lead lead) {
        this.lead = lead;
        this.gatherSinceNanos = lead.now();
    }

    /// A fleet was applied: hosts may need a moment to register before instances are spread over them.
    void fleetChanged() {
        gatherSinceNanos = lead.now();
        List<Write> writes = new ArrayList<>();
        for (Assignment assignment : List.copyOf(lead.book.assignments.values())) {
            Optional<ServiceSpec> wanted = lead.book.wanted(assignment.instance());
            boolean sameProcess = wanted.isPresent()
                    && !wanted.get().observe()
                    && assignment.spec().runsLike(wanted.get());
            // Checks, limits and ladders change without touching the process.
            if (sameProcess && !assignment.spec().equals(wanted.get())) {
                writes.add(new Write.Assign(withSpec(assignment, wanted.get())));
            }
        }
        lead.journal(null, writes);
    }

    void turn() {
        for (Assignment assignment : List.copyOf(lead.book.assignments.values())) {
            noticeStart(assignment);
            if (lead.book.incidentOf(assignment.instance()).isPresent()) continue;
            if (assignment.desired() == Assignment.Desired.STOPPED) finishStop(assignment);
            else if (!isWanted(assignment)) beginStop(assignment);
            else resume(assignment);
        }
        for (ServiceSpec spec : lead.book.fleet.services()) {
            if (spec.observe()) continue;
            place(spec);
            rollOut(spec);
        }
        for (Assignment assignment : List.copyOf(lead.book.assignments.values())) route(assignment);
    }

    /// Reported, or seen in its agent's list: its time to get well runs from here.
    private void noticeStart(Assignment assignment) {
        if (assignment.desired() == Assignment.Desired.STOPPED || lead.jury.isStarted(assignment.instance())) return;
        boolean reported = lead.book.outcomes.get(assignment.run()) instanceof Outcome.Done;
        if (reported || lead.jury.isRunning(assignment.instance(), assignment.run())) lead.started(assignment);
    }

    private boolean isWanted(Assignment assignment) {
        Optional<ServiceSpec> wanted = lead.book.wanted(assignment.instance());
        return wanted.isPresent() && !wanted.get().observe() && lead.book.fleet.allows(wanted.get(), assignment.host());
    }

    private void beginStop(Assignment assignment) {
        Part.Instance instance = assignment.instance();
        List<Write> writes = new ArrayList<>();
        if (lead.book.endpoints.containsKey(instance)) writes.add(new Write.Withdraw(instance));
        if (lead.jury.registration(assignment.host()).isEmpty()) {
            // Its host is gone; when it returns it finds itself unassigned and ends what is left.
            writes.add(new Write.Unassign(instance));
            lead.journal(null, writes);
            return;
        }
        String id = lead.nextId("a");
        writes.add(new Write.Assign(stopped(assignment, id)));
        lead.journal(null, writes);
        lead.act(stopAction(assignment, id));
    }

    private Action stopAction(Assignment assignment, String id) {
        long withinNanos = assignment.spec().stopWithin().toNanos();
        return lead.action(id, new Step.Stop(assignment.instance(), true, withinNanos), assignment.host(), "");
    }

    private void finishStop(Assignment assignment) {
        boolean answered = lead.book.outcomes.containsKey(assignment.run());
        boolean hostGone = lead.jury.registration(assignment.host()).isEmpty();
        if (answered || hostGone) {
            lead.journal(
                    null,
                    List.of(
                            new Write.Unassign(assignment.instance()),
                            new Write.Forget(assignment.host(), assignment.run())));
        } else if (!lead.book.sent.contains(assignment.run())) {
            lead.act(stopAction(assignment, assignment.run()));
        }
    }

    /// A start that was journaled and perhaps never sent, or that was refused because the former leader's order
    /// came late.
    private void resume(Assignment assignment) {
        if (assignment.proven()) return;
        Optional<Outcome> outcome = Optional.ofNullable(lead.book.outcomes.get(assignment.run()));
        if (outcome.isEmpty()) {
            boolean running = lead.jury.isRunning(assignment.instance(), assignment.run());
            if (!running && !lead.book.sent.contains(assignment.run())) {
                lead.act(lead.action(assignment.run(), new Step.Start(assignment, true), assignment.host(), ""));
            }
            return;
        }
        switch (outcome.get()) {
            case Outcome.Done _ -> {} // noticed
            case Outcome.Refused(Reason why) -> {
                if (why.code().equals("old-fence")) restart(assignment, assignment.spec());
                else lead.jury.refused(assignment.instance(), assignment.run(), why.sentence(), lead.now());
            }
            case Outcome.Unknown _ -> {} // its time to get well runs; then it is a fault
        }
    }

    private void place(ServiceSpec spec) {
        for (int number = 1; number <= spec.instances(); number++) {
            Part.Instance instance = new Part.Instance(spec.name(), number);
            if (lead.book.assignments.containsKey(instance) || !isReady(spec)) continue;
            Optional<NodeId> host =
                    Placement.choose(instance, spec, lead.book.fleet, lead.book.assignments.values(), lead.jury::isUp);
            if (host.isEmpty()) continue;
            String run = lead.nextId("a");
            String address = lead.book
                    .fleet
                    .host(host.get())
                    .map(known -> known.address())
                    .orElse("");
            Assignment assignment = new Assignment(
                    instance,
                    host.get(),
                    address,
                    spec.portOf(number),
                    spec,
                    lead.book.fleetRevision,
                    Assignment.Desired.RUN,
                    run,
                    lead.fence,
                    false,
                    instance + " was added",
                    List.of(),
                    List.of());
            lead.journal(null, List.of(new Write.Assign(assignment)));
            lead.act(lead.action(run, new Step.Start(assignment, true), host.get(), ""));
        }
    }

    /// All hosts up or waited for, and each dependency well somewhere, or waited for.
    private boolean isReady(ServiceSpec spec) {
        long waitedNanos = lead.now() - gatherSinceNanos;
        boolean allUp = lead.book.fleet.allowed(spec).stream().allMatch(lead.jury::isUp);
        if (!allUp && waitedNanos < lead.config.gather().toNanos()) return false;
        for (String name : spec.dependsOn()) {
            Optional<ServiceSpec> dependency = lead.book.fleet.service(name);
            if (dependency.isEmpty()) continue;
            boolean well = lead.book.topology().instances(dependency.get()).stream()
                    .anyMatch(instance -> lead.jury.isWell(instance, lead.now()));
            if (!well && waitedNanos < 2 * dependency.get().startWithin().toNanos()) return false;
        }
        return true;
    }

    private void rollOut(ServiceSpec spec) {
        List<Assignment> assignments = lead.book.ofService(spec.name());
        boolean outdated = false;
        for (Assignment assignment : assignments) outdated |= Rollout.isOutdated(assignment, spec, lead.book.fleet);
        Optional<Assignment> next = !outdated
                ? Optional.empty()
                : Rollout.next(
                        spec,
                        lead.book.fleet,
                        assignments,
                        assignment -> assignment.proven() && lead.jury.isWell(assignment.instance(), lead.now()));
        // One that was drained for a fleet that is no longer wanted goes back to routing.
        drainedNanos
                .keySet()
                .removeIf(drained -> drained.service().equals(spec.name())
                        && next.filter(assignment -> assignment.instance().equals(drained))
                                .isEmpty());
        if (next.isEmpty()) return;
        Assignment former = next.get();
        Part.Instance instance = former.instance();
        // Its incident's treatment starts it with the new spec when that may help.
        if (lead.book.incidentOf(instance).isPresent() || !lead.jury.isUp(former.host())) return;
        if (lead.book.endpoints.containsKey(instance)) {
            drainedNanos.put(instance, lead.now());
            lead.journal(null, List.of(new Write.Withdraw(instance)));
            return;
        }
        Long drained = drainedNanos.get(instance);
        if (drained != null && lead.now() - drained < lead.config.drain().toNanos()) return;
        drainedNanos.remove(instance);
        restart(former, spec);
    }

    private void restart(Assignment former, ServiceSpec spec) {
        String run = lead.nextId("a");
        Assignment renewed = lead.renew(former, former.host(), spec, run);
        lead.journal(null, List.of(new Write.Forget(former.host(), former.run()), new Write.Assign(renewed)));
        lead.act(lead.action(run, new Step.Start(renewed, true), former.host(), ""));
    }

    /// Publishes what is verified and has no incident.
    private void route(Assignment assignment) {
        Part.Instance instance = assignment.instance();
        if (assignment.desired() == Assignment.Desired.STOPPED || drainedNanos.containsKey(instance)) return;
        if (lead.book.incidentOf(instance).isPresent()
                || lead.jury.registration(assignment.host()).isEmpty()) return;
        Endpoint endpoint = lead.endpoint(assignment);
        boolean published = assignment.port() == 0 || endpoint.equals(lead.book.endpoints.get(instance));
        if (published && assignment.proven() && lead.jury.wasWell(instance)) return;
        Verification verification = lead.jury.verify(instance, lead.now());
        if (!verification.enough() || (published && assignment.proven())) return;
        List<Write> writes = new ArrayList<>();
        if (!published) writes.add(new Write.Publish(endpoint));
        if (!assignment.proven()) {
            writes.add(new Write.Assign(proven(assignment)));
            writes.add(new Write.Forget(assignment.host(), assignment.run()));
        }
        lead.journal(null, writes);
    }

    static Assignment proven(Assignment assignment) {
        return copy(assignment, assignment.spec(), Assignment.Desired.RUN, assignment.run(), true);
    }

    /// The same, to be stopped by the action `id`.
    static Assignment stopped(Assignment assignment, String id) {
        return copy(assignment, assignment.spec(), Assignment.Desired.STOPPED, id, assignment.proven());
    }

    private static Assignment withSpec(Assignment assignment, ServiceSpec spec) {
        return copy(assignment, spec, assignment.desired(), assignment.run(), assignment.proven());
    }

    private static Assignment copy(
            Assignment assignment, ServiceSpec spec, Assignment.Desired desired, String run, boolean proven) {
        return new Assignment(
                assignment.instance(),
                assignment.host(),
                assignment.address(),
                assignment.port(),
                spec,
                assignment.fleetRevision(),
                desired,
                run,
                assignment.fence(),
                proven,
                assignment.change(),
                assignment.restartsMillis(),
                assignment.movesMillis());
    }
}
