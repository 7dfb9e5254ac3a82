package holdfast.server.truth.raft;

import holdfast.core.base.Dice;
import holdfast.server.truth.raft.RaftLog.Appended;
import holdfast.server.truth.raft.RaftLog.Barrier;
import holdfast.server.truth.raft.RaftLog.Peer;
import java.util.List;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/// One run from one seed: faults for some seconds, then none, and everything must come together within a bound.
///
/// @param broken what the engine threw away: among the violations while every guard is on
/// @param simulatedNanos how much time passed for the members
record SimRun(
        long seed,
        List<String> violations,
        List<String> broken,
        long simulatedNanos,
        long writes,
        long reads,
        int leaderships,
        String scenario) {
    private static final long FAULTS_MILLIS = 8_000;
    private static final long HEAL_MILLIS_MAX = 6_000;

    static SimRun of(long seed, Set<Guard> guards) {
        Dice dice = new Dice(~seed);
        int count = dice.oneIn(2) ? 3 : 5;
        int skewPermille = dice.oneIn(3) ? 100 : 5;
        SimWorld world = new SimWorld(seed, count, guards, skewPermille);
        world.flushNanos = dice.between(20, 2_000) * 1_000;
        SimClients clients = new SimClients(world);
        world.members.values().forEach(SimClients::serve);
        clients.start(1 + dice.nextInt(3), dice.between(8, 80) * SimWorld.MILLI);
        SimAdmin admin = new SimAdmin(world);
        admin.start();
        SimFaults faults = new SimFaults(world, admin, clients);
        faults.start(dice.between(100, 1_200) * SimWorld.MILLI);
        world.runMillis(FAULTS_MILLIS);
        faults.stop();
        clients.stop();
        new Healing(world).check();
        if (dice.oneIn(2)) loseOneForGood(world, dice);
        SimJudge judge = world.judge;
        return new SimRun(
                seed,
                judge.violations().isEmpty() && guards.equals(Guard.ALL) ? judge.broken() : judge.violations(),
                judge.broken(),
                world.nowNanos(),
                judge.writesAcknowledged(),
                judge.readsDone(),
                judge.leaderships(),
                count + " members, clocks within " + skewPermille + " permille");
    }

    /// Waits, within the bound, until the cluster is whole; else adds a violation.
    static void heal(SimWorld world) {
        if (world.judge.violations().isEmpty()) new Healing(world).check();
    }

    /// One member, mostly the leader, dies and stays away: the rest must do without it.
    private static void loseOneForGood(SimWorld world, Dice dice) {
        SimMember leader = world.leader();
        Engine engine = leader == null ? null : leader.engine();
        if (engine == null || !world.judge.violations().isEmpty()) return;
        List<Peer> voters =
                engine.status().members().stream().filter(Peer::voter).toList();
        long up = voters.stream()
                .filter(voter -> world.members.containsKey(voter.id()))
                .filter(voter -> world.members.get(voter.id()).isUp())
                .count();
        if (up - 1 < voters.size() / 2 + 1) return;
        int lost = dice.oneIn(4) ? dice.pick(voters).id() : leader.id;
        SimMember member = world.members.get(lost);
        if (member == null) return;
        world.crash(lost, 0);
        member.wipe();
        new Healing(world).check();
    }

    String replay() {
        return "seed " + seed + " (" + scenario + "); replay with -Dholdfast.seed=" + seed;
    }

    /// Liveness: once faults end, a write is acknowledged and every member that is up applies it and can read.
    private static final class Healing {
        private final SimWorld world;
        private final TreeSet<Integer> readers = new TreeSet<>();
        private long written;

        Healing(SimWorld world) {
            this.world = world;
        }

        void check() {
            for (long waited = 0; waited < HEAL_MILLIS_MAX; waited += 50) {
                if (written == 0) write();
                else read();
                world.runMillis(50);
                if (!world.judge.violations().isEmpty()) return;
                if (isWhole()) {
                    compareKeyspaces();
                    return;
                }
            }
            world.judge.violation("liveness: not whole " + HEAL_MILLIS_MAX + " ms after the faults ended: " + state());
        }

        private void write() {
            SimMember leader = world.leader();
            if (leader == null) return;
            long value = -world.nowNanos();
            long floor = world.judge.floor();
            leader.with(engine -> engine.append(SimMachine.entry(value), answer -> {
                if (!(answer instanceof Appended.Done done)) return;
                world.judge.acknowledged(floor, done.index(), value);
                written = done.index();
            }));
        }

        private void read() {
            for (SimMember member : members()) {
                long floor = world.judge.floor();
                member.with(engine -> engine.readBarrier(answer -> {
                    if (!(answer instanceof Barrier.Reached(long index))) return;
                    world.judge.read(
                            member.id, floor, index, member.machine.now().index());
                    readers.add(member.id);
                }));
            }
        }

        private List<SimMember> members() {
            SimMember leader = world.leader();
            Engine engine = leader == null ? null : leader.engine();
            if (engine == null) return List.of();
            return engine.status().members().stream()
                    .map(peer -> world.members.get(peer.id()))
                    .filter(member -> member != null && member.isUp())
                    .toList();
        }

        private boolean isWhole() {
            List<SimMember> members = members();
            return written > 0
                    && !members.isEmpty()
                    && members.stream()
                            .allMatch(member -> member.machine.now().index() >= written && readers.contains(member.id));
        }

        /// Equal entries must have led to equal keyspaces, byte for byte.
        private void compareKeyspaces() {
            TreeMap<Long, Long> digests = new TreeMap<>(); // by index
            for (SimMember member : members()) {
                long digest = member.machine.digest();
                Long other = digests.putIfAbsent(member.machine.now().index(), digest);
                if (other != null && other != digest) world.judge.violation("keyspaces differ at member " + member.id);
            }
        }

        private String state() {
            StringBuilder all = new StringBuilder("written " + written + ", readers " + readers);
            for (SimMember member : world.members.values()) {
                Engine engine = member.engine();
                all.append("; m").append(member.id).append(' ');
                if (engine == null) {
                    all.append(member.isWiped() ? "wiped" : "down");
                    continue;
                }
                var state = engine.state();
                all.append(state.role() + " term " + state.term() + " leader " + state.leader() + " commit "
                        + state.commitIndex() + " applied " + state.lastApplied() + " snapshot "
                        + state.log().snapshotIndex() + " last " + state.log().lastLogOrSnapshotIndex() + " pre-vote "
                        + (state.preCandidateState() != null) + " members "
                        + state.members().size() + "/" + state.votingMembers().size());
            }
            return all.toString();
        }
    }
}
