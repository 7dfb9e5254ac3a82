package holdfast.core.healing;

import holdfast.core.base.NodeId;
import holdfast.core.base.Outcome;
import holdfast.core.base.Reason;
import holdfast.core.healing.Incident.Deed;
import holdfast.core.healing.Incident.State;
import holdfast.core.healing.detect.Mode;
import holdfast.core.healing.detect.Verification;
import holdfast.core.healing.fleet.Assignment;
import holdfast.core.healing.fleet.Part;
import holdfast.core.healing.fleet.Rung;
import holdfast.core.healing.fleet.ServiceSpec;
import holdfast.core.healing.isolate.Action;
import holdfast.core.healing.isolate.Step;
import holdfast.core.healing.recover.Patient;
import holdfast.core.healing.recover.Placement;
import holdfast.core.healing.recover.Plan;
import holdfast.core.healing.recover.Planner;
import holdfast.core.healing.recover.Rollout;
import holdfast.core.healing.recover.Runbook;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// Brings back what an incident has pending, one instance at a time up its ladder, until it is verified or a
/// person is needed. Everything it needs is in the incident and the book, so that it goes on after a change of
/// leader.
final class Treatment {
    /// What became of one pending instance in this turn.
    private enum Progress {
        RESTORED,
        WORKING,
        /// Nothing can be done now, but that may change.
        STUCK,
        EXHAUSTED
    }

    /// What a host that returned has for its instances to be found well as they are.
    private static final long RETURN_NANOS = 5_000_000_000L;

    private final Lead lead;
    private final Quarantine quarantine;

    Treatment(Lead lead, Quarantine quarantine) {
        this.lead = lead;
        this.quarantine = quarantine;
    }

    void treat(Incident incident) {
        Case work = new Case(lead, incident);
        for (Deed deed : incident.deeds()) if (deed.status() == Deed.Status.PLANNED) readBack(work, deed);
        boolean free = quarantine.hold(work);
        boolean working = false;
        Optional<Reason> stuck = Optional.empty();
        for (Part.Instance instance : work.pending()) {
            switch (treat(work, instance, free)) {
                case RESTORED -> work.removePending(instance);
                case WORKING -> working = true;
                case STUCK -> stuck = Optional.of(new Reason("stuck", "It waits for a host, a lease or a budget."));
                case EXHAUSTED -> {}
            }
        }
        conclude(work, working, stuck.isPresent());
        work.settle();
    }

    private void conclude(Case work, boolean working, boolean stuck) {
        if (work.pending().isEmpty()) {
            String by = work.hasSaid("restored") ? "Everything is well again." : "Nothing is left to bring back.";
            work.close(by);
            return;
        }
        if (working || work.state() == State.HANDED_OVER) return;
        long patience = patienceMillis(work);
        long newest = work.deeds().isEmpty() ? 0 : work.deeds().getLast().atMillis();
        long since = Math.max(Math.max(work.times().detected(), newest), work.saidMillis("resumed"));
        long waited = lead.millis() - since;
        if (stuck && waited < patience) return;
        work.become(State.HANDED_OVER);
        String what =
                String.join(", ", work.pending().stream().map(Part::toString).toList());
        String why = stuck ? "no host, lease or budget came free in " + waited + " ms" : "the ladder is used up";
        work.say(
                stuck ? "handed-over-stuck" : "handed-over",
                "Handed over to a person: " + what + " is not well, " + why + ".");
    }

    private long patienceMillis(Case work) {
        return work.diagnosis().mode() == Mode.AGENT_DOWN
                ? lead.config.agentPatience().toMillis()
                : lead.config.hold().toMillis();
    }

