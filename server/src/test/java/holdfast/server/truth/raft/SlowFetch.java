package holdfast.server.truth.raft;

import java.util.List;
import java.util.Set;

/// A follower fetches a snapshot four times slower than its leader makes the next one.
final class SlowFetch {
    private final SimScript script;
    private final SimMember leader;
    private final SimMember behind;

    private SlowFetch(long seed, Set<Guard> guards) {
        script = new SimScript(seed, 3, guards);
        leader = script.leader();
        behind = script.others(leader).get(0);
        behind.slowFetch(400 * SimWorld.MILLI, 401 * SimWorld.MILLI);
        part(true);
        write(60); // three snapshots
        part(false);
    }

    private void part(boolean apart) {
        script.part(List.of(behind), script.others(behind), apart);
    }

    private void write(int count) {
        for (int each = 0; each < count; each++) {
            script.write(leader, 1);
            script.world.runMillis(5);
        }
    }

    private boolean isHeld() {
        return leader.heldFrom() < Long.MAX_VALUE;
    }

    /// The leader goes on writing for two seconds.
    ///
    /// @return whether the follower has caught up by then, and the leader holds nothing for it
    static boolean catchesUp(long seed, Set<Guard> guards) {
        SlowFetch fetch = new SlowFetch(seed, guards);
        fetch.write(400);
        long lag =
                fetch.leader.machine.now().index() - fetch.behind.machine.now().index();
        boolean rests = fetch.leader.leads() && !fetch.isHeld();
        return lag < 10 && rests && fetch.script.healed().isEmpty();
    }

    /// The follower vanishes while it fetches.
    ///
    /// @return whether the leader held the log for it, and let go when it had not been heard of for long enough
    static boolean endsWithoutTheFollower(long seed) {
        SlowFetch fetch = new SlowFetch(seed, Guard.ALL);
        fetch.write(60);
        boolean held = fetch.isHeld();
        fetch.part(true);
        fetch.script.world.run(HeldTail.IDLE_NANOS_MAX - 1_000 * SimWorld.MILLI);
        boolean heldStill = fetch.isHeld();
        fetch.script.world.runMillis(2_000);
        return held && heldStill && fetch.leader.leads() && !fetch.isHeld();
    }
}
