package holdfast.server.proof;

import holdfast.core.base.Dice;
import holdfast.core.healing.fleet.Assignment;
import holdfast.core.healing.fleet.Part;
import holdfast.server.base.Ticker;
import holdfast.server.ledger.Seen;
import java.util.Comparator;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Predicate;

/// Hurts a [Stage] for real: signals to processes, cables pulled, a broken build applied. Who is hit is a matter of
/// dice.
final class Injector {
    private static final String SERVICE = "orders";
    private static final int PORT = 8100;

    private final Stage stage;
    private final Dice dice;
    private final Ticker ticker;

    Injector(Stage stage, Dice dice, Ticker ticker) {
        this.stage = stage;
        this.dice = dice;
        this.ticker = ticker;
    }

    /// @throws IllegalStateException when there is nothing to hurt, which a calm stage rules out
    Wound inflict(Hurt hurt) {
        return switch (hurt) {
            case KILL -> signal(hurt, "KILL", "killed %s on %s with SIGKILL");
            case FREEZE -> signal(hurt, "STOP", "froze %s on %s with SIGSTOP");
            case KILL_HOST -> killHost();
            case KILL_LEADER -> killLeader();
            case CUT -> cut(hurt, Wiring.Cut.BOTH_WAYS, "cut %s off, both ways");
            case CUT_ONE_WAY -> cut(hurt, Wiring.Cut.INCOMING, "cut what comes in at %s");
            case BAD_DEPLOY -> badDeploy();
        };
    }

    private Wound signal(Hurt hurt, String signal, String sentence) {
        List<Assignment> choices = assignments().stream()
                .filter(assignment -> assignment.instance().service().equals(SERVICE))
                .toList();
        Assignment victim = dice.pick(choices);
        String host = victim.host().name();
        String port = ":" + (PORT + victim.instance().number() - 1);
        Pid pid = stage.lab()
                .find(host, SERVICE, port)
                .orElseThrow(() -> new IllegalStateException("no process of " + victim.instance() + " on " + host));
        Wound wound = wound(hurt, sentence.formatted(victim.instance(), host), victim.instance()::equals, () -> {});
        if (signal.equals("KILL")) pid.kill();
        else pid.signal(signal);
        return wound;
    }

    private Wound killHost() {
        String host = busiestHost();
        Wound wound = wound(Hurt.KILL_HOST, "killed all of host " + host, isHost(host), () -> stage.startAgent(host));
        stage.lab().killHost(host);
        return wound;
    }

    private Wound killLeader() {
        String leader = stage.leader().orElseThrow(() -> new IllegalStateException("no server says that it leads"));
        Wound wound = wound(
                Hurt.KILL_LEADER,
                "killed " + leader + ", which leads the store and the loop, with SIGKILL",
                part -> part instanceof Part.Store,
                () -> stage.startServer(leader));
        stage.lab().killHost(leader);
        return wound;
    }

    private Wound cut(Hurt hurt, Wiring.Cut way, String sentence) {
        String host = busiestHost();
        Wound wound = wound(
                hurt,
                sentence.formatted("host " + host),
                isHost(host),
                () -> stage.lab().heal(host));
        String refused = stage.lab().cut(host, way);
        if (!refused.isEmpty()) throw new IllegalStateException(refused);
        return wound;
    }

    private Wound badDeploy() {
        Wound wound = wound(
                Hurt.BAD_DEPLOY,
                "deployed a build of " + SERVICE + " that never gets healthy",
                part -> part instanceof Part.Instance(String service, int _) && service.equals(SERVICE),
                () -> stage.apply(false));
        stage.apply(true);
        return wound;
    }

    private Wound wound(Hurt hurt, String sentence, Predicate<Part> culprit, Runnable undo) {
        return new Wound(hurt, sentence, culprit, ticker.wallMillis(), ticker.nanos(), undo);
    }

    private static Predicate<Part> isHost(String host) {
        return part -> part instanceof Part.Host(var name) && name.name().equals(host);
    }

    /// The host with the most instances, one of several by dice: a fault of an idle host would hurt nobody.
    private String busiestHost() {
        SortedMap<String, Integer> load = new TreeMap<>();
        for (Assignment assignment : assignments()) load.merge(assignment.host().name(), 1, Integer::sum);
        int most = load.values().stream().max(Comparator.naturalOrder()).orElseThrow();
        return dice.pick(load.keySet().stream()
                .filter(host -> load.getOrDefault(host, 0) == most)
                .toList());
    }

    private List<Assignment> assignments() {
        return stage.seen()
                .map(Seen::ledger)
                .orElseThrow(() -> new IllegalStateException("the store does not answer"))
                .assignments();
    }
}