    /// An action's outcome: as reported, else as the agent's roster shows it, else unknown after a while.
    private void readBack(Case work, Deed deed) {
        Action action = deed.action();
        Optional<Outcome> outcome = Optional.ofNullable(lead.book.outcomes.get(action.id()));
        boolean running = action.step() instanceof Step.Start
                && lead.jury.isRunning(action.step().instance(), action.id());
        if (outcome.isPresent()) {
            switch (outcome.get()) {
                case Outcome.Done _ -> done(work, deed, "");
                case Outcome.Refused(Reason why) -> {
                    work.answer(deed, Deed.Status.REFUSED, why.code() + ": " + why.sentence());
                    work.say("refused", action.on() + " refused " + say(action) + ": " + why.sentence());
                }
                case Outcome.Unknown(Reason why) -> {
                    if (running) done(work, deed, "read back from the agent's list");
                    else unknown(work, deed, why.sentence());
                }
            }
        } else if (running) {
            done(work, deed, "read back from the agent's list");
        } else if (lead.millis() - Math.max(deed.atMillis(), lead.electedMillis) > patienceOf(action)) {
            unknown(work, deed, "no outcome after " + (lead.millis() - deed.atMillis()) + " ms");
        } else if (isSuperseded(action)) {
            unknown(work, deed, "another run of it was ordered since");
        } else if (!lead.book.sent.contains(action.id())) {
            // Journaled by a leader that was lost before it sent it; the agent does it once whoever sends it.
            lead.act(new Action(action.id(), action.step(), action.on(), lead.fence, action.incident()));
        }
    }

    /// An order for a run that the ledger no longer names must not be sent again.
    private boolean isSuperseded(Action action) {
        Assignment assignment = lead.book.assignments.get(action.step().instance());
        return assignment == null || !assignment.run().equals(action.id());
    }

    private long patienceOf(Action action) {
        Assignment assignment = lead.book.assignments.get(action.step().instance());
        long stopMillis =
                assignment == null ? 0 : assignment.spec().stopWithin().toMillis();
        return lead.config.actionPatience().toMillis() + stopMillis;
    }

    private void done(Case work, Deed deed, String how) {
        work.answer(deed, Deed.Status.DONE, how);
        work.say(
                "done",
                deed.action().on() + " did it: " + say(deed.action()) + (how.isEmpty() ? "." : ", " + how + "."));
        if (!(deed.action().step() instanceof Step.Start(Assignment assignment, boolean _))) return;
        lead.started(assignment);
        work.recovered(lead.millis());
        if (work.state() == State.RECOVERING) work.become(State.VERIFYING);
    }

    private void unknown(Case work, Deed deed, String why) {
        work.answer(deed, Deed.Status.UNKNOWN, why);
        work.say(
                "unknown",
                "Whether " + deed.action().on() + " did it is not known (" + say(deed.action()) + "): " + why + ".");
        work.write(new Write.Forget(deed.action().on(), deed.action().id()));
    }

    static String say(Action action) {
        return switch (action.step()) {
            case Step.Start(Assignment assignment, boolean _) ->
                "start " + assignment.instance() + " as run " + assignment.run();
            case Step.Stop(Part.Instance instance, boolean graceful, long _) ->
                (graceful ? "stop " : "kill ") + instance;
        };
    }

    private Progress treat(Case work, Part.Instance instance, boolean free) {
        Optional<ServiceSpec> wanted = lead.book.wanted(instance);
        if (wanted.isEmpty()) {
            work.say("unwanted", instance + " is no longer in the fleet.");
            return Progress.RESTORED;
        }
        Optional<Incident> driver = lead.book.incidentOf(instance);
        if (driver.isPresent() && !driver.get().id().equals(work.id())) {
            return driver.get().state() == State.HANDED_OVER ? Progress.EXHAUSTED : Progress.WORKING;
        }
        Optional<Deed> last = work.last(instance);
        if (last.isPresent() && last.get().status() == Deed.Status.PLANNED) return Progress.WORKING;
        Verification verification = lead.jury.verify(instance, lead.now());
        boolean stillToDo = work.diagnosis().mode() == Mode.ASKED && last.isEmpty();
        if (verification.enough() && !stillToDo) return restore(work, instance, verification);
        Assignment assignment = lead.book.assignments.get(instance);
        if (wanted.get().observe()) return Progress.EXHAUSTED;
        if (assignment == null) return Progress.WORKING; // the upkeep places it
        if (ownerChanged(work, assignment, wanted.get())) return startChanged(work, assignment, wanted.get());
        if (last.isPresent() && isToFollow(last.get(), assignment)) {
            Progress progress = follow(work, assignment, last.get());
            if (progress != Progress.EXHAUSTED) return progress;
        }
        if (!free) return Progress.STUCK;
        return next(work, assignment, wanted.get());
    }

