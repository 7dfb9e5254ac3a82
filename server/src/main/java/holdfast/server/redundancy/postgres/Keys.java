package holdfast.server.redundancy.postgres;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/// Which session a request to cancel means: the proxy hands out keys of its own, since a session's server changes.
final class Keys {
    private final Map<Integer, Session> sessions = new ConcurrentHashMap<>();
    private final AtomicInteger next = new AtomicInteger(Front.randomInt() & 0xffff);

    int register(Session session) {
        while (true) {
            int key = next.incrementAndGet() & Integer.MAX_VALUE;
            if (sessions.putIfAbsent(key, session) == null) return key;
        }
    }

    void release(int key) {
        sessions.remove(key);
    }

    /// Null when there is none with that key and secret.
    @Nullable
    Session find(int key, int secret) {
        Session session = sessions.get(key);
        return session != null && session.secret() == secret ? session : null;
    }
}
