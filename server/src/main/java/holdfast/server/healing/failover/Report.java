package holdfast.server.healing.failover;

import holdfast.core.base.NodeId;
import holdfast.core.base.Ratio;
import holdfast.core.base.Reason;
import holdfast.core.healing.Incident;
import holdfast.core.healing.Incident.State;
import holdfast.core.healing.detect.Mode;
import holdfast.core.healing.fleet.ClusterSpec;
import holdfast.core.healing.fleet.Part;
import holdfast.core.healing.locate.Diagnosis;
import holdfast.core.healing.recover.failover.ClusterState;
import holdfast.core.healing.recover.failover.Local.Phase;
import holdfast.core.healing.recover.failover.Member;
import holdfast.core.healing.recover.failover.View;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/// A takeover as an incident: gathered while it happens, complete when another member confirms it, or nobody did in
/// time. Times in wall clock milliseconds.
final class Report {
    private static final long CONFIRM_MILLIS = 30_000;

    /// What a server writes of itself when it ends or recovers.
    private static final long NOISE_BYTES = 512;

    private final ClusterSpec spec;
    private final ClusterState former;
    private final Turn turn;
    private final NodeId me;
    private final long vacantMillis;
    private final List<Incident.Entry> entries = new ArrayList<>();
    private long servingMillis;

    private Report(ClusterSpec spec, NodeId me, ClusterState former, Turn turn, long vacantMillis, String pledged) {
        this.spec = spec;
        this.me = me;
        this.former = former;
        this.turn = turn;
        this.vacantMillis = vacantMillis;
        say(
                vacantMillis,
                State.CONFIRMED,
                "key-gone",
                "The key of the primary %s (term %d) was gone from the store: its lease ended, so it can acknowledge nothing more."
                        .formatted(former.primary(), former.term()));
        say(
                turn.atMillis(),
                State.ISOLATED,
                "pledged",
                "These receive no more from it: " + pledged + ". Commits had needed " + former.rules() + ".");
        say(turn.atMillis(), State.RECOVERING, "elected", turn.why());
    }

    /// Begins when a replica took the key that the primary lost; null for a switchover, a founding or a primary that
    /// takes
    /// it again: these are no trouble.
    ///
    /// @param vacantNanos for how long nobody had held it
    static @Nullable Report begin(View view, Turn turn, long vacantNanos) {
        ClusterState former = view.state();
        if (former == null
                || view.local().phase() != Phase.STANDBY
                || !former.handTo().isEmpty()) return null;
        String pledged = view.members().values().stream()
                .filter(member -> member.pledged() == former.term())
                .map(member -> member.host() + " at " + member.position())
                .collect(Collectors.joining(", "));
        long vacantMillis = turn.atMillis() - vacantNanos / 1_000_000;
        return new Report(view.spec(), view.me(), former, turn, vacantMillis, pledged);
    }

    /// What the former primary had written and we do not have, as far as it was told; nothing that was acknowledged
    /// when
    /// commits wait for replicas.
    static long lostBytesMax(View view) {
        boolean async = view.spec().durability() == ClusterSpec.Durability.ASYNC;
        boolean succeeds = view.local().phase() == Phase.STANDBY && view.state() != null;
        return async && succeeds
                ? view.lastPrimary().lsn().since(view.local().position().lsn())
                : 0;
    }

    private void say(long atMillis, State state, String code, String sentence) {
        entries.add(new Incident.Entry(atMillis, state, new Reason(code, sentence)));
    }

    /// It takes writes.
    void serving(long atMillis, long fence) {
        if (servingMillis != 0) return;
        servingMillis = atMillis;
        say(
                atMillis,
                State.VERIFYING,
                "serving",
                "%s takes writes in term %d, fence %d.".formatted(me, turn.term(), fence));
    }

    /// The whole of it, when it is known how it ended.
    Optional<Incident> complete(View view, long nowMillis) {
        ClusterState state = view.state();
        if (servingMillis == 0 || state == null || state.term() != turn.term()) return Optional.empty();
        Optional<Member> witness = view.members().values().stream()
                .filter(member -> !member.host().equals(me))
                .filter(member -> member.streaming() && member.position().timeline() == state.timeline())
                .filter(member -> member.position().lsn().compareTo(state.forkedAt()) > 0)
                .findFirst();
        if (witness.isPresent()) {
            say(
                    nowMillis,
                    State.CLOSED,
                    "confirmed",
                    "%s says that it receives the new timeline %d and has written it up to %s."
                            .formatted(
                                    witness.get().host(),
                                    state.timeline(),
                                    witness.get().position().lsn()));
            sayLoss(nowMillis, State.CLOSED);
            return Optional.of(incident(State.CLOSED, nowMillis));
        }
        if (nowMillis - servingMillis < CONFIRM_MILLIS) return Optional.empty();
        say(
                nowMillis,
                State.HANDED_OVER,
                "unconfirmed",
                "No other member has confirmed within %d s: look at the replicas.".formatted(CONFIRM_MILLIS / 1_000));
        sayLoss(nowMillis, State.HANDED_OVER);
        return Optional.of(incident(State.HANDED_OVER, nowMillis));
    }

    private void sayLoss(long atMillis, State state) {
        String loss = spec.durability() == ClusterSpec.Durability.ASYNC
                ? "At most %d bytes of the log that the former primary told of are lost, and what it wrote in its last second."
                        .formatted(turn.lostBytesMax())
                : "Nothing that was acknowledged is lost: every acknowledged commit was on a member that pledged.";
        say(atMillis, state, "loss", loss);
    }

    static String id(ClusterSpec spec, long term) {
        return "%s-%s-%010d".formatted(spec.kind().folder(), spec.name(), term);
    }

    /// What is found when the former primary is back.
    ///
    /// @param bytes of its log beyond the new timeline's beginning
    static Incident.Entry returned(ClusterSpec spec, NodeId host, long bytes, Incident incident, long atMillis) {
        String loss = spec.durability() == ClusterSpec.Durability.ASYNC
                ? "they are lost"
                : "no commit in them was acknowledged";
        String sentence = bytes <= NOISE_BYTES
                ? "%s is back, and had written nothing that others lack.".formatted(host)
                : "%s is back: %d bytes of its log are nowhere else, and were taken back; %s."
                        .formatted(host, bytes, loss);
        return new Incident.Entry(atMillis, incident.state(), new Reason("returned", sentence));
    }

    private Incident incident(State state, long nowMillis) {
        Part.Instance culprit = part(former.primary());
        Diagnosis diagnosis = new Diagnosis(
                culprit,
                Mode.UNREACHABLE,
                false,
                List.of(),
                "The primary %s of %s let its lease end; %s took over.".formatted(former.primary(), spec.name(), me),
                Ratio.ONE,
                List.of("Its key was gone from the store.", turn.why()));
        return new Incident(
                id(spec, turn.term()),
                state,
                culprit,
                diagnosis,
                List.of(),
                List.of(),
                new Incident.Times(vacantMillis, vacantMillis, vacantMillis, turn.atMillis(), servingMillis, nowMillis),
                0,
                List.of(),
                entries);
    }

    private Part.Instance part(NodeId host) {
        return new Part.Instance(spec.name(), Math.max(0, spec.hosts().indexOf(host)) + 1);
    }
}
