package holdfast.core.healing.detect;

import holdfast.core.base.NodeId;
import holdfast.core.healing.fleet.Part;
import holdfast.core.healing.fleet.Registration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// What is known of one host: its registration, heartbeats and stream, and, while it is suspected, what witnesses
/// say. One thread.
final class HostWatch {
    /// An answer of a witness and when it came.
    private record Answer(Signal.Result result, long atNanos) {}

    /// Taken for a lease that nobody knew.
    static final long TTL_UNKNOWN_NANOS = 10_000_000_000L;

    private static final int ONE_WAY_HEARTBEATS_MIN = 2;

    final NodeId host;

    private final DetectConfig config;
    private final PhiAccrual phi;
    private @Nullable Registration registration;
    private long registrationRevision;
    private String agentAddress = "";
    private long goneNanos;
    private long ttlNanos = TTL_UNKNOWN_NANOS;
    private long upSinceNanos;
    private long incarnation;
    private long sequence;
    private boolean heard;
    private boolean attached;
    private long attachedNanos;
    private long detachedNanos;
    private long heartbeatNanos;
    private boolean suspected;
    private long suspectedNanos;
    private String cause = "";
    private final SortedMap<NodeId, Answer> answers = new TreeMap<>();
    private final SortedMap<Part.Instance, Answer> instanceAnswers = new TreeMap<>();
    private int heartbeatsSinceTimeout;
    private long askedNanos;
    private int rounds;

    HostWatch(NodeId host, DetectConfig config, long startNanos) {
        this.host = host;
        this.config = config;
        this.phi = new PhiAccrual(
                config.heartbeatEvery().toNanos(), config.pauseForgiven().toNanos(), startNanos);
        this.heartbeatNanos = startNanos;
        this.detachedNanos = startNanos - 2 * config.attachGrace().toNanos();
        this.goneNanos = startNanos;
    }

    void register(Registration fresh) {
        if (fresh.createRevision() < registrationRevision) return;
        registration = fresh;
        registrationRevision = fresh.createRevision();
        agentAddress = fresh.agentAddress();
        ttlNanos = fresh.ttlNanos();
    }

    /// @return whether it was the registration that we knew
    boolean gone(long createRevision, long nowNanos) {
        if (createRevision < registrationRevision || registration == null) return false;
        registration = null;
        goneNanos = nowNanos;
        return true;
    }

    Optional<Registration> registration() {
        return Optional.ofNullable(registration);
    }

    String agentAddress() {
        return agentAddress;
    }

    void heartbeat(Signal.Heartbeat beat, long nowNanos) {
        if (beat.incarnation() < incarnation || (beat.incarnation() == incarnation && beat.sequence() <= sequence))
            return;
        incarnation = beat.incarnation();
        sequence = beat.sequence();
        phi.hear(nowNanos);
        heartbeatNanos = nowNanos;
        heartbeatsSinceTimeout++;
        heard = true;
    }

    void attached(long fresh, long nowNanos) {
        if (fresh < incarnation) return;
        if (fresh > incarnation) sequence = 0;
        incarnation = fresh;
        attached = true;
        attachedNanos = nowNanos;
        heard = true;
    }

    /// A roster came down its stream: so there is one, even when the word that it opened was missed. A late one
    /// from a stream that has just closed says nothing.
    void listed(long rosterIncarnation, long nowNanos) {
        if (!attached && nowNanos - detachedNanos > config.askEvery().toNanos()) attached(rosterIncarnation, nowNanos);
    }

    void detached(long nowNanos) {
        if (!attached) return;
        attached = false;
        detachedNanos = nowNanos;
        suspect("Its stream to the loop closed", nowNanos);
    }

    void suspect(String why, long nowNanos) {
        if (suspected) return;
        suspected = true;
        suspectedNanos = nowNanos;
        cause = why;
        answers.clear();
        instanceAnswers.clear();
        heartbeatsSinceTimeout = 0;
        askedNanos = nowNanos - config.askEvery().toNanos();
        rounds = 0;
    }

    boolean isSuspected() {
        return suspected;
    }

    boolean isUp() {
        return registration != null && !suspected && heard;
    }

