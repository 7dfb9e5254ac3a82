package holdfast.core.truth;

/// Bugs that can be planted between the keyspace and the trial, to see the trial find them.
public enum Flaw {
    NONE,
    REVISION_NOT_BUMPED,
    STALE_BEFORE,
    COMPACTION_TOO_DEEP,
    ENTRY_APPLIED_TWICE,
    LIMIT_BEFORE_FILTER,
    COUNT_STOPS_AT_LIMIT,
    DETACH_FORGOTTEN,
    OLD_LEADER_EXPIRES,
    TORN_WRITE_SET,
    EVENT_LOST,
    REVISION_SPLIT,
    PROGRESS_TOO_EARLY,
    COMPACTION_UNNOTICED
}
