package holdfast.server.healing.failover;

import holdfast.core.base.Bytes;
import holdfast.core.base.Fence;
import holdfast.core.base.NodeId;
import holdfast.core.base.Outcome;
import holdfast.core.base.Reason;
import holdfast.core.healing.Incident;
import holdfast.core.healing.fleet.ClusterSpec;
import holdfast.core.healing.recover.failover.ClusterState;
import holdfast.core.healing.recover.failover.Holder;
import holdfast.core.healing.recover.failover.Member;
import holdfast.core.healing.recover.failover.Wish;
import holdfast.server.client.Answer;
import holdfast.server.client.Etcd;
import holdfast.server.client.Lease;
import holdfast.server.client.Mirror;
import holdfast.server.client.Pair;
import holdfast.server.client.Snapshot;
import holdfast.server.client.Txn;
import holdfast.server.ledger.Keys;
import holdfast.server.ledger.LedgerJson;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// What a member reads and writes in the store. Whatever a primary writes is guarded by its key. One thread.
final class Desk {
    private static final Logger LOG = LoggerFactory.getLogger(Desk.class);

    private final Etcd etcd;
    private final ClusterKeys keys;
    private final ClusterSpec spec;
    private final NodeId me;
    private final Mirror mirror;
    private long stateRevision; // of the state that was read last

    Desk(Etcd etcd, ClusterKeys keys, ClusterSpec spec, NodeId me, Mirror mirror) {
        this.etcd = etcd;
        this.keys = keys;
        this.spec = spec;
        this.me = me;
        this.mirror = mirror;
    }

    // ---- reading ----

    Optional<Pair> leaderPair() {
        return mirror.pair(keys.leader());
    }

    static Optional<Holder> holder(Pair pair) {
        return LedgerJson.read(pair.value(), LeaderValue.class)
                .map(value -> new Holder(
                        new NodeId(value.host()),
                        value.address(),
                        value.port(),
                        value.term(),
                        new Fence(pair.createRevision()),
                        value.serving()));
    }

    /// What the next move is decided by: when it has changed since, that move is not carried out.
    Optional<ClusterState> state() {
        Optional<Pair> read = mirror.pair(keys.state());
        stateRevision = read.map(Pair::modRevision).orElse(0L);
        return read.flatMap(pair -> LedgerJson.read(pair.value(), ClusterState.class));
    }

    SortedMap<NodeId, Member> members() {
        SortedMap<NodeId, Member> members = new TreeMap<>();
        for (Pair pair : mirror.below(keys.membersPrefix())) {
            LedgerJson.read(pair.value(), Member.class).ifPresent(member -> members.put(member.host(), member));
        }
        return members;
    }

    Optional<Secrets> secrets() {
        return mirror.pair(keys.secrets()).flatMap(pair -> LedgerJson.read(pair.value(), Secrets.class));
    }

    @Nullable
    Wish wish() {
        return mirror.pair(keys.request())
                .flatMap(pair -> LedgerJson.read(pair.value(), Wish.class))
                .orElse(null);
    }

    /// What a person asks this member for.
    Optional<Task> task() {
        return mirror.pair(keys.task(me)).flatMap(pair -> LedgerJson.read(pair.value(), Task.class));
    }

    // ---- writing ----

    /// What we say of ourselves, as long as the lease lives.
    Outcome report(Member member, Lease lease) {
        return etcd.write(new Txn().put(keys.member(me), LedgerJson.write(member), lease.id()), "never");
    }

    /// Becomes the primary, unless somebody is, or the state is not what was read, or our lease is over.
    Outcome take(@Nullable ClusterState state, Turn turn, LeaderValue value, Lease lease) {
        Txn txn = new Txn()
                .ifAbsent(keys.leader())
                .ifModRevision(keys.state(), stateRevision)
                .ifPresent(keys.member(me))
                .put(keys.leader(), LedgerJson.write(value), lease.id())
                .put(keys.history(turn.term()), LedgerJson.write(turn));
        if (state != null) txn.put(keys.state(), LedgerJson.write(state));
        return etcd.write(txn, "another member took the key, or the state changed");
    }

