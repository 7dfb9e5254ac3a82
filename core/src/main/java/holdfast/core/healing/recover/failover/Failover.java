package holdfast.core.healing.recover.failover;

import holdfast.core.base.NodeId;
import holdfast.core.base.Reason;
import holdfast.core.healing.recover.failover.Local.Phase;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// What one member of a cluster does next. The store's key says who is the primary; every member runs this for itself,
/// so that no other part need be alive for a failover than the store and the best replica.
public final class Failover {
    /// How long the founding of a cluster waits for members that have data to adopt.
    static final long FOUNDING_NANOS = 3_000_000_000L;

    /// How long a primary that gave up leaves the key to others.
    static final long GAVE_UP_NANOS = 10_000_000_000L;

    static final int STARTS_MAX = 2;

    private Failover() {}

    public static Move next(View view) {
        Holder holder = view.holder();
        ClusterState state = view.state();
        if (state != null && view.local().hasData() && view.local().systemId() != state.systemId()) {
            return foreign(view, state);
        }
        if (holder == null) return vacant(view, state);
        if (holder.host().equals(view.me())) {
            if (view.sure()) return state == null ? found(view) : lead(view, state, holder);
            return stopUnlessDown(view, "unsure", "The key may be another's by now.");
        }
        if (state == null) return stay("founding", holder.host() + " founds the cluster.");
        return Following.next(view, state, holder);
    }

    /// Whether what this member says of its position holds for good once it has pledged. A person who accepts a loss
    /// accepts one of unknown size, too.
    public static boolean isFinal(View view) {
        boolean forced = view.state() != null && view.state().forced();
        return view.local().phase() == Phase.STANDBY
                && view.local().settled()
                && (view.local().intact() || forced);
    }

    static Move stay(String code, String sentence) {
        return new Move.Wait(new Reason(code, sentence));
    }

    private static Move stopUnlessDown(View view, String code, String sentence) {
        return switch (view.local().phase()) {
            case STOPPED, STANDBY -> stay(code, sentence);
            case STARTING, PRIMARY -> new Move.Stop(false, new Reason(code, sentence));
        };
    }

    /// Data of another cluster: only what we made ourselves and never served may go.
    private static Move foreign(View view, ClusterState state) {
        Holder holder = view.holder();
        if (!view.local().founding()) {
            return new Move.Call(new Reason(
                    "foreign-data",
                    "The data here is of cluster %d, the service's is %d: move it away, or name another folder."
                            .formatted(view.local().systemId(), state.systemId())));
        }
        if (view.local().phase() != Phase.STOPPED) {
            return new Move.Stop(false, new Reason("founded-elsewhere", "Another member founded the cluster first."));
        }
        if (holder == null || !holder.serving()) return stay("no-source", "There is no primary to clone from yet.");
        return new Move.Clone(
                holder.host(), new Reason("founded-elsewhere", "Another member founded the cluster first."));
    }

    // ---- nobody holds the key ----

    private static Move vacant(View view, @Nullable ClusterState state) {
        if (state == null) return standToFound(view);
        Local local = view.local();
        boolean ours = state.primary().equals(view.me());
        if (state.paused()
                && !(ours && local.phase() == Phase.PRIMARY && state.handTo().isEmpty())) {
            return stay("paused", "A person works on it.");
        }
        if (ours && !state.forced()) return standAgain(view, state);
        if (!local.hasData()) return stay("no-data", "There is no primary to clone from.");
        if (local.phase() == Phase.PRIMARY || (local.phase() == Phase.STARTING && !local.standby())) {
            return new Move.Stop(false, new Reason("not-primary", "The primary was " + state.primary() + "."));
        }
        if (!local.standby()) return stay("former-primary", "It waits for a primary to be rewound by.");
        if (view.nowNanos() < view.promisedNanos()) {
            return stay("promised", "We promised " + state.primary() + ", which is without the store, to wait.");
        }
        if (local.phase() == Phase.STOPPED) {
            return new Move.Start(new Reason("to-pledge", "Nobody is the primary; we may be needed."));
        }
        if (local.phase() == Phase.STARTING) return stay("starting", "The server starts.");
        if (Election.hasAllThatWasLeft(view, state)) return Election.succeed(view, state);
        if (!local.intact() && !state.forced()) {
            return stay(
                    "forgot", "The server was restarted and does not know how far it was: it waits for its primary.");
        }
        Member self = view.members().get(view.me());
        if (self == null) return stay("unheard", "The others have not heard of us yet.");
        if (self.pledged() != state.term() || !local.settled()) {
            return new Move.Pledge(
                    state.term(),
                    new Reason(
                            "vacant", "Nobody is the primary: we receive nothing more from " + state.primary() + "."));
        }
        return Election.next(view, state);
    }

