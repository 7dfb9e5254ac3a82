package holdfast.server.truth.raft;

import holdfast.core.base.Dice;
import holdfast.server.truth.raft.RaftLog.Peer;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// An operator who changes the members one step at a time: replaces a member whose disk is gone, grows,
/// shrinks. Asks again until the leader's list shows that it happened.
final class SimAdmin {
    private static final long EVERY_NANOS = 30 * SimWorld.MILLI;
    private static final int VOTERS_MIN = 3;
    private static final int VOTERS_MAX = 5;

    private final SimWorld world;
    private final Dice dice;
    private int lastId;
    private int leaving; // 0 for nobody
    private @Nullable Peer joining;
    private boolean joinerKnown;
    private boolean learnerOnly;
    private int asked;

    SimAdmin(SimWorld world) {
        this.world = world;
        dice = world.dice.split();
        lastId = world.members.lastKey();
    }

    void start() {
        world.after(EVERY_NANOS, this::step);
    }

    boolean idle() {
        return leaving == 0 && joining == null;
    }

    /// Takes `id`'s disk for good and puts a new member in its place.
    void replace(int id) {
        if (!idle() || voters() < VOTERS_MIN) return;
        SimMember lost = world.members.get(id);
        if (lost == null || !lost.isUp()) return;
        lost.wipe();
        world.closeConnections(id);
        leaving = id;
        join(false);
    }

    void grow() {
        if (idle() && voters() < VOTERS_MAX) join(dice.oneIn(3));
    }

    void shrink() {
        SimMember leader = world.leader();
        if (!idle() || leader == null || voters() <= VOTERS_MIN) return;
        leaving = dice.pick(members(leader)).id();
    }

    private void join(boolean asLearner) {
        joining = SimWorld.peer(++lastId, false);
        joinerKnown = false;
        learnerOnly = asLearner;
    }

    private int voters() {
        SimMember leader = world.leader();
        return leader == null
                ? 0
                : (int) members(leader).stream().filter(Peer::voter).count();
    }

    private static List<Peer> members(SimMember leader) {
        Engine engine = leader.engine();
        return engine == null ? List.of() : engine.status().members();
    }

    private void step() {
        world.after(EVERY_NANOS, this::step);
        SimMember leader = world.leader();
        if (leader == null || idle() || leader.isPaused()) return;
        List<Peer> members = members(leader);
        if (leaving != 0) {
            if (members.stream().noneMatch(peer -> peer.id() == leaving)) leaving = 0;
            else leader.with(engine -> engine.remove(leaving, _ -> {}));
            return;
        }
        Peer joiner = joining;
        if (joiner != null) bring(joiner, leader, members);
    }

    private void bring(Peer joiner, SimMember leader, List<Peer> members) {
        Peer shown = members.stream()
                .filter(peer -> peer.id() == joiner.id())
                .findFirst()
                .orElse(null);
        if (shown == null) {
            if (joinerKnown || asked++ > 20) { // removed meanwhile, or its number is burnt
                asked = 0;
                joining = null;
                if (voters() < VOTERS_MIN) join(false);
            } else {
                leader.with(engine -> engine.addLearner(joiner, _ -> {}));
            }
            return;
        }
        joinerKnown = true;
        if (!world.members.containsKey(joiner.id())) {
            SimMember member = world.add(joiner.id());
            SimClients.serve(member);
            member.start();
        }
        if (shown.voter() || learnerOnly) joining = null;
        else leader.with(engine -> engine.promote(joiner.id(), _ -> {}));
    }
}
