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
    /// It would hold more in memory than one entry may: too much to delete or to read in one go.
    TOO_LARGE,
    /// The commands before it in its entry left too little memory for it.
    BUSY,
    /// The alarm of a full store stands.
    NO_SPACE,
    /// The alarm of members that differ stands.
    CORRUPT,
    ROOT_USER_MISSING,
    ROOT_ROLE_MISSING,
    USER_EXISTS,
    /// No user was named, or none is known while one must be.
    USER_EMPTY,
    USER_NOT_FOUND,
    ROLE_EXISTS,
    ROLE_EMPTY,
    ROLE_NOT_FOUND,
    AUTH_FAILED,
    /// A password was given for a user who has none.
    USER_WITHOUT_PASSWORD,
    AUTH_NOT_ENABLED,
    PERMISSION_DENIED,
    PERMISSION_NOT_GRANTED,
    ROLE_NOT_GRANTED,
    INVALID_AUTH_MANAGEMENT,
    /// Users or roles have changed since the door looked.
    AUTH_OLD_REVISION
}