    private Progress restore(Case work, Part.Instance instance, Verification verification) {
        Assignment assignment = lead.book.assignments.get(instance);
        String where = assignment == null ? "" : " on " + assignment.host();
        work.say("restored", instance + where + " is well: " + verification.sentence());
        if (assignment == null) return Progress.RESTORED;
        if (!assignment.proven()) work.write(new Write.Assign(Upkeep.proven(assignment)));
        if (assignment.port() != 0) {
            work.write(new Write.Publish(lead.endpoint(assignment)));
        }
        return Progress.RESTORED;
    }

    /// A person applied another fleet: what failed before says nothing about it.
    private boolean ownerChanged(Case work, Assignment assignment, ServiceSpec wanted) {
        return Rollout.isOutdated(assignment, wanted, lead.book.fleet)
                && (!assignment.proven() || work.state() == State.HANDED_OVER)
                && lead.jury.isUp(assignment.host());
    }

    private Progress startChanged(Case work, Assignment assignment, ServiceSpec wanted) {
        work.ladderFromNow();
        work.say(
                "owner-changed",
                "The owner changed the fleet (revision " + lead.book.fleetRevision + "): "
                        + Rollout.change(assignment, wanted) + ".");
        start(work, assignment, assignment.host(), wanted, Rung.RESTART);
        return Progress.WORKING;
    }

    /// Done, or a stop whose host was lost before it could answer.
    private boolean isToFollow(Deed deed, Assignment assignment) {
        boolean lostStop = deed.action().step() instanceof Step.Stop && quarantine.isLost(assignment.host());
        return deed.status() == Deed.Status.DONE || lostStop;
    }

    /// After a deed was done: waits for verification, goes on after a stop. EXHAUSTED means that this rung failed.
    private Progress follow(Case work, Assignment assignment, Deed deed) {
        if (deed.action().step() instanceof Step.Stop) {
            Optional<NodeId> target = target(assignment);
            boolean safe = deed.status() == Deed.Status.DONE || quarantine.isSafe(work, assignment);
            if (target.isEmpty() || !safe) return Progress.STUCK;
            start(work, assignment, target.get(), specFor(assignment), Rung.MOVE);
            return Progress.WORKING;
        }
        long base = Math.max(deed.answeredMillis(), lead.electedMillis);
        long limit = assignment.spec().startWithin().toMillis();
        boolean ended = lead.jury.isExited(assignment.instance());
        boolean late = lead.millis() - base > limit;
        // A host that is lost meanwhile has an incident of its own, which takes over.
        if (!ended && (!late || !lead.jury.isUp(assignment.host()))) return Progress.WORKING;
        if (!work.lastCode().equals("rung-failed") && work.state() != State.HANDED_OVER) {
            String why = ended ? "it ended" : "it was not well within " + limit + " ms";
            work.say(
                    "rung-failed",
                    "This did not help " + assignment.instance() + " ("
                            + deed.rung().key() + "): " + why + ".");
        }
        return Progress.EXHAUSTED;
    }