    /// We were the primary and have every commit that was acknowledged.
    private static Move standAgain(View view, ClusterState state) {
        if (!view.local().hasData()) {
            return new Move.Call(new Reason(
                    "data-lost",
                    "We were the primary and our data is gone. `holdfast %s failover --force` elects a replica."
                            .formatted(view.spec().kind().command())));
        }
        if (!state.handTo().isEmpty() && view.nowNanos() - view.vacantNanos() < GAVE_UP_NANOS) {
            return state.gaveUp()
                    ? stopUnlessDown(view, "gave-up", "Our server could not serve; another one may take over.")
                    : stopUnlessDown(view, "handed-over", "We left the key to " + state.handTo() + ".");
        }
        if (!view.local().intact()) return standSuspect(view, state);
        return new Move.TakeKey(state.again(), new Reason("again", "We were the primary, and nobody took over."));
    }

    /// Our server ended, and its disk may lack its last writes. Replicas that were to have them come first.
    private static Move standSuspect(View view, ClusterState state) {
        boolean alone = state.rules().stream().anyMatch(rule -> rule.voters().isEmpty());
        if (!alone && view.nowNanos() - view.vacantNanos() < GAVE_UP_NANOS) {
            return stopUnlessDown(
                    view, "suspect", "Our server ended, and its disk may lack its last writes; a replica may not.");
        }
        if (!alone && view.spec().strict() && SyncSet.waits(view.spec())) {
            return new Move.Call(new Reason(
                    "suspect",
                    "Our server ended, its disk may lack its last writes, and no replica was elected. `holdfast %s failover --force` elects one."
                            .formatted(view.spec().kind().command())));
        }
        return new Move.TakeKey(
                state.againWithWhatIsLeft(), new Reason("again", "We were the primary, and nobody took over."));
    }

    private static Move standToFound(View view) {
        boolean all = view.members().keySet().containsAll(view.spec().hosts())
                && !view.spec().hosts().isEmpty();
        if (!all && view.nowNanos() - view.vacantNanos() < FOUNDING_NANOS) {
            return stay("gathering", "The members gather.");
        }
        Optional<Member> founder = view.members().values().stream()
                .max(Comparator.comparing(Member::position)
                        .thenComparing(member -> member.role() == Member.Role.PRIMARY)
                        .thenComparingInt(member -> view.spec().priorityOf(member.host()))
                        .thenComparing(Member::host, Comparator.reverseOrder()));
        if (founder.isEmpty() || !founder.get().host().equals(view.me())) {
            return stay(
                    "founder",
                    founder.map(one -> one.host() + " is to found the cluster.").orElse("The members gather."));
        }
        return new Move.TakeKey(null, new Reason("founding", "We found the cluster."));
    }

    // ---- the key is ours ----

    private static Move found(View view) {
        Local local = view.local();
        if (!local.hasData()) return new Move.Initialize(new Reason("founding", "There is no data anywhere."));
        return switch (local.phase()) {
            case STOPPED -> new Move.Start(new Reason("adopting", "The data that is here becomes the cluster's."));
            case STARTING -> stay("starting", "The server starts.");
            case STANDBY -> new Move.Promote(new Reason("adopting", "The standby's data becomes the cluster's."));
            case PRIMARY ->
                new Move.WriteState(
                        new ClusterState(
                                local.systemId(),
                                view.me(),
                                1,
                                local.position().timeline(),
                                Lsn.ZERO,
                                List.of(Rule.ALONE),
                                "",
                                Lsn.ZERO,
                                false,
                                false,
                                false),
                        new Reason("founded", "The cluster has an identity."));
        };
    }

