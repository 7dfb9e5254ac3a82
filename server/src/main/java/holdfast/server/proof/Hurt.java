package holdfast.server.proof;

import holdfast.core.healing.detect.Mode;
import java.util.Arrays;
import java.util.Optional;

/// The ways in which the demo hurts a fleet, in the order in which it does.
public enum Hurt {
    KILL("kill", Mode.EXITED, "kill -9 of an instance"),
    FREEZE("freeze", Mode.FROZEN, "an instance frozen with SIGSTOP"),
    KILL_HOST("kill-host", Mode.HOST_DOWN, "a whole host killed, agent and all"),
    KILL_LEADER("kill-leader", Mode.LEADER_LOST, "kill -9 of the store's leader"),
    CUT("cut", Mode.CUT_OFF, "a host cut off both ways"),
    CUT_ONE_WAY("cut-one-way", Mode.ONE_WAY, "a host that can send but not receive"),
    BAD_DEPLOY("bad-deploy", Mode.NEVER_HEALTHY, "a deploy that never gets healthy");

    private final String key;
    private final Mode truth;
    private final String sentence;

    Hurt(String key, Mode truth, String sentence) {
        this.key = key;
        this.truth = truth;
        this.sentence = sentence;
    }

    /// As people type it.
    public String key() {
        return key;
    }

    /// What a right diagnosis says.
    Mode truth() {
        return truth;
    }

    public String sentence() {
        return sentence;
    }

    /// Whether it takes cables that can be cut.
    boolean needsCables() {
        return this == CUT || this == CUT_ONE_WAY;
    }

    public static Optional<Hurt> of(String key) {
        return Arrays.stream(values()).filter(hurt -> hurt.key.equals(key)).findFirst();
    }

    @Override
    public String toString() {
        return key;
    }
}
