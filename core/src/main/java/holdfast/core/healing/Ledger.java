package holdfast.core.healing;

import holdfast.core.base.Outcome;
import holdfast.core.healing.fleet.Assignment;
import holdfast.core.healing.fleet.Endpoint;
import holdfast.core.healing.fleet.Fleet;
import holdfast.core.healing.fleet.Registration;
import java.util.List;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/// Everything under the prefix, read at one revision after the election was won.
///
/// @param fleet null when none was applied yet
/// @param fleetRevision mod revision of the fleet; 0 when none
/// @param orders ids of the actions whose order key exists
/// @param outcomes by action id
/// @param incidents all that are not closed; closed ones may be left out
public record Ledger(
        @Nullable Fleet fleet,
        long fleetRevision,
        List<Registration> hosts,
        List<Assignment> assignments,
        List<Endpoint> endpoints,
        SortedSet<String> orders,
        SortedMap<String, Outcome> outcomes,
        List<Incident> incidents) {

    /// A store that nobody has used.
    public static final Ledger EMPTY =
            new Ledger(null, 0, List.of(), List.of(), List.of(), new TreeSet<>(), new TreeMap<>(), List.of());
}
