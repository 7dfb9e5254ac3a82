package holdfast.core.healing;

import holdfast.core.base.Reason;
import holdfast.core.healing.fleet.Part;
import holdfast.core.healing.fleet.Rung;
import holdfast.core.healing.isolate.Action;
import holdfast.core.healing.locate.Diagnosis;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SortedSet;
import java.util.TreeSet;

/// An incident being worked on in one turn: gathers what changes and hands it over as one journal entry with its
/// acts behind it. One thread.
final class Case {
    private final Lead lead;
    private final String id;
    private Incident.State state;
    private Diagnosis diagnosis;
    private final SortedSet<Part> hurt;
    private final List<Part.Instance> pending;
    private Incident.Times times;
    private int ladderFrom;
    private final List<Incident.Deed> deeds;
    private final List<Incident.Entry> entries;
    private final List<Write> writes = new ArrayList<>();
    private final List<Action> acts = new ArrayList<>();
    private boolean changed;

    /// Goes on with `incident`.
    Case(Lead lead, Incident incident) {
        this.lead = lead;
        this.id = incident.id();
        this.state = incident.state();
        this.diagnosis = incident.diagnosis();
        this.hurt = new TreeSet<>(incident.hurt());
        this.pending = new ArrayList<>(incident.pending());
        this.times = incident.times();
        this.ladderFrom = incident.ladderFrom();
        this.deeds = new ArrayList<>(incident.deeds());
        this.entries = new ArrayList<>(incident.entries());
    }

    /// Opens a new one.
    ///
    /// @param sinceNanos first symptom
    static Case open(Lead lead, Diagnosis diagnosis, List<Part.Instance> pending, long sinceNanos) {
        long now = lead.millis();
        long since = Math.min(now, lead.millisAt(sinceNanos));
        Incident.Times times = new Incident.Times(since, now, now, 0, 0, 0);
        Case opened = new Case(
                lead,
                new Incident(
                        lead.nextId("i"),
                        Incident.State.CONFIRMED,
                        diagnosis.culprit(),
                        diagnosis,
                        diagnosis.hurt(),
                        pending,
                        times,
                        0,
                        List.of(),
                        List.of()));
        opened.say("detected", "Detected " + (now - since) + " ms after the first symptom: " + diagnosis.cause());
        String evidence = String.join(" ", diagnosis.evidence());
        opened.say(
                "located",
                "The culprit is " + diagnosis.culprit() + " (" + diagnosis.mode() + ", confidence "
                        + diagnosis.confidence() + "). " + evidence);
        return opened;
    }

    String id() {
        return id;
    }

    Incident.State state() {
        return state;
    }

    Diagnosis diagnosis() {
        return diagnosis;
    }

    Incident.Times times() {
        return times;
    }

    List<Part.Instance> pending() {
        return List.copyOf(pending);
    }

    List<Incident.Deed> deeds() {
        return List.copyOf(deeds);
    }

    void say(String code, String sentence) {
        entries.add(new Incident.Entry(lead.millis(), state, new Reason(code, sentence)));
        changed = true;
    }

    void say(Reason why) {
        say(why.code(), why.sentence());
    }

    boolean hasSaid(String code) {
        return saidMillis(code) > 0;
    }

    /// When `code` was last said; 0 for never.
    long saidMillis(String code) {
        for (int index = entries.size() - 1; index >= 0; index--) {
            if (entries.get(index).what().code().equals(code))
                return entries.get(index).atMillis();
        }
        return 0;
    }

    /// Code of the newest line said in this state; empty when there is none.
    String lastCode() {
        return entries.isEmpty() ? "" : entries.getLast().what().code();
    }

    void become(Incident.State next) {
        if (state == next) return;
        state = next;
        changed = true;
    }

    void rediagnose(Diagnosis fresh) {
        diagnosis = fresh;
        hurt.addAll(fresh.hurt());
        say("rediagnosed", "New evidence: " + fresh.cause() + " " + String.join(" ", fresh.evidence()));
    }

