package holdfast.server.transfer;

import java.util.List;

/// What was brought.
///
/// @param revision of the source that everything was read at
/// @param bytes of keys and values
/// @param leasesOver keys left out, since their lease ended in the source meanwhile
/// @param sourceHash over key, value and lease of everything brought, in key order; `targetHash` the same, read back
/// @param skipped what no store can be given, one sentence each
public record Report(
        long revision,
        long keys,
        long bytes,
        long leases,
        long leasesOver,
        long sourceHash,
        long targetHash,
        List<String> skipped) {
    /// Whether the target holds what the source held.
    public boolean isEqual() {
        return sourceHash == targetHash;
    }
}
