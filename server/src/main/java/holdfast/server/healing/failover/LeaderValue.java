package holdfast.server.healing.failover;

/// The value of the primary's key: what clients and proxies need.
///
/// @param serving whether it takes writes now
record LeaderValue(String host, String address, int port, boolean serving, long term) {}
