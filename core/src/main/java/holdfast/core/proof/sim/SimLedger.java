package holdfast.core.proof.sim;

import holdfast.core.base.Bytes;
import holdfast.core.base.Check;
import holdfast.core.base.Fence;
import holdfast.core.base.KeyRange;
import holdfast.core.base.NodeId;
import holdfast.core.base.Outcome;
import holdfast.core.healing.Incident;
import holdfast.core.healing.Ledger;
import holdfast.core.healing.Order;
import holdfast.core.healing.Write;
import holdfast.core.healing.fleet.Assignment;
import holdfast.core.healing.fleet.Endpoint;
import holdfast.core.healing.fleet.Fleet;
import holdfast.core.healing.fleet.Part;
import holdfast.core.healing.fleet.Registration;
import holdfast.core.healing.isolate.Action;
import holdfast.core.truth.Command;
import holdfast.core.truth.Compare;
import holdfast.core.truth.KeyValue;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;

/// Healing's facts as keys, every write of a leader guarded by its key: the simulated twin of the real ledger.
final class SimLedger {
    private final World world;
    private final SimStore store;
    private final Vault vault;

    SimLedger(World world, SimStore store, Vault vault) {
        this.world = world;
        this.store = store;
        this.vault = vault;
    }

    static String instance(Part.Instance instance) {
        return "instances/" + instance.service() + "/" + instance.number();
    }

    static String endpoint(Part.Instance instance) {
        return "endpoints/" + instance.service() + "/" + instance.number();
    }

    static String order(NodeId host, String id) {
        return "orders/" + host + "/" + id;
    }

    private Command.Put put(String key, Object value, long lease) {
        return new Command.Put(Bytes.utf8(key), vault.put(value), lease, false, false, false);
    }

    private static Command.DeleteRange delete(String key) {
        return new Command.DeleteRange(KeyRange.single(Bytes.utf8(key)), false);
    }

    static Compare createRevision(String key, long revision) {
        return new Compare.OfField(
                KeyRange.single(Bytes.utf8(key)), Compare.Relation.EQUAL, Compare.Field.CREATE_REVISION, revision);
    }

    private static Compare absent(String key) {
        return createRevision(key, 0);
    }

    /// @return whether the leader still held its key
    boolean journal(String leaderKey, Fence fence, Order.Journal journal) {
        List<Command.Op> ops = new ArrayList<>();
        List<String> revokes = new ArrayList<>();
        Incident incident = journal.incident();
        if (incident != null) {
            boolean closing = incident.state() == Incident.State.CLOSED;
            if (!(closing && world.has(Bug.LOSE_CLOSE))) ops.add(put("incidents/" + incident.id(), incident, 0));
        }
        for (Write write : journal.writes()) add(write, ops, revokes);
        refuseTwice(ops);
        boolean done = guarded(leaderKey, fence, List.of(), ops);
        if (done) {
            revokes.forEach(host -> world.host(host).ifPresent(SimHost::revokeLease));
            if (incident != null) world.judge().journaled(incident);
        }
        return done;
    }

    private void add(Write write, List<Command.Op> ops, List<String> revokes) {
        switch (write) {
            case Write.Assign(Assignment assignment) -> {
                Assignment kept = world.has(Bug.FORGET_RESTARTS) ? Records.withoutRestarts(assignment) : assignment;
                ops.add(put(instance(assignment.instance()), kept, 0));
            }
            case Write.Unassign(Part.Instance instance) -> ops.add(delete(instance(instance)));
            case Write.Publish(Endpoint endpoint) -> {
                Optional<KeyValue> registration = store.get("hosts/" + endpoint.host());
                if (registration.isPresent() && !world.has(Bug.LOSE_PUBLISH)) {
                    ops.add(put(
                            endpoint(endpoint.instance()),
                            endpoint,
                            registration.get().lease()));
                }
            }
            case Write.Withdraw(Part.Instance instance) -> ops.add(delete(endpoint(instance)));
            case Write.Deregister(NodeId host) -> {
                ops.add(delete("hosts/" + host));
                revokes.add(host.name());
            }
            case Write.Forget(NodeId host, String id) -> {
                ops.add(delete(order(host, id)));
                ops.add(delete("outcomes/" + id));
            }
        }
    }