    private Progress next(Case work, Assignment assignment, ServiceSpec wanted) {
        boolean hostUp = lead.jury.isUp(assignment.host());
        // Suspected but not judged: wait for the verdict rather than act on a guess.
        boolean judged = hostUp || quarantine.isLost(assignment.host());
        if (!judged) return Progress.STUCK;
        Patient patient = new Patient(
                assignment,
                work.tried(assignment.instance()),
                hostUp,
                quarantine.isSafe(work, assignment),
                target(assignment),
                lead.millis());
        if (!hostUp && work.diagnosis().mode() == Mode.AGENT_DOWN) {
            if (!work.hasSaid("agent-awaited")) {
                String seconds = patienceMillis(work) / 1_000 + " s";
                work.say(
                        "agent-awaited",
                        "Its agent has " + seconds + " to return. Nothing is started elsewhere: what it supervised may"
                                + " still run and nobody could stop it.");
            }
            return Progress.STUCK;
        }
        boolean back = hostUp && work.diagnosis().culprit() instanceof Part.Host;
        boolean ended = lead.jury.isExited(assignment.instance());
        // Its host returned and may still have it: time to be found well before anything is done to it.
        if (back && !ended && lead.jury.upNanos(assignment.host()) < RETURN_NANOS) return Progress.WORKING;
        // Its host returned without it: then its own ladder counts, not that of a lost host.
        Mode mode = back ? Mode.EXITED : work.diagnosis().mode();
        Runbook runbook = Runbook.of(mode, wanted.recovery());
        boolean handedOver = work.state() == State.HANDED_OVER;
        switch (Planner.plan(runbook, patient)) {
            case Plan.Restart(Reason why) -> {
                if (handedOver && !work.hasSaid("handed-over-stuck")) return Progress.EXHAUSTED;
                work.say(why);
                start(work, assignment, assignment.host(), specFor(assignment), Rung.RESTART);
                return Progress.WORKING;
            }
            case Plan.Move(NodeId to, Reason why) -> {
                if (handedOver && !work.hasSaid("handed-over-stuck")) return Progress.EXHAUSTED;
                work.say(why);
                if (hostUp) stop(work, assignment);
                else start(work, assignment, to, specFor(assignment), Rung.MOVE);
                return Progress.WORKING;
            }
            case Plan.Wait(Reason why) -> {
                if (!work.hasSaid(why.code())) work.say(why);
                return Progress.STUCK;
            }
            case Plan.HandOver(Reason why) -> {
                if (!handedOver && !work.hasSaid(why.code())) work.say(why);
                return Progress.EXHAUSTED;
            }
        }
    }

    private ServiceSpec specFor(Assignment assignment) {
        return assignment.proven()
                ? assignment.spec()
                : lead.book.wanted(assignment.instance()).orElse(assignment.spec());
    }

    private Optional<NodeId> target(Assignment assignment) {
        return Placement.choose(
                assignment.instance(),
                specFor(assignment),
                lead.book.fleet,
                lead.book.assignments.values(),
                host -> !host.equals(assignment.host()) && lead.jury.isUp(host));
    }

    private void start(Case work, Assignment former, NodeId host, ServiceSpec spec, Rung rung) {
        String run = lead.nextId("a");
        Assignment renewed = lead.renew(former, host, spec, run);
        boolean ownFault = lead.jury.isUp(former.host());
        if (rung == Rung.RESTART) renewed = withTimes(renewed, add(former.restartsMillis()), former.movesMillis());
        else if (ownFault) renewed = withTimes(renewed, former.restartsMillis(), add(former.movesMillis()));
        if (lead.book.endpoints.containsKey(former.instance()) && quarantine.mayWithdraw(work)) {
            work.write(new Write.Withdraw(former.instance()));
        }
        // Whatever was ordered before and not begun has had its day.
        if (lead.book.sent.contains(former.run())) work.write(new Write.Forget(former.host(), former.run()));
        work.write(new Write.Assign(renewed));
        work.plan(
                lead.action(run, new Step.Start(renewed, work.diagnosis().mode() == Mode.ASKED), host, work.id()),
                rung);
    }

    private void stop(Case work, Assignment assignment) {
        String id = lead.nextId("a");
        long withinNanos = assignment.spec().stopWithin().toNanos();
        work.write(new Write.Assign(Upkeep.stopped(assignment, id)));
        work.plan(
                lead.action(id, new Step.Stop(assignment.instance(), false, withinNanos), assignment.host(), work.id()),
                Rung.MOVE);
    }

    private List<Long> add(List<Long> times) {
        List<Long> longer = new ArrayList<>(times);
        longer.add(lead.millis());
        while (longer.size() > 100) longer.removeFirst();
        return longer;
    }

    private static Assignment withTimes(Assignment assignment, List<Long> restarts, List<Long> moves) {
        return new Assignment(
                assignment.instance(),
                assignment.host(),
                assignment.address(),
                assignment.port(),
                assignment.spec(),
                assignment.fleetRevision(),
                assignment.desired(),
                assignment.run(),
                assignment.fence(),
                assignment.proven(),
                assignment.change(),
                restarts,
                moves);
    }
}
