package holdfast.server.healing.agent;

import holdfast.core.healing.detect.Signal.Supervised;
import holdfast.core.healing.fleet.Part;
import holdfast.server.healing.act.ProcessFacts;
import holdfast.server.healing.act.ProcessSignal;

/// One process of one instance. Changed under its [Supervisor]'s lock only.
final class Run {
    /// Nobody could see with which status it ended.
    static final int STATUS_UNSEEN = -1;

    /// What is on disk, so that the next agent can take it over.
    ///
    /// @param run id of the action that started it
    /// @param startTicks with the pid, the process' identity
    /// @param ended whether it is known to have ended, with `status`
    record Facts(Part.Instance instance, String run, long pid, long startTicks, boolean ended, int status) {}

    private Facts facts;
    private boolean frozen;

    Run(Facts facts) {
        this.facts = facts;
    }

    Facts facts() {
        return facts;
    }

    Part.Instance instance() {
        return facts.instance;
    }

    String id() {
        return facts.run;
    }

    boolean running() {
        return !facts.ended;
    }

    boolean frozen() {
        return frozen;
    }

    Supervised.State state() {
        if (facts.ended) return Supervised.State.EXITED;
        return frozen ? Supervised.State.FROZEN : Supervised.State.RUNNING;
    }

    boolean lives() {
        return ProcessFacts.lives(facts.pid, facts.startTicks);
    }

    /// Never to a process that is not this one.
    boolean send(ProcessSignal signal) {
        return lives() && signal.sendToGroup(facts.pid);
    }

    void freeze() {
        frozen = true;
        send(ProcessSignal.STOP);
    }

    void thaw() {
        frozen = false;
        send(ProcessSignal.CONTINUE);
    }

    void ended(int status) {
        facts = new Facts(facts.instance, facts.run, facts.pid, facts.startTicks, true, status);
    }
}
