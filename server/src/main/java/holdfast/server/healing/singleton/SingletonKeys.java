package holdfast.server.healing.singleton;

import holdfast.core.base.Bytes;
import holdfast.core.base.KeyRange;
import holdfast.server.client.Pair;
import holdfast.server.redundancy.lock.LockName;

/// The keys of one singleton, under `/holdfast/singleton/SERVICE/`.
///
/// @param service name of the service
public record SingletonKeys(String service) {
    public static final String PREFIX = "/holdfast/singleton/";
    private static final String QUEUE = "/queue";

    /// Everybody who is active or could be; the first one is, its create revision is the fence.
    public LockName queue() {
        return new LockName(PREFIX + service + QUEUE);
    }

    boolean isStand(Pair pair) {
        return pair.key().startsWith(Bytes.utf8(PREFIX + service + QUEUE + "/"));
    }

    /// Who is active, or was last: a [Tenure].
    public Bytes tenure() {
        return Bytes.utf8(PREFIX + service + "/tenure");
    }

    /// What a person asks the active one for: a [ReleaseWish].
    public Bytes request() {
        return Bytes.utf8(PREFIX + service + "/request");
    }

    static KeyRange all() {
        return KeyRange.prefix(Bytes.utf8(PREFIX));
    }

    /// The service that a key belongs to.
    static String service(String key) {
        return key.substring(PREFIX.length(), key.indexOf('/', PREFIX.length()));
    }
}
