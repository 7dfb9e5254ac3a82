package holdfast.server.redundancy.proxy;

import holdfast.server.base.Threads;
import io.vertx.core.Future;
import io.vertx.core.VerticleBase;
import io.vertx.core.net.NetClient;
import io.vertx.core.net.NetClientOptions;
import io.vertx.core.net.NetServerOptions;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// One event loop of a proxy with its clients. Knows whether the loop stood still: then no answer is passed on until
/// the store has confirmed who the primary is, since it may have changed unseen.
public final class Desk extends VerticleBase {
    private static final Logger LOG = LoggerFactory.getLogger(Desk.class);
    private static final long TICK_MILLIS = 50;
    private static final long STALL_NANOS = 250_000_000;
    private static final long RETRY_NANOS = 50_000_000;
    private static final int CONNECT_MILLIS = 2_000;
    private static final int BACKLOG = 1_024;
    private static final int STRANGERS_MAX = 200; // of one loop, who have not said who they are

    /// What becomes of a connection to a server now.
    public enum Standing {
        KEEP,
        /// What runs may end, nothing new may begin.
        DRAIN,
        /// Not even an answer may be passed on.
        CUT
    }

    private final Shared shared;
    private final Set<Guest> guests = new LinkedHashSet<>();
    private @Nullable NetClient net;
    private int boundWritePort;
    private int boundReadPort;
    private View view = View.NOTHING;
    private long lastBeatNanos;
    private boolean sure = true;
    private long unsureSinceNanos;
    private volatile long doubts;
    private volatile boolean stopped;
    private int waiting;
    private int shownSessions;
    private int shownWaiting;

    Desk(Shared shared) {
        this.shared = shared;
    }

    @Override
    public Future<?> start() {
        net = vertx.createNetClient(new NetClientOptions()
                .setConnectTimeout(CONNECT_MILLIS)
                .setTcpNoDelay(true)
                .setTcpKeepAlive(true));
        lastBeatNanos = shared.ticker().bootNanos();
        view = shared.watch().view();
        vertx.setPeriodic(TICK_MILLIS, _ -> tick());
        return listen(shared.config().writePort(), false).compose(port -> {
            boundWritePort = port;
            return listen(shared.config().readPort(), true).map(other -> boundReadPort = other);
        });
    }

    private Future<Integer> listen(int port, boolean reads) {
        NetServerOptions options = new NetServerOptions()
                .setHost(shared.config().listenAddress())
                .setPort(port)
                .setAcceptBacklog(BACKLOG)
                .setTcpNoDelay(true)
                .setTcpKeepAlive(true);
        return vertx.createNetServer(options)
                .connectHandler(client -> {
                    if (guests.size() > shared.config().connectionsMax() + STRANGERS_MAX) {
                        client.close();
                        return;
                    }
                    Guest guest = shared.reception().welcome(this, client, reads);
                    guests.add(guest);
                    guest.start();
                })
                .listen()
                .map(server -> server.actualPort());
    }

    int boundWritePort() {
        return boundWritePort;
    }

    int boundReadPort() {
        return boundReadPort;
    }

    @Override
    public Future<?> stop() {
        stopped = true;
        for (Guest guest : List.copyOf(guests)) guest.leave();
        show();
        return Future.succeededFuture();
    }

    // ---- time ---------------------------------------------------------------------------------------------------

    private void tick() {
        beat();
        long now = nanos();
        for (Guest guest : List.copyOf(guests)) guest.tick(now);
        show();
    }

    private void show() {
        String service = shared.config().service();
        int sessions = guests.size();
        shared.metrics().sessions.labelValues(service).inc(sessions - shownSessions);
        shared.metrics().held.labelValues(service).inc(waiting - shownWaiting);
        shownSessions = sessions;
        shownWaiting = waiting;
    }

    /// Sees whether this loop ran all the time since it was asked last.
    public void beat() {
        long now = shared.ticker().bootNanos();
        boolean stalled = now - lastBeatNanos > STALL_NANOS;
        lastBeatNanos = now;
        if (stalled) doubt(now);
    }