    private Txn guarded(Fence fence) {
        return new Txn().ifCreateRevision(keys.leader(), fence.epoch());
    }

    Outcome write(ClusterState state, Fence fence) {
        return etcd.write(
                guarded(fence).ifModRevision(keys.state(), stateRevision).put(keys.state(), LedgerJson.write(state)),
                "the key is not ours any more, or the state changed");
    }

    Outcome serve(LeaderValue value, @Nullable ClusterState state, Fence fence, Lease lease) {
        Txn txn = guarded(fence).put(keys.leader(), LedgerJson.write(value), lease.id());
        if (state != null) {
            txn.ifModRevision(keys.state(), stateRevision).put(keys.state(), LedgerJson.write(state));
        }
        return etcd.write(txn, "the key is not ours any more, or the state changed");
    }

    Outcome leave(ClusterState state, Fence fence) {
        return etcd.write(
                guarded(fence)
                        .ifModRevision(keys.state(), stateRevision)
                        .put(keys.state(), LedgerJson.write(state))
                        .delete(keys.leader())
                        .delete(keys.request()),
                "the key is not ours any more, or the state changed");
    }

    Outcome begin(Task task) {
        LOG.info("{} on {}: a person asked for {}.", spec.name(), me, task.kind());
        return etcd.write(new Txn().ifPresent(keys.task(me)).delete(keys.task(me)), "it was taken back");
    }

    Outcome tell(Incident incident, Fence fence) {
        return etcd.write(
                guarded(fence).put(Keys.incident(incident.id()), LedgerJson.write(incident)),
                "the key is not ours any more");
    }

    /// Says in the incident of the takeover what the former primary had and nobody else.
    ///
    /// @return whether it is said
    boolean tell(Homecoming.Found found, long atMillis) {
        Bytes key = Keys.incident(Report.id(spec, found.term()));
        Optional<Pair> pair =
                etcd.get(key) instanceof Answer.Done<Snapshot>(Snapshot read) ? read.first() : Optional.empty();
        Optional<Incident> incident = pair.flatMap(one -> LedgerJson.read(one.value(), Incident.class));
        if (incident.isEmpty()) return false;
        Incident.Entry entry = Report.returned(spec, me, found.bytes(), incident.get(), atMillis);
        Txn txn = new Txn()
                .ifModRevision(key, pair.get().modRevision())
                .put(key, LedgerJson.write(incident.get().with(entry)));
        LOG.info("{} on {}: {}", spec.name(), me, entry.what());
        return etcd.write(txn, "the incident changed meanwhile") instanceof Outcome.Done;
    }

    Outcome answer(Wish wish, Reason why, Fence fence) {
        return etcd.write(
                guarded(fence)
                        .put(keys.answer(wish.id()), LedgerJson.write(why))
                        .delete(keys.request()),
                "the key is not ours any more");
    }

    /// The passwords, made by whoever needs them first.
    Answer<Secrets> makeSecrets(String superuser) {
        Bytes fresh = LedgerJson.write(Secrets.fresh(superuser));
        Txn txn = new Txn()
                .ifAbsent(keys.secrets())
                .put(keys.secrets(), fresh)
                .get(keys.secrets())
                .elseGet(keys.secrets());
        return etcd.commit(txn)
                .then(done -> done.found().stream()
                        .findFirst()
                        .flatMap(pair -> LedgerJson.read(pair.value(), Secrets.class))
                        .<Answer<Secrets>>map(Answer.Done::new)
                        .orElseGet(() -> new Answer.Refused<>(
                                new Reason("no-secrets", "The passwords in the store cannot be read."))));
    }

    LeaderValue value(String address, boolean serving, long term) {
        return new LeaderValue(me.name(), address, spec.port(), serving, term);
    }
}
