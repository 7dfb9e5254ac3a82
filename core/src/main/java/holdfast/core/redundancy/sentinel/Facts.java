package holdfast.core.redundancy.sentinel;

import java.util.Collections;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;

/// What this host knows now.
///
/// @param id of this host's sentinel: 40 hexadecimal digits
/// @param port that all hosts' sentinels listen on
/// @param services by name, those that have had a primary
/// @param others sentinels of the other hosts that are alive
/// @param storeAnswers whether the store has answered lately: without it nobody is elected
/// @param readMillis time since the store has answered last
public record Facts(
        String id,
        int port,
        SortedMap<String, Service> services,
        List<Node> others,
        boolean storeAnswers,
        long readMillis) {
    public Facts {
        services = Collections.unmodifiableSortedMap(new TreeMap<>(services));
        others = List.copyOf(others);
    }

    /// A server or a sentinel.
    ///
    /// @param id 40 hexadecimal digits
    /// @param up whether it runs, and for a replica receives from the primary
    /// @param offset how far a replica has come, in bytes
    public record Node(String id, String address, int port, boolean up, long offset) {
        public String name() {
            return address + ":" + port;
        }

        boolean isAt(Node other) {
            return port == other.port && address.equals(other.address);
        }
    }

    /// A replicated service.
    ///
    /// @param primary where clients find it; while nobody holds its key, who has been the last
    /// @param down nobody holds its key, or who does is not that one: it is being failed over
    /// @param downMillis for how long; 0 while it is up
    /// @param roleMillis how long it has been the primary
    /// @param epoch grows with each primary
    /// @param leaseMillis how long a dead primary counts as alive
    public record Service(
            String name,
            Node primary,
            boolean down,
            long downMillis,
            long roleMillis,
            long epoch,
            long leaseMillis,
            List<Node> replicas) {
        public Service {
            replicas = List.copyOf(replicas);
        }
    }

    int sentinels() {
        return others.size() + 1;
    }

    int quorum() {
        return sentinels() / 2 + 1;
    }
}