    /// Real etcd refuses a transaction that writes one key twice.
    private static void refuseTwice(List<Command.Op> ops) {
        SortedSet<Bytes> keys = new TreeSet<>();
        for (Command.Op op : ops) {
            Bytes key = op instanceof Command.Put put
                    ? put.key()
                    : ((Command.DeleteRange) op).range().start();
            Check.invariant(keys.add(key), "a transaction writes %s twice: %s", key, ops);
        }
    }

    private boolean guarded(String leaderKey, Fence fence, List<Compare> also, List<Command.Op> ops) {
        List<Compare> compares = new ArrayList<>(also);
        compares.add(createRevision(leaderKey, fence.epoch()));
        if (world.has(Bug.LOSE_WRITE) && !ops.isEmpty() && world.dice().oneIn(40)) {
            world.judge().acknowledged(ops, store.revision());
            return true;
        }
        boolean done = store.txn(new Command.Txn(compares, ops, List.of()));
        if (done) world.judge().acknowledged(ops, store.revision());
        return done;
    }

    /// @return whether the leader still held its key; an order that was there already is fine
    boolean act(String leaderKey, Fence fence, Action action) {
        String key = order(action.on(), action.id());
        world.judge().acts(action, this);
        List<Command.Op> ops = List.of(put(key, action, 0));
        boolean done = guarded(leaderKey, fence, List.of(absent(key), absent("outcomes/" + action.id())), ops);
        return done
                || store.get(leaderKey)
                        .filter(kept -> kept.createRevision() == fence.epoch())
                        .isPresent();
    }

    /// An agent's word, once, while its registration stands; the order has had its day.
    boolean outcome(NodeId host, long registration, Action action, Outcome outcome) {
        String key = "outcomes/" + action.id();
        List<Command.Op> ops = List.of(put(key, outcome, 0), delete(order(host, action.id())));
        List<Compare> compares = List.of(createRevision("hosts/" + host, registration), absent(key));
        return store.txn(new Command.Txn(compares, ops, List.of()));
    }

    Ledger read() {
        Optional<KeyValue> fleet = store.get("fleet");
        SortedSet<String> orders = new TreeSet<>();
        store.prefix("orders/").forEach(pair -> orders.add(last(pair)));
        SortedMap<String, Outcome> outcomes = new TreeMap<>();
        store.prefix("outcomes/").forEach(pair -> outcomes.put(last(pair), vault.get(pair.value(), Outcome.class)));
        return new Ledger(
                fleet.map(pair -> vault.get(pair.value(), Fleet.class)).orElse(null),
                fleet.map(KeyValue::modRevision).orElse(0L),
                registrations(),
                all("instances/", Assignment.class),
                all("endpoints/", Endpoint.class),
                orders,
                outcomes,
                all("incidents/", Incident.class));
    }

    private List<Registration> registrations() {
        return store.prefix("hosts/").stream()
                .map(pair -> Records.withRevision(vault.get(pair.value(), Registration.class), pair.createRevision()))
                .toList();
    }

    <T> List<T> all(String prefix, Class<T> type) {
        return store.prefix(prefix).stream()
                .map(pair -> vault.get(pair.value(), type))
                .toList();
    }

    Optional<Assignment> assignment(Part.Instance instance) {
        return store.get(instance(instance)).map(pair -> vault.get(pair.value(), Assignment.class));
    }

    static String last(KeyValue pair) {
        return last(pair.key());
    }

    static String last(Bytes key) {
        String text = key.utf8();
        return text.substring(text.lastIndexOf('/') + 1);
    }
}
