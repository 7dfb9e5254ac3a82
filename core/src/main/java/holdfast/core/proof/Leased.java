package holdfast.core.proof;

import java.util.List;

/// How one lease was kept alive. Its grant is the first renewal. Nobody but the store deletes `key`.
///
/// @param ttlNanos as granted
/// @param key bound to it
/// @param revokedNanos when its owner began to end it; [Call#NEVER] if it did not
public record Leased(long id, long ttlNanos, String key, List<Renewal> renewals, long revokedNanos) {
    public Leased {
        renewals = List.copyOf(renewals);
    }

    /// @param acknowledged whether the store said that the lease lives on
    public record Renewal(long invokedNanos, boolean acknowledged) {}
}
