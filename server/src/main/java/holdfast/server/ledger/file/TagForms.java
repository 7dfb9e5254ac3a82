package holdfast.server.ledger.file;

import static holdfast.server.ledger.file.FleetFile.or;

import holdfast.core.base.NodeId;
import holdfast.core.base.Require;
import holdfast.core.healing.fleet.Tags;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/// In what single members of a cluster differ.
final class TagForms {
    private TagForms() {}

    /// @param section of the keys; null is what was left out
    static Tags tags(
            String section,
            @Nullable Map<String, Integer> priority,
            @Nullable List<String> noBalance,
            @Nullable List<String> noSync) {
        SortedMap<NodeId, Integer> priorities = new TreeMap<>();
        or(priority, Map.<String, Integer>of())
                .forEach((host, value) ->
                        priorities.put(Require.under(section + ".priority", () -> new NodeId(host)), value));
        return new Tags(
                priorities,
                new TreeSet<>(FleetFile.indexed(section + ".no-balance", or(noBalance, List.of()), NodeId::new)),
                new TreeSet<>(FleetFile.indexed(section + ".no-sync", or(noSync, List.of()), NodeId::new)));
    }
}
