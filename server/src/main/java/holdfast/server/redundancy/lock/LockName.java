package holdfast.server.redundancy.lock;

import holdfast.core.base.Bytes;
import holdfast.core.base.KeyRange;
import holdfast.core.base.Require;

/// Where a lock lies in the store: one key for each who wants it, `NAME/LEASE` with the lease in hexadecimal; who
/// has the least create revision holds it (etcd `client/v3/concurrency`, Mutex).
///
/// @param name not empty; should not begin with the name of another lock and a slash
public record LockName(String name) {
    public LockName {
        Require.that("lock name", "empty", !name.isEmpty(), "a text");
    }

    /// The name of the lock that a key belongs to.
    ///
    /// @throws Require.BadValue when it is no such key
    public static LockName ofKey(String key) {
        int slash = key.lastIndexOf('/');
        Require.that("lock key", key, slash > 0, "NAME/LEASE");
        return new LockName(key.substring(0, slash));
    }

    Bytes key(long lease) {
        return Bytes.utf8(name + "/" + Long.toHexString(lease));
    }

    KeyRange queue() {
        return KeyRange.prefix(Bytes.utf8(name + "/"));
    }

    @Override
    public String toString() {
        return name;
    }
}
