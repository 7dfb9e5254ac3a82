package holdfast.server.ledger;

import holdfast.core.base.Bytes;
import holdfast.core.base.NodeId;
import holdfast.core.base.Outcome;
import holdfast.core.healing.Incident;
import holdfast.core.healing.OperatorOrder;
import holdfast.core.healing.fleet.Assignment;
import holdfast.core.healing.fleet.Endpoint;
import holdfast.core.healing.fleet.Fleet;
import holdfast.core.healing.fleet.Part;
import holdfast.core.healing.fleet.Registration;
import holdfast.core.healing.isolate.Action;
import holdfast.server.client.Pair;
import holdfast.server.client.Watch;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Turns pairs and changes into facts. A value that cannot be read is somebody else's mistake: it is logged and
/// passed over. Remembers when each host registered, since a deletion does not say what was deleted. One
/// thread.
final class Facts {
    private static final Logger LOG = LoggerFactory.getLogger(Facts.class);

    private final SortedMap<String, Long> hostCreateRevisions = new TreeMap<>();

    void registeredBefore(NodeId host, long createRevision) {
        hostCreateRevisions.put(host.name(), createRevision);
    }

    Optional<Fact> of(Watch.Change change) {
        return switch (change) {
            case Watch.Change.Put(Pair pair) -> of(pair);
            case Watch.Change.Deleted(Bytes key, long _) -> gone(key.utf8());
        };
    }

    Optional<Fact> of(Pair pair) {
        String key = pair.key().utf8();
        if (key.equals(Keys.FLEET)) {
            return read(pair, Fleet.class).map(fleet -> new Fact.FleetApplied(fleet, pair.modRevision()));
        }
        if (key.startsWith(Keys.HOSTS)) {
            return read(pair, Registration.class).map(registration -> registered(registration, pair));
        }
        if (key.startsWith(Keys.INSTANCES)) return read(pair, Assignment.class).map(Fact.Assigned::new);
        if (key.startsWith(Keys.ENDPOINTS)) return read(pair, Endpoint.class).map(Fact.Published::new);
        if (key.startsWith(Keys.ORDERS)) return read(pair, Action.class).map(Fact.Ordered::new);
        if (key.startsWith(Keys.OUTCOMES)) {
            return read(pair, Outcome.class)
                    .map(outcome -> new Fact.Reported(Keys.lastName(key), dated(outcome, pair.modRevision())));
        }
        if (key.startsWith(Keys.INCIDENTS)) return read(pair, Incident.class).map(Fact.IncidentWritten::new);
        if (key.startsWith(Keys.ASKS)) {
            return read(pair, OperatorOrder.class).map(order -> new Fact.Asked(Keys.lastName(key), order));
        }
        if (key.startsWith(Keys.LEADER)) return Optional.of(new Fact.LeadersChanged());
        return Optional.empty();
    }

    private Fact registered(Registration registration, Pair pair) {
        hostCreateRevisions.put(registration.host().name(), pair.createRevision());
        return new Fact.HostRegistered(dated(registration, pair));
    }

    /// The value cannot hold its own create revision: it comes from the pair.
    static Registration dated(Registration registration, Pair pair) {
        return new Registration(
                registration.host(),
                registration.address(),
                registration.agentAddress(),
                registration.incarnation(),
                pair.createRevision(),
                registration.ttlNanos());
    }

    /// Done means done at the revision at which it was reported.
    private static Outcome dated(Outcome outcome, long revision) {
        return switch (outcome) {
            case Outcome.Done _ -> new Outcome.Done(revision);
            case Outcome.Refused refused -> refused;
            case Outcome.Unknown unknown -> unknown;
        };
    }

    private Optional<Fact> gone(String key) {
        if (key.startsWith(Keys.HOSTS)) {
            String host = key.substring(Keys.HOSTS.length());
            Long createRevision = hostCreateRevisions.remove(host);
            return name(host).map(node -> new Fact.HostGone(node, createRevision == null ? 0 : createRevision));
        }
        if (key.startsWith(Keys.INSTANCES)) return instance(key, Keys.INSTANCES).map(Fact.Unassigned::new);
        if (key.startsWith(Keys.ENDPOINTS)) return instance(key, Keys.ENDPOINTS).map(Fact.Withdrawn::new);
        if (key.startsWith(Keys.LEADER)) return Optional.of(new Fact.LeadersChanged());
        return Optional.empty();
    }

    private static Optional<NodeId> name(String host) {
        try {
            return Optional.of(new NodeId(host));
        } catch (IllegalArgumentException _) {
            return Optional.empty();
        }
    }

    private static Optional<Part.Instance> instance(String key, String prefix) {
        try {
            return LedgerJson.part(key.substring(prefix.length())) instanceof Part.Instance instance
                    ? Optional.of(instance)
                    : Optional.empty();
        } catch (IllegalArgumentException _) {
            return Optional.empty();
        }
    }

    static <T> Optional<T> read(Pair pair, Class<T> type) {
        Optional<T> value = LedgerJson.read(pair.value(), type);
        if (value.isEmpty()) {
            LOG.warn(
                    "The key {} does not hold a {}; it is passed over (revision {}).",
                    pair.key(),
                    type.getSimpleName(),
                    pair.modRevision());
        }
        return value;
    }
}
