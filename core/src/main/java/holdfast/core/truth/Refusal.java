package holdfast.core.truth;

/// Why the keyspace refuses a command. Each door has its own words for these (etcd's in `server.truth.etcd`).
public enum Refusal {
    KEY_NOT_FOUND,
    LEASE_NOT_FOUND,
    LEASE_EXISTS,
    REVISION_COMPACTED,
    REVISION_IN_FUTURE,
    /// A lease was to expire by the word of a leader whose term has passed.
    TERM_PASSED,
    /// The alarm of a full store stands.
    NO_SPACE,
    /// The alarm of members that differ stands.
    CORRUPT
}