    void addHurt(Part part) {
        if (hurt.add(part)) say("hurt", part + " suffers from it too.");
    }

    void addPending(Part.Instance instance) {
        if (pending.contains(instance)) return;
        pending.add(instance);
        hurt.add(instance);
        changed = true;
    }

    void removePending(Part.Instance instance) {
        if (pending.remove(instance)) changed = true;
    }

    void isolated() {
        if (times.isolated() != 0) return;
        times = new Incident.Times(
                times.hurt(), times.detected(), times.located(), lead.millis(), times.recovered(), times.verified());
        changed = true;
    }

    void recovered(long atMillis) {
        times = new Incident.Times(
                times.hurt(), times.detected(), times.located(), times.isolated(), atMillis, times.verified());
        changed = true;
    }

    private void verified() {
        long recovered = times.recovered() == 0 ? lead.millis() : times.recovered();
        times = new Incident.Times(
                times.hurt(), times.detected(), times.located(), times.isolated(), recovered, lead.millis());
    }

    /// Deeds before now no longer count as tried.
    void ladderFromNow() {
        ladderFrom = deeds.size();
        changed = true;
    }

    /// Writes that belong to the same transaction.
    void write(Write write) {
        // A transaction may write a key once; what was decided last counts.
        writes.removeIf(earlier -> key(earlier).equals(key(write)));
        writes.add(write);
        changed = true;
    }

    private static String key(Write write) {
        return switch (write) {
            case Write.Assign(var assignment) -> "instance " + assignment.instance();
            case Write.Unassign(var instance) -> "instance " + instance;
            case Write.Publish(var endpoint) -> "endpoint " + endpoint.instance();
            case Write.Withdraw(var instance) -> "endpoint " + instance;
            case Write.Deregister(var host) -> "host " + host;
            case Write.Forget(var _, var actionId) -> "action " + actionId;
        };
    }

    /// An action behind this journal entry.
    void plan(Action action, Rung rung) {
        deeds.add(new Incident.Deed(action, rung, Incident.Deed.Status.PLANNED, lead.millis(), 0, ""));
        acts.add(action);
        become(Incident.State.RECOVERING);
        changed = true;
    }

    void answer(Incident.Deed deed, Incident.Deed.Status status, String answer) {
        int index = deeds.indexOf(deed);
        deeds.set(index, new Incident.Deed(deed.action(), deed.rung(), status, deed.atMillis(), lead.millis(), answer));
        changed = true;
    }

    /// The newest deed for `instance` since the ladder began.
    Optional<Incident.Deed> last(Part.Instance instance) {
        return deedsFor(instance).stream().reduce((first, second) -> second);
    }

    List<Rung> tried(Part.Instance instance) {
        return deedsFor(instance).stream()
                .filter(deed -> !deed.answer().startsWith("old-fence"))
                .map(Incident.Deed::rung)
                .distinct()
                .toList();
    }

    private List<Incident.Deed> deedsFor(Part.Instance instance) {
        return deeds.stream()
                .skip(ladderFrom)
                .filter(deed -> deed.action().step().instance().equals(instance))
                .toList();
    }

    /// Nothing is left to bring back.
    void close(String sentence) {
        verified();
        become(Incident.State.CLOSED);
        long lasted = lead.millis() - times.hurt();
        say("closed", sentence + " It lasted " + lasted + " ms from first symptom to verified.");
        for (Incident.Deed deed : deeds)
            write(new Write.Forget(deed.action().on(), deed.action().id()));
    }

    /// The journal entry, then the acts behind it; nothing when nothing changed.
    void settle() {
        if (!changed) return;
        lead.journal(incident(), writes);
        acts.forEach(lead::act);
    }

    private Incident incident() {
        return new Incident(
                id,
                state,
                diagnosis.culprit(),
                diagnosis,
                List.copyOf(hurt),
                pending,
                times,
                ladderFrom,
                deeds,
                entries);
    }
}
