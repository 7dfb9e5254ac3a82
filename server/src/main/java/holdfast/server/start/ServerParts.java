package holdfast.server.start;

import holdfast.core.base.Dice;
import holdfast.core.base.Reason;
import holdfast.server.base.EarlyCollection;
import holdfast.server.base.Metrics;
import holdfast.server.base.ProcessNumbers;
import holdfast.server.base.Ticker;
import holdfast.server.start.DataFolder.Locked;
import holdfast.server.start.DataFolder.Owner;
import holdfast.server.truth.ReplicatedStore;
import holdfast.server.truth.Store;
import holdfast.server.truth.disk.RocksShelf;
import holdfast.server.truth.etcd.DoorMetrics;
import holdfast.server.truth.etcd.EtcdConfig;
import holdfast.server.truth.etcd.EtcdDoor;
import holdfast.server.truth.raft.RaftLog;
import holdfast.server.truth.raft.RaftLog.Peer;
import holdfast.server.truth.raft.RaftOptions;
import io.vertx.core.Handler;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.http.HttpServerRequest;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.security.GeneralSecurityException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Everything that one server consists of, in the order in which it was built; closed in reverse. Whoever adds a
/// part later ([#add]) has it closed first.
public final class ServerParts implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(ServerParts.class);
    private static final long VERTX_CLOSE_SECONDS = 3;

    public sealed interface Opened {
        record Ready(ServerParts parts) implements Opened {}

        record Refused(Reason why) implements Opened {}
    }

    private record Part(String name, AutoCloseable part) {}

    private final ServerConfig config;
    private final PartConfigs configs;
    private final StartWay way;
    private final Metrics metrics = new Metrics();
    private final DoorMetrics doorMetrics = new DoorMetrics(metrics);
    private final ArrayDeque<Part> parts = new ArrayDeque<>();
    private final CountDownLatch closed = new CountDownLatch(1);
    private @Nullable ReplicatedStore store;
    private @Nullable Vertx vertx;
    private final List<Integer> clientPorts = new ArrayList<>();
    private volatile Handler<HttpServerRequest> pages = EtcdDoor::notFound;

    private ServerParts(PartConfigs configs, StartWay way) {
        this.configs = configs;
        config = configs.server();
        this.way = way;
        ProcessNumbers.addTo(metrics);
    }

    /// Builds and starts everything. Waits until clients can connect, not until there is a leader.
    ///
    /// @param onBreak the disk failed or an invariant broke: the process must stop at once
    public static Opened open(ServerConfig config, Runnable onBreak) throws InterruptedException {
        return open(config, StartWay.NORMAL, onBreak);
    }

    /// The same in a way of its own.
    public static Opened open(ServerConfig config, StartWay way, Runnable onBreak) throws InterruptedException {
        PartConfigs configs;
        try {
            configs = PartConfigs.of(config);
        } catch (IOException | GeneralSecurityException unreadable) {
            return new Opened.Refused(unstarted(unreadable));
        }
        ServerParts parts = new ServerParts(configs, way);
        @Nullable Reason why;
        try {
            why = parts.build(onBreak);
        } catch (IOException | UncheckedIOException failed) {
            why = unstarted(failed);
        }
        if (why == null) return new Opened.Ready(parts);
        parts.close();
        return new Opened.Refused(why);
    }

    private static Reason unstarted(Exception failed) {
        return new Reason("start-failed", "The server cannot start: " + failed.getMessage() + ".");
    }

    private @Nullable Reason build(Runnable onBreak) throws IOException, InterruptedException {
        return switch (DataFolder.lock(config.dataDir())) {
            case Locked.Refused(Reason why) -> why;
            case Locked.Ready(DataFolder folder) -> {
                add("data folder", folder);
                yield buildOn(folder, onBreak);
            }
        };
    }

    private @Nullable Reason buildOn(DataFolder folder, Runnable onBreak) throws IOException, InterruptedException {
        Owner founder = Founding.of(config);
        @Nullable Owner owner = folder.owner();
        @Nullable Reason foreign = owner == null ? null : refuseOwner(owner, founder);
        if (foreign != null) return foreign;
        if (owner == null && config.joins()) {
            switch (Newcomer.ask(config, configs.peerTls())) {
                case Newcomer.Known.Refused(Reason why) -> {
                    return why;
                }
                case Newcomer.Known.Member(Owner added) -> owner = added;
            }
            folder.mark(owner);
        } else if (owner == null) {
            folder.mark(founder);
            owner = founder;
        }
        if (way.repair()) {
            @Nullable Reason alone = Repair.wipe(folder, owner);
            if (alone != null) return alone;
        }
        RocksShelf shelf;
        switch (RocksShelf.open(folder.path("state"))) {
            case RocksShelf.Opened.Broken(Reason why) -> {
                return why;
            }
            case RocksShelf.Opened.Ready(RocksShelf opened) -> shelf = opened;
        }
        add("shelf", shelf);
        @Nullable EarlyCollection collection = EarlyCollection.start(Ticker.system());
        if (collection != null) add("early collection", collection);
        store = openStore(owner, folder, shelf, onBreak);
        add("store", store);
        openDoor(store);
        return null;
    }

    private @Nullable Reason refuseOwner(Owner owner, Owner founder) {
        if (!owner.name().equals(config.name())) {
            return new Reason(
                    "data-dir-of-another-member",
                    "data-dir " + config.dataDir() + " belongs to member " + owner.name() + "; this server is named "
                            + config.name() + ".");
        }
        if (config.initialClusterGiven() && !config.joins() && owner.clusterId() != founder.clusterId()) {
            return new Reason(
                    "data-dir-of-another-cluster",
                    String.format(
                            Locale.ROOT,
                            "data-dir %s belongs to cluster %016x; initial-cluster and cluster-token make %016x.",
                            config.dataDir(),
                            owner.clusterId(),
                            founder.clusterId()));
        }
        return null;
    }

    private ReplicatedStore openStore(Owner owner, DataFolder folder, RocksShelf shelf, Runnable onBreak) {
        Ticker ticker = Ticker.system();
        RaftOptions options = raftOptions(owner, folder, ticker, onBreak);
        long run = ticker.wallMillis() << 20 ^ ticker.bootNanos();
        return new ReplicatedStore(
                configs.store(owner, run), ticker, metrics, shelf, machine -> openLog(options, machine), onBreak);
    }

    private RaftOptions raftOptions(Owner owner, DataFolder folder, Ticker ticker, Runnable onBreak) {
        RaftOptions standard = RaftOptions.of(
                folder.path("raft"),
                Long.toHexString(owner.clusterId()),
                new Peer(owner.member(), owner.name(), config.advertisePeer().toString(), true),
                config.listenPeer().host(),
                config.listenPeer().port(),
                owner.seeds(),
                configs.peerTls(),
                new Dice(ticker.wallMillis() * 31 + owner.member()));
        return new RaftOptions(
                standard.folder(),
                standard.clusterId(),
                standard.self(),
                standard.listenHost(),
                standard.listenPort(),
                standard.initialPeers(),
                config.raft(),
                config.logFileBytes(),
                standard.heapBytes(),
                standard.logBytesMax(),
                standard.tls(),
                ticker,
                standard.dice(),
                why -> {
                    LOG.error("The log stops this server: {}", why);
                    onBreak.run();
                });
    }

    private RaftLog openLog(RaftOptions options, RaftLog.Machine machine) {
        try {
            RaftLog log = way.log().open(options, machine);
            config.listening().peers().stream().skip(1).forEach(url -> alsoListen(log, url.address()));
            return log;
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
    }

    private static void alsoListen(RaftLog log, Address address) {
        try {
            log.alsoListen(address.host(), address.port());
        } catch (IOException taken) {
            log.close();
            throw new UncheckedIOException(taken);
        }
    }

    private void openDoor(ReplicatedStore opened) throws IOException, InterruptedException {
        Vertx ofDoor = Vertx.vertx(new VertxOptions().setPreferNativeTransport(true));
        vertx = ofDoor;
        add("vertx", () -> closeVertx(ofDoor));
        Store served = way.store().apply(opened);
        for (EtcdConfig door : configs.clients()) {
            EtcdDoor opening = EtcdDoor.open(door, ofDoor, served, doorMetrics, request -> pages.handle(request));
            add("etcd door " + door.host() + ":" + door.port(), opening);
            clientPorts.add(opening.port());
        }
        for (EtcdConfig door : configs.metrics()) {
            String name = "metrics door " + door.host() + ":" + door.port();
            add(name, EtcdDoor.openPages(door, ofDoor, served, doorMetrics));
        }
    }

    private static void closeVertx(Vertx ofDoor) throws Exception {
        ofDoor.close().toCompletionStage().toCompletableFuture().get(VERTX_CLOSE_SECONDS, TimeUnit.SECONDS);
    }

    /// Adds a part that is closed before all that are there.
    public void add(String name, AutoCloseable part) {
        synchronized (parts) {
            parts.addFirst(new Part(name, part));
        }
    }

    /// Serves every HTTP request on the client port that is none of etcd's.
    public void mount(Handler<HttpServerRequest> newPages) {
        pages = newPages;
    }

    public String name() {
        return config.name();
    }

    public ServerConfig config() {
        return config;
    }

    public Metrics metrics() {
        return metrics;
    }

    /// Shared by every door of this server.
    public DoorMetrics doorMetrics() {
        return doorMetrics;
    }

    public ReplicatedStore store() {
        return opened(store);
    }

    public Vertx vertx() {
        return opened(vertx);
    }

    /// Where clients of this machine connect, with the port that the system picked if it was asked to.
    public String clientUrl() {
        Listening.Url first = config.listening().advertisedClients().getFirst();
        int port = first.address().port();
        return new Listening.Url(
                        first.secure(), new Address(first.address().host(), port == 0 ? clientPorts.getFirst() : port))
                .toString();
    }

    /// Where clients connect in truth, in the order of the configuration.
    public List<Listening.Url> clientUrls() {
        List<Listening.Url> urls = new ArrayList<>();
        for (Listening.Url url : config.listening().clients()) {
            Address address = new Address(url.address().host(), clientPorts.get(urls.size()));
            urls.add(new Listening.Url(url.secure(), address));
        }
        return urls;
    }

    private static <T> T opened(@Nullable T part) {
        if (part == null) throw new IllegalStateException("the server is not open");
        return part;
    }

    /// Waits until [#close] is through.
    public void awaitClose() throws InterruptedException {
        closed.await();
    }

    /// Closes every part, the newest first. A part that fails to close is named in the log and does not keep the
    /// others.
    @Override
    public void close() {
        while (true) {
            Part next;
            synchronized (parts) {
                if (parts.isEmpty()) break;
                next = parts.removeFirst();
            }
            try {
                next.part().close();
            } catch (InterruptedException _) {
                Thread.currentThread().interrupt();
            } catch (Exception failed) { // whatever a part throws, the others are closed
                LOG.warn("The {} did not close.", next.name(), failed);
            }
        }
        closed.countDown();
    }
}
