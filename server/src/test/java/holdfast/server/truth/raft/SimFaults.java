package holdfast.server.truth.raft;

import holdfast.core.base.Dice;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Hurts a run: single faults by chance, and guided schedules (held links and repeated changes of leader),
/// which find what chance alone does not.
final class SimFaults {
    private final SimWorld world;
    private final SimAdmin admin;
    private final SimClients clients;
    private final Dice dice;
    private final List<Runnable> kinds = new ArrayList<>();
    private boolean stopped;

    SimFaults(SimWorld world, SimAdmin admin, SimClients clients) {
        this.clients = clients;
        this.world = world;
        this.admin = admin;
        dice = world.dice.split();
        List<Runnable> all = List.of(
                this::crash,
                this::crash,
                this::crashAll,
                this::pause,
                this::cutOneWay,
                this::cutBothWays,
                this::isolate,
                this::hold,
                this::transfer,
                this::churn,
                this::staleAnswers,
                this::falseAlarm,
                this::failFlush,
                this::losePower,
                this::slowSnapshots,
                this::noise,
                this::earlySnapshot,
                this::leaderAlone,
                this::orphanTail,
                this::deafLeader,
                () -> admin.grow(),
                () -> admin.shrink(),
                this::wipe);
        for (Runnable kind : all) if (!dice.oneIn(3)) kinds.add(kind); // each run has its own mixture
        if (kinds.isEmpty()) kinds.addAll(all);
    }

    void start(long everyNanosMax) {
        world.after(dice.nextLong(everyNanosMax), () -> {
            if (stopped) return;
            dice.pick(kinds).run();
            start(everyNanosMax);
        });
    }

    /// Ends all faults and mends what they broke.
    void stop() {
        stopped = true;
        world.net.heal();
        for (SimMember member : world.members.values()) {
            member.resume();
            member.slowFetch(5 * SimWorld.MILLI);
            member.disk.failFlushIn(0);
            member.disk.dieIn(0, () -> {});
            member.start();
        }
    }

    private @Nullable SimMember anyone() {
        List<SimMember> up = world.up();
        return up.isEmpty() ? null : dice.pick(up);
    }

    private long millis(int most) {
        return dice.between(1, most) * SimWorld.MILLI;
    }

    /// Later, unless the faults are over by then.
    private void later(long nanos, Runnable what) {
        world.after(nanos, () -> {
            if (!stopped) what.run();
        });
    }

    private void crash() {
        SimMember member = anyone();
        if (member != null) world.crash(member.id, dice.oneIn(3) ? millis(5) : millis(1_500));
    }

    private void crashAll() {
        if (!dice.oneIn(3)) return;
        world.up().forEach(member -> world.crash(member.id, millis(300)));
    }

    private void pause() {
        SimMember member = anyone();
        if (member == null || member.isPaused()) return;
        member.pause();
        later(millis(600), member::resume);
    }

    private void cutOneWay() {
        SimMember from = anyone();
        SimMember to = anyone();
        if (from == null || to == null || from.id == to.id) return;
        world.net.cut(from.id, to.id);
        later(millis(1_500), () -> world.net.join(from.id, to.id));
    }

    private void cutBothWays() {
        SimMember one = anyone();
        SimMember other = anyone();
        if (one == null || other == null || one.id == other.id) return;
        part(one.id, other.id, true);
        later(millis(1_500), () -> part(one.id, other.id, false));
    }

    private void part(int one, int other, boolean apart) {
        if (apart) {
            world.net.cut(one, other);
            world.net.cut(other, one);
        } else {
            world.net.join(one, other);
            world.net.join(other, one);
        }
    }

    private void partAll(List<Integer> some, boolean apart) {
        for (int one : some) {
            for (int other : world.members.keySet()) if (!some.contains(other)) part(one, other, apart);
        }
    }

    private void isolate() {
        SimMember member = anyone();
        if (member == null) return;
        partAll(List.of(member.id), true);
        later(millis(1_500), () -> partAll(List.of(member.id), false));
    }

    private void hold() {
        SimMember from = anyone();
        SimMember to = anyone();
        if (from == null || to == null || from.id == to.id) return;
        world.net.hold(from.id, to.id);
        later(millis(2_000), () -> world.net.release(from.id, to.id));
    }

    private void transfer() {
        SimMember to = anyone();
        if (to != null) transferTo(to.id);
    }

    private void transferTo(int id) {
        SimMember leader = world.leader();
        if (leader != null && leader.id != id) leader.with(engine -> engine.transferLeadership(id, _ -> {}));
    }

    /// The lead goes away and comes back while one follower's answers are held.
    private void churn() {
        SimMember leader = world.leader();
        SimMember other = anyone();
        SimMember slow = anyone();
        if (leader == null || other == null || slow == null) return;
        world.net.hold(slow.id, leader.id);
        long first = millis(200);
        later(first, () -> transferTo(other.id));
        later(first + millis(200), () -> transferTo(leader.id));
        later(first + millis(600), () -> world.net.release(slow.id, leader.id));
    }

