package holdfast.server.truth.raft;

import holdfast.core.base.Dice;
import holdfast.server.truth.raft.RaftLog.Appended;
import holdfast.server.truth.raft.RaftLog.Barrier;
import holdfast.server.truth.raft.RaftLog.Forwarded;
import java.util.List;

/// Clients that write and read all the time, at any member.
final class SimClients {
    private final SimWorld world;
    private final SimJudge judge;
    private final Dice dice;
    private long values;
    private boolean stopped;

    SimClients(SimWorld world) {
        this.world = world;
        judge = world.judge;
        dice = world.dice.split();
    }

    void start(int clients, long pauseNanosMax) {
        for (int client = 0; client < clients; client++) world.after(0, () -> act(pauseNanosMax));
    }

    void stop() {
        stopped = true;
    }

    private void act(long pauseNanosMax) {
        if (stopped) return;
        List<SimMember> up = world.up();
        if (!up.isEmpty()) {
            SimMember member = dice.pick(up);
            int burst = dice.oneIn(12) ? 8 : 1;
            for (int each = 0; each < burst; each++) {
                if (dice.oneIn(2)) read(member);
                else write(member);
            }
        }
        world.after(dice.nextLong(pauseNanosMax), () -> act(pauseNanosMax));
    }

    void read(SimMember member) {
        long floor = judge.floor();
        member.with(engine -> engine.readBarrier(answer -> {
            if (answer instanceof Barrier.Reached(long index))
                judge.read(member.id, floor, index, member.machine.now().index());
        }));
    }

    void write(SimMember member) {
        long value = ++values;
        long floor = judge.floor();
        if (member.leads()) {
            member.with(engine -> engine.append(SimMachine.entry(value), answer -> {
                if (answer instanceof Appended.Done done) judge.acknowledged(floor, done.index(), value);
            }));
        } else {
            member.with(engine -> engine.toLeader(SimMachine.entry(value), answer -> {
                if (!(answer instanceof Forwarded.Answered(var reply)) || reply.isEmpty()) return;
                judge.acknowledged(floor, SimMachine.value(reply.toArray()), value);
            }));
        }
    }

    /// Lets `member`'s machine append what others forward, and answer with the index.
    static void serve(SimMember member) {
        member.machine.onForwarded((request, reply) -> member.with(engine -> engine.append(
                request,
                answer -> reply.accept(
                        answer instanceof Appended.Done done ? SimMachine.entry(done.index()) : new byte[0]))));
    }
}