    long ttlNanos() {
        return ttlNanos;
    }

    long upSinceNanos() {
        return upSinceNanos;
    }

    long heardNanos() {
        return heartbeatNanos;
    }

    /// A witness' answer about the agent's port.
    void answer(NodeId witness, Signal.Probed probed, long nowNanos) {
        if (!suspected) return;
        answers.put(witness, new Answer(probed.result(), nowNanos));
        if (probed.result() == Signal.Result.TIMEOUT && answers.size() == 1) heartbeatsSinceTimeout = 0;
    }

    /// A witness' answer about an instance that is meant to run here.
    void instanceAnswer(Part.Instance instance, Signal.Probed probed, long nowNanos) {
        if (!suspected) return;
        Answer known = instanceAnswers.get(instance);
        boolean weaker = known != null
                && nowNanos - known.atNanos() < config.askEvery().toNanos()
                && known.result() == Signal.Result.OK;
        if (!weaker) instanceAnswers.put(instance, new Answer(probed.result(), nowNanos));
    }

    /// Whether it is time for another round of questions; counts it.
    boolean takeRound(long nowNanos) {
        if (!suspected) return false;
        long every = config.askEvery().toNanos() * (rounds < 20 ? 1 : 4);
        if (nowNanos - askedNanos < every) return false;
        askedNanos = nowNanos;
        rounds++;
        return true;
    }

    boolean isSilent(long nowNanos) {
        return phi.phiMilli(nowNanos) >= 1_000L * config.phiThreshold();
    }

    /// Looks at silence and the lease, and forgets a suspicion that has gone.
    ///
    /// @param needed whether anything is meant to run here, so that its absence matters
    void review(boolean needed, long nowNanos) {
        if (!suspected && (heard || needed) && isSilent(nowNanos)) {
            suspect("No heartbeat for " + millis(nowNanos - heartbeatNanos) + " ms", nowNanos);
        }
        boolean unregistered = registration == null
                && nowNanos - goneNanos > config.attachGrace().toNanos();
        if (!suspected && (heard || needed) && unregistered) {
            suspect("It has no registration since " + millis(nowNanos - goneNanos) + " ms", nowNanos);
        }
        if (!isUp()) upSinceNanos = nowNanos;
        if (suspected && isCleared(nowNanos)) {
            suspected = false;
            answers.clear();
            instanceAnswers.clear();
        }
    }

    private boolean isCleared(long nowNanos) {
        if (registration == null || isSilent(nowNanos) || !attached) return false;
        long recentNanos = 4 * config.askEvery().toNanos() + config.askTimeout().toNanos();
        boolean bad = answers.values().stream()
                .anyMatch(answer -> answer.result() != Signal.Result.OK
                        && nowNanos - answer.atNanos() < recentNanos
                        && answer.atNanos() > attachedNanos);
        boolean good = answers.values().stream().anyMatch(answer -> answer.result() == Signal.Result.OK);
        boolean heartbeatSince = heartbeatNanos > suspectedNanos;
        return !bad
                && heartbeatSince
                && (good || attachedNanos > suspectedNanos || nowNanos - suspectedNanos > recentNanos);
    }

    /// @param ported instances that listen and are meant to run here
    /// @param available witnesses that could be asked
    Optional<Fault> judge(List<Part.Instance> ported, int available, long nowNanos) {
        if (!suspected) return Optional.empty();
        int ok = count(Signal.Result.OK) + count(Signal.Result.BAD_ANSWER);
        int refused = count(Signal.Result.REFUSED);
        int timeouts = count(Signal.Result.TIMEOUT);
        int needed = Math.min(2, available);
        boolean instanceOk = ported.stream().anyMatch(instance -> is(instance, Signal.Result.OK));
        boolean allAnswered = ported.stream().allMatch(instance -> instanceAnswers.get(instance) != null);
        if (ok > 0) return byOpenPort(ported, instanceOk, allAnswered, nowNanos);
        if (refused > 0) {
            boolean allRefused = ported.stream().allMatch(instance -> is(instance, Signal.Result.REFUSED));
            if (!ported.isEmpty() && allRefused) return Optional.of(fault(Mode.HOST_DOWN, true, nowNanos));
            // The agent is gone for sure, what it supervised is not: a second copy of it would be worse than none.
            return allAnswered ? agentDown(nowNanos) : Optional.empty();
        }
        if (needed == 0) return alone(nowNanos);
        if (agentAddress.isEmpty()) return byInstances(ported, instanceOk, allAnswered, nowNanos);
        if (timeouts < needed) return Optional.empty();
        if (instanceOk) return agentDown(nowNanos);
        if (!isSilent(nowNanos)) {
            return heartbeatsSinceTimeout >= ONE_WAY_HEARTBEATS_MIN
                    ? Optional.of(fault(Mode.ONE_WAY, false, nowNanos))
                    : Optional.empty();
        }
        return Optional.of(fault(Mode.CUT_OFF, false, nowNanos));
    }