    /// The leader and one follower are cut off and go on writing; the leader alone comes back, leads again, and
    /// only then hears what that follower had acknowledged; then a minority of those who know the new entries
    /// is cut off.
    private void staleAnswers() {
        SimMember leader = world.leader();
        List<SimMember> others = world.up();
        if (leader == null || others.size() < 3) return;
        SimMember slow = dice.pick(others);
        SimMember friend = dice.pick(others);
        if (slow.id == leader.id || friend.id == leader.id || friend.id == slow.id) return;
        world.net.hold(slow.id, leader.id);
        partAll(List.of(leader.id, slow.id), true);
        long back = dice.between(300, 700) * SimWorld.MILLI;
        later(back, () -> {
            partAll(List.of(leader.id, slow.id), false);
            partAll(List.of(slow.id), true);
        });
        later(back + millis(100), () -> transferTo(leader.id));
        long led = back + dice.between(100, 200) * SimWorld.MILLI;
        later(led, () -> partAll(List.of(leader.id, friend.id), true));
        later(led + millis(20), () -> world.net.release(slow.id, leader.id));
        later(led + millis(40), () -> part(slow.id, friend.id, true));
        later(led + millis(60), () -> {
            for (int other : world.members.keySet()) {
                if (other != leader.id && other != friend.id) part(slow.id, other, false);
            }
        });
        later(led + dice.between(400, 900) * SimWorld.MILLI, world.net::heal);
    }

    /// A connection closes though nobody died.
    private void falseAlarm() {
        SimMember leader = world.leader();
        if (leader != null) world.closeConnections(leader.id);
    }

    private void failFlush() {
        SimMember member = anyone();
        if (member != null) member.disk.failFlushIn(dice.between(1, 30) > 15 ? 1 : 5);
    }

    private void losePower() {
        SimMember member = anyone();
        if (member != null) member.losePowerIn((int) dice.between(1, 20));
    }

    private void slowSnapshots() {
        for (SimMember member : world.members.values()) member.slowFetch(millis(800));
    }

    /// A member makes a snapshot where the others do not, as when its log has grown large.
    private void earlySnapshot() {
        SimMember member = anyone();
        if (member != null) member.with(Engine::snapshot);
    }

    private void noise() {
        world.net.trouble(dice.nextInt(3) * 15, dice.nextInt(3) * 10, dice.nextInt(3) * 10);
        later(millis(3_000), () -> world.net.trouble(0, 0, 0));
    }

    /// The leader writes on alone, the others go on without it, and the lead changes again before it returns.
    private void leaderAlone() {
        SimMember leader = world.leader();
        if (leader == null) return;
        partAll(List.of(leader.id), true);
        long away = dice.between(200, 900) * SimWorld.MILLI;
        if (dice.oneIn(2)) later(away, () -> world.crash(leader.id, millis(20)));
        later(away, () -> partAll(List.of(leader.id), false));
        if (dice.oneIn(2)) later(away - 50 * SimWorld.MILLI, this::transfer);
    }

    /// The leader has just made a snapshot and dropped everything before it; alone, it appends what nobody else
    /// gets.
    private void orphanTail() {
        SimMember leader = world.leader();
        Engine engine = leader == null ? null : leader.engine();
        if (engine == null) return;
        var log = engine.state().log();
        if (log.lastLogOrSnapshotIndex() != log.snapshotIndex() || log.snapshotIndex() == 0) {
            if (dice.nextInt(200) > 0) later(SimWorld.MILLI / 2, this::orphanTail);
            return;
        }
        partAll(List.of(leader.id), true);
        for (int each = 0; each < 5; each++) clients.write(leader);
        later(dice.between(300, 600) * SimWorld.MILLI, () -> partAll(List.of(leader.id), false));
    }

    /// The lead passes on without the old leader hearing of it; both are read from.
    private void deafLeader() {
        SimMember leader = world.leader();
        SimMember next = anyone();
        if (leader == null || next == null || next.id == leader.id) return;
        for (int other : world.members.keySet()) world.net.hold(other, leader.id);
        clients.read(leader);
        later(2 * SimWorld.MILLI, () -> transferTo(next.id));
        for (int each = 20; each < 100; each += 20) {
            later(each * SimWorld.MILLI, () -> {
                clients.write(next);
                clients.read(leader);
            });
        }
        later(millis(150), () -> {
            List<Integer> others = new ArrayList<>(world.members.keySet());
            while (!others.isEmpty()) world.net.release(others.remove(dice.nextInt(others.size())), leader.id);
        });
    }

    private void wipe() {
        SimMember member = anyone();
        if (member != null && dice.oneIn(3)) admin.replace(member.id);
    }
}