    private static Move lead(View view, ClusterState state, Holder holder) {
        if (!state.primary().equals(view.me()) || state.term() != holder.term()) {
            return stay("old-state", "The state that was read is older than the key.");
        }
        Local local = view.local();
        boolean serves = local.phase() == Phase.STANDBY || local.phase() == Phase.PRIMARY;
        if (state.paused() && !(serves && state.handTo().isEmpty())) return stay("paused", "A person works on it.");
        if (!state.handTo().isEmpty()) return handOver(view, state, holder);
        return switch (local.phase()) {
            case STOPPED -> restart(view, state);
            case STARTING -> tooLong(view) ? giveUp(view, state) : stay("starting", "The server starts.");
            case STANDBY -> promote(view, state);
            case PRIMARY -> serve(view, state, holder);
        };
    }

    private static Move restart(View view, ClusterState state) {
        Local local = view.local();
        if (!local.hasData()) {
            return new Move.Leave(
                    state.leaving("", true), new Reason("data-lost", "Our data is gone; a replica takes over."));
        }
        if (local.standby()) return new Move.Start(new Reason("to-promote", "Elected; the server is down."));
        boolean ranInTerm = local.position().timeline() >= state.term();
        boolean suspect = !local.intact() && !state.gaveUp();
        if (!view.spec().kind().keepsHistory() && (ranInTerm || suspect)) return leaveToRestart(view, state);
        if (tooLong(view) || local.failedStarts() >= STARTS_MAX) return giveUp(view, state);
        return restartHere();
    }

    /// What a server writes after such a restart is another history, and so another term's: a replica's when that has
    /// what our disk may lack, else ours.
    private static Move leaveToRestart(View view, ClusterState state) {
        if (view.local().intact()) {
            return new Move.Leave(
                    state.leaving("", false), new Reason("new-term", "The server ended; it starts in another term."));
        }
        Optional<Member> other = successor(view).filter(_ -> othersElect(view, state));
        String to = other.map(member -> member.host().name()).orElse("");
        return new Move.Leave(
                state.leaving(to, other.isPresent()),
                new Reason("suspect", "The server ended, and its disk may lack its last writes."));
    }

    private static Optional<Member> successor(View view) {
        return view.members().values().stream()
                .filter(member -> canTakeOver(view, member))
                .max(Election.best(view.spec()));
    }

    private static Move restartHere() {
        return new Move.Start(new Reason("restart", "The primary's server ended; it starts where it is."));
    }

    /// Says so before it leaves: a word to leave that comes late must not find the server up again. Once is enough.
    private static Move giveUp(View view, ClusterState state) {
        Optional<Member> other = successor(view);
        if (other.isEmpty() || state.gaveUp() || !othersElect(view, state)) {
            return view.local().phase() == Phase.STOPPED ? restartHere() : stay("starting", "The server starts.");
        }
        return new Move.WriteState(
                state.leaving(other.get().host().name(), true),
                new Reason(
                        "gives-up",
                        "The server did not come back within %d ms (%d starts failed); a replica takes over."
                                .formatted(
                                        view.spec().startWithin().toMillis(),
                                        view.local().failedStarts())));
    }

    private static boolean canTakeOver(View view, Member member) {
        return member.role() == Member.Role.REPLICA
                && !member.host().equals(view.me())
                && view.spec().mayLead(member.host());
    }

    private static boolean tooLong(View view) {
        long down = view.local().downSinceNanos();
        return down != 0 && view.nowNanos() - down > view.spec().startWithin().toNanos();
    }

    /// Whether replicas that are there could elect one of them.
    private static boolean othersElect(View view, ClusterState state) {
        List<NodeId> there = view.members().values().stream()
                .filter(member -> member.role() == Member.Role.REPLICA)
                .map(Member::host)
                .toList();
        boolean eligible = view.members().values().stream().anyMatch(member -> canTakeOver(view, member));
        return eligible && state.rules().stream().allMatch(rule -> rule.elects(there));
    }

