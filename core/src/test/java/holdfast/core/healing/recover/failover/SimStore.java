package holdfast.core.healing.recover.failover;

import holdfast.core.base.Fence;
import holdfast.core.base.NodeId;
import java.util.Collections;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// The store: one order of everything, leases by its own clock, and each change is told to whoever can hear it.
final class SimStore {
    /// What lay in it at a revision.
    record Seen(
            long revision,
            @Nullable Holder holder,
            long holderLease,
            @Nullable ClusterState state,
            long stateRevision,
            SortedMap<NodeId, Member> members,
            @Nullable Wish wish) {}

    private final FailoverWorld world;
    private final SortedMap<Long, Long> endsAtMillis = new TreeMap<>(); // by lease
    private final SortedMap<NodeId, Long> memberLeases = new TreeMap<>();
    private long leases;
    private boolean halted;
    Seen now = new Seen(1, null, 0, null, 0, Collections.emptySortedMap(), null);

    SimStore(FailoverWorld world) {
        this.world = world;
    }

    /// No member leads it: nothing is answered, and no lease ends.
    void halt(boolean yes) {
        if (halted == yes) return;
        halted = yes;
        if (yes) return;
        for (long lease : endsAtMillis.keySet().toArray(new Long[0])) lasts(lease);
    }

    boolean answers() {
        return !halted;
    }

    // ---- leases ----

    long grant() {
        lasts(++leases);
        return leases;
    }

    /// 0 when it is over.
    long renew(long lease) {
        if (!endsAtMillis.containsKey(lease)) return 0;
        lasts(lease);
        return 1;
    }

    private void lasts(long lease) {
        long ends = world.nowMillis + FailoverWorld.LEASE_MILLIS;
        endsAtMillis.put(lease, ends);
        world.at(FailoverWorld.LEASE_MILLIS, () -> {
            if (!halted && endsAtMillis.getOrDefault(lease, 0L) == ends) end(lease);
        });
    }

    private void end(long lease) {
        endsAtMillis.remove(lease);
        SortedMap<NodeId, Member> members = new TreeMap<>(now.members());
        memberLeases.forEach((host, of) -> {
            if (of == lease) members.remove(host);
        });
        boolean key = now.holder() != null && now.holderLease() == lease;
        if (key) world.trace(() -> "the key's lease ends");
        change(key ? null : now.holder(), now.holderLease(), now.state(), members, now.wish());
    }

    // ---- keys ----

    private long change(
            @Nullable Holder holder,
            long holderLease,
            @Nullable ClusterState state,
            SortedMap<NodeId, Member> members,
            @Nullable Wish wish) {
        long revision = now.revision() + 1;
        long stateRevision = state == now.state() ? now.stateRevision() : revision;
        now = new Seen(revision, holder, holderLease, state, stateRevision, members, wish);
        world.tell(now);
        return revision;
    }

    long report(Member member, long lease) {
        if (!endsAtMillis.containsKey(lease)) return 0;
        SortedMap<NodeId, Member> members = new TreeMap<>(now.members());
        members.put(member.host(), member);
        memberLeases.put(member.host(), lease);
        return change(now.holder(), now.holderLease(), now.state(), members, now.wish());
    }

    long take(NodeId host, @Nullable ClusterState state, boolean serving, long lease, long stateRevision) {
        boolean here = now.members().containsKey(host);
        boolean free = now.holder() == null && now.stateRevision() == stateRevision;
        if (!free || !here || !endsAtMillis.containsKey(lease)) return 0;
        long term = state == null ? 1 : state.term();
        Holder holder = new Holder(host, host.name(), 5_432, term, new Fence(now.revision() + 1), serving);
        world.trace(() -> host + " takes the key: " + state);
        return change(holder, lease, state == null ? now.state() : state, now.members(), now.wish());
    }

    private boolean held(Fence fence) {
        return now.holder() != null && now.holder().fence().equals(fence);
    }

    long write(ClusterState state, Fence fence, long stateRevision) {
        if (!held(fence) || now.stateRevision() != stateRevision) return 0;
        world.trace(() -> "state: " + state);
        return change(now.holder(), now.holderLease(), state, now.members(), now.wish());
    }

    /// @param state written with it, null for none
    long serve(boolean serving, @Nullable ClusterState state, Fence fence, long lease, long stateRead) {
        Holder holder = now.holder();
        if (holder == null || !held(fence) || !endsAtMillis.containsKey(lease)) return 0;
        if (state != null && now.stateRevision() != stateRead) return 0;
        Holder told = new Holder(holder.host(), holder.address(), holder.port(), holder.term(), fence, serving);
        return change(told, lease, state == null ? now.state() : state, now.members(), now.wish());
    }

    long leave(ClusterState state, Fence fence) {
        if (!held(fence)) return 0;
        world.trace(() -> "the key is left: " + state);
        return change(null, 0, state, now.members(), null);
    }

    long answer(Fence fence) {
        if (!held(fence)) return 0;
        return change(now.holder(), now.holderLease(), now.state(), now.members(), null);
    }

    /// What a person does.
    void wish(Wish wish) {
        change(now.holder(), now.holderLease(), now.state(), now.members(), wish);
    }

    void pause(boolean yes) {
        ClusterState state = now.state();
        if (state == null || state.paused() == yes) return;
        world.trace(() -> "paused: " + yes);
        change(now.holder(), now.holderLease(), state.withPaused(yes), now.members(), now.wish());
    }
}