    /// Nobody knows where its agent listened (the leader is newer than the loss): only its instances can be asked.
    private Optional<Fault> byInstances(
            List<Part.Instance> ported, boolean instanceOk, boolean allAnswered, long nowNanos) {
        if (!isSilent(nowNanos)) return Optional.empty();
        if (ported.isEmpty() || instanceOk) return agentDown(nowNanos);
        if (!allAnswered) return Optional.empty();
        boolean allRefused = ported.stream().allMatch(instance -> is(instance, Signal.Result.REFUSED));
        return Optional.of(fault(allRefused ? Mode.HOST_DOWN : Mode.CUT_OFF, allRefused, nowNanos));
    }

    /// Its port opens: the machine lives. Only a lost lease together with silence speaks against the agent.
    private Optional<Fault> byOpenPort(
            List<Part.Instance> ported, boolean instanceOk, boolean allAnswered, long nowNanos) {
        if (registration != null || !isSilent(nowNanos)) return Optional.empty();
        if (instanceOk) return agentDown(nowNanos);
        boolean frozen = !ported.isEmpty() && allAnswered;
        return frozen ? Optional.of(fault(Mode.CUT_OFF, false, nowNanos)) : agentDown(nowNanos);
    }

    private Optional<Fault> agentDown(long nowNanos) {
        return nowNanos - suspectedNanos < config.agentReturn().toNanos()
                ? Optional.empty()
                : Optional.of(fault(Mode.AGENT_DOWN, false, nowNanos));
    }

    /// Nobody else to ask: only a lost lease and long silence together are enough.
    private Optional<Fault> alone(long nowNanos) {
        boolean gone = registration == null && isSilent(nowNanos);
        return gone ? Optional.of(fault(Mode.CUT_OFF, false, nowNanos)) : Optional.empty();
    }

    private Fault fault(Mode mode, boolean proven, long nowNanos) {
        List<String> evidence = new ArrayList<>();
        evidence.add(cause + "; suspected for " + millis(nowNanos - suspectedNanos) + " ms.");
        answers.forEach(
                (witness, answer) -> evidence.add(witness + " knocked at its agent: " + say(answer.result()) + "."));
        instanceAnswers.forEach(
                (instance, answer) -> evidence.add(instance + " was knocked at: " + say(answer.result()) + "."));
        long silentMillis = millis(nowNanos - heartbeatNanos);
        evidence.add("Last heartbeat " + silentMillis + " ms ago, phi " + phi.phiMilli(nowNanos) / 1_000 + ".");
        if (registration == null) evidence.add("Its lease is over since " + millis(nowNanos - goneNanos) + " ms.");
        return new Fault(new Part.Host(host), mode, Math.min(suspectedNanos, heartbeatNanos), proven, evidence);
    }

    private static String say(Signal.Result result) {
        return switch (result) {
            case OK -> "it opened";
            case BAD_ANSWER -> "a bad answer";
            case REFUSED -> "refused";
            case TIMEOUT -> "no answer in time";
        };
    }

    private int count(Signal.Result result) {
        int count = 0;
        for (Answer answer : answers.values()) if (answer.result() == result) count++;
        return count;
    }

    private boolean is(Part.Instance instance, Signal.Result result) {
        Answer answer = instanceAnswers.get(instance);
        return answer != null && answer.result() == result;
    }

    private static long millis(long nanos) {
        return nanos / 1_000_000;
    }
}