    private static Move promote(View view, ClusterState state) {
        Rule standing = state.rules().getLast();
        if (SyncSet.waits(view.spec()) && !standing.equals(view.local().applied())) {
            return new Move.ApplyRule(
                    standing, new Reason("apply-rule", "Commits wait for " + standing + " from the first one on."));
        }
        return new Move.Promote(new Reason("elected", "Elected in term " + state.term() + "."));
    }

    private static Move serve(View view, ClusterState state, Holder holder) {
        Local local = view.local();
        int timeline = local.position().timeline();
        boolean another = state.timeline() != timeline;
        @Nullable ClusterState written = another ? state.on(timeline, local.startedAt()) : null;
        if (!holder.serving() && (!SyncSet.waits(view.spec()) || local.applied() != null)) {
            return new Move.Serve(
                    true, written, new Reason("serving", "It takes writes on timeline " + timeline + "."));
        }
        if (written != null) {
            return new Move.WriteState(written, new Reason("timeline", "It writes on timeline " + timeline + " now."));
        }
        if (state.gaveUp()) {
            return new Move.WriteState(state.leaving("", false), new Reason("serves-again", "It takes writes again."));
        }
        if (view.wish() != null) return grant(view, state, view.wish());
        return SyncSet.next(view, state).orElseGet(() -> stay("leads", "It leads."));
    }

    private static Move grant(View view, ClusterState state, Wish wish) {
        Optional<String> refusal = refuse(view, state, wish);
        if (refusal.isPresent()) {
            return new Move.Answer(wish, List.of(refusal.get()), new Reason("refused", refusal.get()));
        }
        String to = wish.to().isEmpty() ? bestReplica(view).orElseThrow().name() : wish.to();
        return new Move.WriteState(
                state.leaving(to, false), new Reason("switchover", "A person asked for " + to + " as the primary."));
    }

    /// Of those that could have the whole log soon, the one of the highest priority; among equals the one with most.
    private static Optional<NodeId> bestReplica(View view) {
        SortedMap<NodeId, Lsn> able = new TreeMap<>(view.local().flushed());
        able.keySet()
                .removeIf(host ->
                        !view.members().containsKey(host) || !view.spec().mayLead(host));
        Lsn most = able.values().stream().max(Comparator.naturalOrder()).orElse(Lsn.ZERO);
        able.values().removeIf(flushed -> most.since(flushed) > view.spec().lagBytesMax());
        return able.entrySet().stream()
                .max(Comparator.comparingInt(
                                (Map.Entry<NodeId, Lsn> one) -> view.spec().priorityOf(one.getKey()))
                        .thenComparing(Map.Entry.comparingByValue())
                        .thenComparing(Map.Entry.comparingByKey(Comparator.reverseOrder())))
                .map(Map.Entry::getKey);
    }

    private static Optional<String> refuse(View view, ClusterState state, Wish wish) {
        if (state.paused()) return Optional.of("The cluster is paused.");
        if (state.rules().size() > 1) return Optional.of("The set of replicas is changing; ask again.");
        if (!othersElect(view, state)) return Optional.of("Too few replicas are there to elect another primary.");
        if (wish.to().isEmpty()) {
            return bestReplica(view).isPresent() ? Optional.empty() : Optional.of("No replica streams.");
        }
        NodeId to = new NodeId(wish.to());
        if (to.equals(view.me())) return Optional.of(to + " is the primary.");
        if (!view.local().flushed().containsKey(to)) return Optional.of(to + " does not stream from the primary.");
        if (!view.spec().mayLead(to)) return Optional.of(to + " is never to be the primary.");
        return Optional.empty();
    }

    private static Move handOver(View view, ClusterState state, Holder holder) {
        Reason why = new Reason("switchover", "The key goes to " + state.handTo() + ".");
        if (holder.serving() && !state.gaveUp()) return new Move.Serve(false, null, why);
        Local local = view.local();
        boolean handed = local.phase() == Phase.STANDBY && local.settled() && local.intact();
        if (local.phase() != Phase.STOPPED && !handed) return new Move.Stop(!state.gaveUp(), why);
        boolean whole = local.position().timeline() == state.timeline() && (handed || !local.standby());
        return new Move.Leave(whole ? state.left(local.position().lsn()) : state, why);
    }
}
