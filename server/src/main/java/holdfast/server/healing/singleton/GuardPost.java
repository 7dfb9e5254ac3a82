package holdfast.server.healing.singleton;

import holdfast.server.client.Answer;
import holdfast.server.healing.act.Guard;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The guard of one singleton on this host: there is one before anything is started, and another when one is lost. One
/// thread.
final class GuardPost {
    private static final Logger LOG = LoggerFactory.getLogger(GuardPost.class);
    private static final long FAR_NANOS = Long.MAX_VALUE / 2;

    private final String service;
    private final AddressHolder address;
    private String tag = freshTag();
    private @Nullable Guard guard;
    private long atBootNanos = FAR_NANOS;
    private long session;

    GuardPost(String service, AddressHolder address) {
        this.service = service;
        this.address = address;
    }

    private static String freshTag() {
        return ":singleton-" + UUID.randomUUID() + ":";
    }

    /// In the environment of everything that it is to kill.
    String tag() {
        return tag;
    }

    /// Whether a guard is at its post, or one that was just started.
    boolean isHeld() {
        if (guard != null && guard.lives()) return true;
        Answer<Guard> started = address.guard(tag);
        if (!(started instanceof Answer.Done<Guard>(Guard fresh))) {
            LOG.error("{}: no guard: {}", service, started);
            return false;
        }
        guard = fresh;
        guard.arm(atBootNanos, session);
        return true;
    }

    /// It kills the session at that moment, and at once when we are gone.
    ///
    /// @param leader of the session, 0 for none
    void arm(long atNanos, long leader) {
        atBootNanos = atNanos;
        session = leader;
        if (guard != null) guard.arm(atNanos, leader);
    }

    /// It kills the session when we are gone, and not before.
    void disarm(long leader) {
        arm(FAR_NANOS, leader);
    }

    /// Ends it, when nothing is left for it to kill. It may be at its last work, which is not to hit what is started
    /// next.
    void relieve() {
        if (guard != null) guard.close();
        guard = null;
        tag = freshTag();
        disarm(0);
    }

    /// Lets it kill what is left.
    void abandon() {
        if (guard != null) guard.abandon();
    }
}