    private void doubt(long nowBootNanos) {
        if (sure) unsureSinceNanos = nowBootNanos;
        sure = false;
        long mine = doubts + 1;
        doubts = mine;
        shared.metrics().doubts.labelValues(shared.config().service()).inc();
        Threads.start("proxy in doubt", () -> {
            try {
                while (!stopped && doubts == mine) {
                    View confirmed = shared.watch().confirm();
                    if (confirmed != null) {
                        run(() -> confirmed(mine, confirmed));
                        return;
                    }
                    TimeUnit.NANOSECONDS.sleep(RETRY_NANOS);
                }
            } catch (InterruptedException bug) {
                LOG.warn("Nobody interrupts this.", bug);
            }
        });
    }

    private void confirmed(long doubt, View confirmed) {
        if (doubt != doubts) return; // it stood still again
        sure = true;
        changed(confirmed);
        for (Guest guest : List.copyOf(guests)) guest.certain();
    }

    public boolean isSure() {
        return sure;
    }

    /// How long the primary has not been certain, 0 while it is.
    public long unsureNanos() {
        return sure ? 0 : lastBeatNanos - unsureSinceNanos;
    }

    public long nanos() {
        return shared.ticker().nanos();
    }

    public long holdNanos() {
        return shared.config().holdFor().toNanos();
    }

    public long drainNanos() {
        return shared.config().drainFor().toNanos();
    }

    // ---- the service ----------------------------------------------------------------------------------------------

    /// Any thread: this loop follows.
    void tell(View told) {
        run(() -> changed(told));
    }

    private void changed(View told) {
        if (told.equals(view)) return;
        view = told;
        for (Guest guest : List.copyOf(guests)) guest.changed(told);
    }

    public View view() {
        return view;
    }

    /// The replica with the fewest clients of this loop; null when there is none.
    public View.@Nullable Target replica() {
        View.Target best = null;
        long fewest = Long.MAX_VALUE;
        for (View.Target replica : view.replicas()) {
            long clients = guests.stream()
                    .filter(guest -> replica.equals(guest.target()))
                    .count();
            if (clients < fewest) {
                fewest = clients;
                best = replica;
            }
        }
        return best;
    }

    /// What becomes of a connection now; one to a replica that has become the primary is told so.
    public Standing standing(Line line) {
        if (line.fence() == 0) {
            if (view.isPrimary(line.target())) {
                if (view.serving()) line.promoted(view.fence());
                return Standing.KEEP;
            }
            return view.hosts().contains(line.target().host()) ? Standing.KEEP : Standing.DRAIN;
        }
        if (view.fence() != line.fence()) return Standing.CUT;
        return view.serving() ? Standing.KEEP : Standing.DRAIN;
    }

    // ---- clients --------------------------------------------------------------------------------------------------

    public NetClient net() {
        NetClient opened = net;
        if (opened == null) throw new IllegalStateException("the desk is not open");
        return opened;
    }

    /// Runs `task` on this loop.
    public void run(Runnable task) {
        context.runOnContext(_ -> task.run());
    }

    /// Whether one client more may come in.
    public boolean admit() {
        if (shared.clients().incrementAndGet() <= shared.config().connectionsMax()) return true;
        shared.clients().decrementAndGet();
        return false;
    }

    /// Another takes a guest's place.
    public void replace(Guest former, Guest guest) {
        guests.remove(former);
        guests.add(guest);
        guest.start();
    }

    /// @param admitted whether it had been let in by [#admit]
    public void gone(Guest guest, boolean admitted) {
        if (guests.remove(guest) && admitted) shared.clients().decrementAndGet();
    }

    /// One client more or less waits for a server.
    public void waits(int change) {
        waiting += change;
    }

    public void waited(long nanos) {
        shared.metrics().holds.labelValues(shared.config().service()).observe(nanos / 1e9);
    }

    /// A client's connection is ended here.
    public void count(String reason) {
        shared.metrics().cuts.labelValues(shared.config().service(), reason).inc();
    }
}
