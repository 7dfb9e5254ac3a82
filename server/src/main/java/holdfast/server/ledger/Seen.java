package holdfast.server.ledger;

import holdfast.core.healing.Incident;
import holdfast.core.healing.Ledger;
import holdfast.core.healing.isolate.Action;
import holdfast.server.client.Pair;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/// Everything under the prefix at one revision.
///
/// @param ledger what the loop restores from; open incidents only
/// @param actions every order that is in the store
/// @param closed incidents that are closed, oldest first
/// @param asks what people asked for and the loop has not yet taken, in order
/// @param led who led last and did not resign
/// @param leader who leads now: the oldest candidate
/// @param leaderEpoch its epoch; 0 when nobody leads
public record Seen(
        long revision,
        Ledger ledger,
        List<Action> actions,
        List<Incident> closed,
        List<Fact.Asked> asks,
        Optional<Led> led,
        Optional<Leader> leader,
        long leaderEpoch) {

    /// Every incident, oldest first.
    public List<Incident> incidents() {
        List<Incident> all = new ArrayList<>(closed);
        all.addAll(ledger.incidents());
        all.sort(Comparator.comparingLong(Seen::beganMillis).thenComparing(Incident::id));
        return all;
    }

    private static long beganMillis(Incident incident) {
        return incident.times().hurt() != 0
                ? incident.times().hurt()
                : incident.times().detected();
    }

    static Seen of(long revision, List<Pair> pairs, Facts facts) {
        Gathering gathering = new Gathering();
        Led led = null;
        Pair oldest = null;
        for (Pair pair : pairs) {
            String key = pair.key().utf8();
            if (key.equals(Keys.LED)) led = Facts.read(pair, Led.class).orElse(null);
            if (key.startsWith(Keys.LEADER) && (oldest == null || pair.createRevision() < oldest.createRevision())) {
                oldest = pair;
            }
            facts.of(pair).ifPresent(gathering::add);
        }
        return new Seen(
                revision,
                gathering.ledger(),
                gathering.actions,
                gathering.closed,
                gathering.asks,
                Optional.ofNullable(led),
                oldest == null ? Optional.empty() : Facts.read(oldest, Leader.class),
                oldest == null ? 0 : oldest.createRevision());
    }

    /// Facts sorted by kind.
    private static final class Gathering {
        private Fact.@Nullable FleetApplied fleet;
        private final List<holdfast.core.healing.fleet.Registration> hosts = new ArrayList<>();
        private final List<holdfast.core.healing.fleet.Assignment> assignments = new ArrayList<>();
        private final List<holdfast.core.healing.fleet.Endpoint> endpoints = new ArrayList<>();
        private final List<Action> actions = new ArrayList<>();
        private final TreeSet<String> orders = new TreeSet<>();
        private final TreeMap<String, holdfast.core.base.Outcome> outcomes = new TreeMap<>();
        private final List<Incident> open = new ArrayList<>();
        private final List<Incident> closed = new ArrayList<>();
        private final List<Fact.Asked> asks = new ArrayList<>();

        private void add(Fact fact) {
            switch (fact) {
                case Fact.FleetApplied applied -> fleet = applied;
                case Fact.HostRegistered(var registration) -> hosts.add(registration);
                case Fact.Assigned(var assignment) -> assignments.add(assignment);
                case Fact.Published(var endpoint) -> endpoints.add(endpoint);
                case Fact.Ordered(var action) -> {
                    actions.add(action);
                    orders.add(action.id());
                }
                case Fact.Reported(var id, var outcome) -> outcomes.put(id, outcome);
                case Fact.IncidentWritten(var incident) ->
                    (incident.state() == Incident.State.CLOSED ? closed : open).add(incident);
                case Fact.Asked asked -> asks.add(asked);
                case Fact.HostGone _, Fact.Unassigned _, Fact.Withdrawn _, Fact.LeadersChanged _ -> {}
            }
        }

        private Ledger ledger() {
            return new Ledger(
                    fleet == null ? null : fleet.fleet(),
                    fleet == null ? 0 : fleet.revision(),
                    List.copyOf(hosts),
                    List.copyOf(assignments),
                    List.copyOf(endpoints),
                    orders,
                    outcomes,
                    List.copyOf(open));
        }
    }
}
