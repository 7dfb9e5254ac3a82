package holdfast.core.proof.sim;

/// What is done to the world.
///
/// @param hosts 1 to 9
/// @param faults how many, spread over the first part of the run
/// @param lossPerMille share of messages that are lost, 0 to 200
/// @param kinds which faults may be thrown
public record Scenario(String name, int hosts, int faults, int lossPerMille, java.util.List<FaultKind> kinds) {

    public enum FaultKind {
        KILL_INSTANCE,
        FREEZE_INSTANCE,
        FAIL_INSTANCE,
        KILL_HOST,
        POWER_OFF,
        FREEZE_HOST,
        CUT_HOST,
        CUT_ONE_WAY,
        KILL_AGENT,
        KILL_LEADER,
        KILL_LEADER_MID_TURN,
        PAUSE_LEADER,
        BAD_DEPLOY,
        GOOD_DEPLOY
    }

    public static final Scenario EVERYTHING =
            new Scenario("everything", 4, 4, 5, java.util.List.of(FaultKind.values()));
    public static final Scenario LEADERS = new Scenario(
            "leaders",
            3,
            6,
            5,
            java.util.List.of(
                    FaultKind.KILL_INSTANCE,
                    FaultKind.KILL_INSTANCE,
                    FaultKind.FREEZE_INSTANCE,
                    FaultKind.KILL_LEADER_MID_TURN,
                    FaultKind.KILL_LEADER_MID_TURN,
                    FaultKind.PAUSE_LEADER));
    public static final Scenario CUTS = new Scenario(
            "cuts",
            3,
            4,
            10,
            java.util.List.of(
                    FaultKind.CUT_HOST,
                    FaultKind.CUT_ONE_WAY,
                    FaultKind.FREEZE_HOST,
                    FaultKind.POWER_OFF,
                    FaultKind.PAUSE_LEADER,
                    FaultKind.KILL_AGENT));
    public static final Scenario DEPLOYS = new Scenario(
            "deploys",
            3,
            4,
            5,
            java.util.List.of(
                    FaultKind.BAD_DEPLOY,
                    FaultKind.GOOD_DEPLOY,
                    FaultKind.KILL_LEADER_MID_TURN,
                    FaultKind.KILL_INSTANCE));
    public static final Scenario CRASH_LOOP =
            new Scenario("crash-loop", 3, 16, 2, java.util.List.of(FaultKind.KILL_INSTANCE, FaultKind.FREEZE_INSTANCE));
    /// No fault at all, only loss: nothing may be accused for long.
    public static final Scenario CALM = new Scenario("calm", 3, 0, 5, java.util.List.of());

    public static java.util.List<Scenario> all() {
        return java.util.List.of(EVERYTHING, LEADERS, CUTS, DEPLOYS, CRASH_LOOP, CALM);
    }
}
