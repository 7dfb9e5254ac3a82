package holdfast.server.redundancy.lock;

import holdfast.core.base.Bytes;
import holdfast.core.base.Reason;
import java.nio.charset.StandardCharsets;
import java.util.Map;

/// How standing in the queue ended. But for [Held], nothing of ours is left in the store, or its lease ends it.
public sealed interface Taken {
    /// The lock is ours.
    ///
    /// @param fence create revision of `key`
    /// @param revision of the store when it was seen to be ours, as etcdctl's `ETCD_LOCK_REV`
    /// @param sentBootNanos when the renewal was sent that the store acknowledged last
    /// @param ttlNanos as it acknowledged it
    record Held(Bytes key, long lease, long fence, long revision, long sentBootNanos, long ttlNanos) implements Taken {
        public String keyText() {
            return new String(key.unsafeArray(), StandardCharsets.UTF_8);
        }

        /// What the holder's command gets to know of it.
        ///
        /// @param store its members' URLs
        public Map<String, String> environment(String store) {
            return Map.of(
                    "HOLDFAST_LOCK", keyText(),
                    "HOLDFAST_LEASE", Long.toHexString(lease),
                    "HOLDFAST_FENCE", Long.toString(fence),
                    "HOLDFAST_STORE", store,
                    "ETCD_LOCK_KEY", keyText(), // as etcdctl lock has them
                    "ETCD_LOCK_REV", Long.toString(revision));
        }
    }

    /// Others had it until the wait was over.
    record Busy(Reason why) implements Taken {}

    /// The store refused, or never answered.
    record Failed(Reason why) implements Taken {}

    /// We were told to give up.
    record Stopped() implements Taken {}
}
