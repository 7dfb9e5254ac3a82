package holdfast.server.healing.failover;

import holdfast.core.base.NodeId;
import holdfast.core.base.Outcome;
import holdfast.core.healing.fleet.ClusterSpec;
import holdfast.core.healing.recover.failover.Holder;
import holdfast.core.healing.recover.failover.View;
import holdfast.server.base.Threads;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Tells the owner's command what this host's member has become, as Patroni does: `on_role_change ROLE SERVICE`. One
/// call at a time, on a thread of its own: nobody waits for it. What is overtaken while a call runs is left out, the
/// last state never is.
final class RoleChanges implements AutoCloseable {
    /// After which a call is killed.
    static final Duration LIMIT = Duration.ofSeconds(60);

    private static final Logger LOG = LoggerFactory.getLogger(RoleChanges.class);
    private static final String ACTION = "on_role_change";

    private final ClusterSpec spec;
    private final NodeId me;
    private final String address;
    private final OwnersCommand command;
    private final Duration limit;
    private final BlockingQueue<Change> next = new ArrayBlockingQueue<>(1); // a newer one takes the place
    private final @Nullable Thread thread;
    private @Nullable Change seen; // on the keeper's thread

    /// @param notes our folder for this cluster, where what it says is kept
    RoleChanges(ClusterSpec spec, HostedMember.Place place, Path notes, Duration limit) {
        this.spec = spec;
        this.me = place.host();
        this.address = place.address();
        this.command = new OwnersCommand(
                new ServerUser(spec.user()), spec.onRoleChange(), notes.resolve("on-role-change.log"));
        this.limit = limit;
        this.thread = spec.onRoleChange().isEmpty() ? null : Threads.start(spec.name() + " on-role-change", this::run);
    }

    enum Role {
        PRIMARY,
        REPLICA,
        STOPPED;

        String word() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /// What the member has become.
    ///
    /// @param fence of the primary that it is or knows, 0 for none
    /// @param primary host of that one, empty for none
    record Change(Role role, long fence, long term, String primary) {
        /// A primary under another fence is another one.
        boolean saysNoMoreThan(@Nullable Change former) {
            return former != null && former.role == role && (role != Role.PRIMARY || former.fence == fence);
        }
    }

    /// The keeper has looked. Never waits.
    void see(View view) {
        Optional<Role> role = role(view);
        if (thread == null || role.isEmpty()) return;
        Holder holder = view.holder();
        Change now = new Change(
                role.get(),
                holder == null ? 0 : holder.fence().epoch(),
                holder == null ? 0 : holder.term(),
                holder == null ? "" : holder.host().name());
        if (!now.saysNoMoreThan(seen)) tell(now);
        seen = now;
    }

    /// Empty while it changes: a server that starts, or takes writes that it has no right to or that nobody is told of.
    private static Optional<Role> role(View view) {
        return switch (view.local().phase()) {
            case STOPPED -> Optional.of(Role.STOPPED);
            case STARTING -> Optional.empty();
            case STANDBY -> Optional.of(Role.REPLICA);
            case PRIMARY -> Rest.isPrimary(view) ? Optional.of(Role.PRIMARY) : Optional.empty();
        };
    }

    /// One thread.
    void tell(Change change) {
        Change overtaken = next.poll();
        if (overtaken != null) LOG.info("{} on {}: {} is overtaken by {}.", spec.name(), me, overtaken, change);
        next.add(change);
    }

    private void run() {
        Change told = null;
        try {
            while (true) {
                Change change = next.take();
                if (change.saysNoMoreThan(told)) continue;
                told = change;
                call(change);
            }
        } catch (InterruptedException _) {
            // closed
        }
    }

    private void call(Change change) throws InterruptedException {
        Map<String, String> environment = new TreeMap<>();
        environment.put("HOLDFAST_SERVICE", spec.name());
        environment.put("HOLDFAST_KIND", spec.kind().key());
        environment.put("HOLDFAST_HOST", me.name());
        environment.put("HOLDFAST_ADDRESS", address);
        environment.put("HOLDFAST_PORT", Integer.toString(spec.port()));
        environment.put("HOLDFAST_ROLE", change.role().word());
        environment.put("HOLDFAST_FENCE", Long.toString(change.fence()));
        environment.put("HOLDFAST_TERM", Long.toString(change.term()));
        environment.put("HOLDFAST_PRIMARY", change.primary());
        Outcome called = command.run(limit, environment, ACTION, change.role().word(), spec.name());
        if (called instanceof Outcome.Done) {
            LOG.info("{} on {}: on-role-change was told {}.", spec.name(), me, change);
        } else {
            LOG.warn("{} on {}: on-role-change was told {} and failed: {}", spec.name(), me, change, called);
        }
    }

    /// A call that runs is killed.
    @Override
    public void close() {
        if (thread != null) thread.interrupt();
    }
}
