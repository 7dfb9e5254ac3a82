package holdfast.server.redundancy.sentinel;

import static java.nio.charset.StandardCharsets.UTF_8;

import holdfast.core.base.Bytes;
import holdfast.core.base.KeyRange;
import holdfast.core.redundancy.sentinel.Event;
import holdfast.core.redundancy.sentinel.Facts;
import holdfast.core.redundancy.sentinel.Facts.Node;
import holdfast.core.redundancy.sentinel.Facts.Service;
import holdfast.server.base.Ticker;
import holdfast.server.client.Etcd;
import holdfast.server.client.Mirror;
import holdfast.server.client.Pair;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// Follows the keys of all Redis services and of the hosts, and makes [Facts] of them. Remembers who was the primary
/// last. Any thread.
final class FactsWatch implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(FactsWatch.class);
    private static final JsonMapper JSON = new JsonMapper();
    private static final String SERVICES = "/holdfast/redis/";
    private static final String HOSTS = "/holdfast/hosts/";
    private static final long SILENT_NANOS = 5_000_000_000L; // several rereadings of the mirror

    private final SentinelConfig config;
    private final int port;
    private final Ticker ticker;
    private final Consumer<List<Event>> tell;
    private final SortedMap<String, Known> known = new TreeMap<>(); // under `this`
    private final Mirror services;
    private final Mirror hosts;
    private List<Watched> watched; // under `this`
    private @Nullable Facts last; // under `this`

    /// Who is or was the primary.
    private record Known(Node primary, long epoch, long sinceNanos, long downSinceNanos) {
        private static final long UP = Long.MIN_VALUE;

        boolean isDown() {
            return downSinceNanos != UP;
        }
    }

    /// @param port that is listened on
    /// @param tell events in order, on a thread of the watch; must not wait
    FactsWatch(
            Etcd etcd,
            SentinelConfig config,
            int port,
            List<Watched> watched,
            Ticker ticker,
            Consumer<List<Event>> tell) {
        this.config = config;
        this.port = port;
        this.ticker = ticker;
        this.tell = tell;
        synchronized (this) { // they may publish before we have them
            this.watched = List.copyOf(watched);
            services = new Mirror(etcd, "sentinel", KeyRange.prefix(Bytes.utf8(SERVICES)), ticker, this::publish);
            hosts = new Mirror(etcd, "sentinel's hosts", KeyRange.prefix(Bytes.utf8(HOSTS)), ticker, this::publish);
        }
    }

    synchronized void watch(List<Watched> wanted) {
        watched = List.copyOf(wanted);
        publish();
    }

    private synchronized void publish() {
        long now = ticker.nanos();
        for (Watched one : watched) learn(one.service(), now);
        Facts facts = facts();
        List<Event> events = last == null ? List.of() : Event.between(last, facts);
        last = facts;
        if (!events.isEmpty()) {
            events.forEach(event -> LOG.info("{} {}", event.channel(), event.message()));
            tell.accept(events);
        }
    }

    private void learn(String service, long now) {
        Known before = known.get(service);
        Pair pair = services.pair(Bytes.utf8(SERVICES + service + "/leader")).orElse(null);
        JsonNode leader = pair == null ? null : json(pair).orElse(null);
        Node holder = leader == null ? null : node(service, leader, true);
        if (pair == null || leader == null || holder == null) {
            if (before != null && !before.isDown()) {
                known.put(service, new Known(before.primary(), before.epoch(), before.sinceNanos(), now));
            }
            return;
        }
        long epoch = leader.path("term").asLong(pair.createRevision());
        boolean serving = leader.path("serving").asBoolean(false);
        if (before == null) {
            known.put(service, new Known(holder, epoch, now, serving ? Known.UP : now));
            return;
        }
        boolean same = before.primary().equals(holder);
        if (serving) {
            known.put(service, new Known(holder, epoch, same ? before.sinceNanos() : now, Known.UP));
        } else if (!same && !before.isDown()) {
            known.put(service, new Known(before.primary(), before.epoch(), before.sinceNanos(), now));
        }
    }

    synchronized Facts facts() {
        long now = ticker.nanos();
        long silentNanos = services.known() ? now - services.readNanos() : Long.MAX_VALUE;
        SortedMap<String, Service> told = new TreeMap<>();
        for (Watched one : watched) {
            Known primary = known.get(one.service());
            if (primary != null) told.put(one.service(), service(one, primary, now));
        }
        return new Facts(
                id("sentinel/" + config.host()),
                port,
                told,
                others(),
                silentNanos < SILENT_NANOS,
                services.known() ? TimeUnit.NANOSECONDS.toMillis(silentNanos) : 0);
    }

    private Service service(Watched one, Known known, long now) {
        boolean down = known.isDown() && !one.proxied();
        Node primary = known.primary();
        List<Node> replicas = new ArrayList<>();
        if (one.proxied()) {
            primary = proxy(one, one.writePort());
            replicas.add(proxy(one, one.readPort()));
        } else {
            for (Pair pair : services.below(SERVICES + one.service() + "/members/")) {
                JsonNode member = json(pair).orElse(null);
                if (member == null || !takesReaders(member)) continue;
                boolean streams = member.path("role").asString("").equals("REPLICA")
                        && member.path("streaming").asBoolean(false);
                Node node = node(one.service(), member, streams);
                if (node != null && !node.id().equals(primary.id())) replicas.add(node);
            }
        }
        return new Service(
                one.service(),
                primary,
                down,
                down ? TimeUnit.NANOSECONDS.toMillis(now - known.downSinceNanos()) : 0,
                TimeUnit.NANOSECONDS.toMillis(now - known.sinceNanos()),
                known.epoch(),
                one.lease().toMillis(),
                replicas);
    }

    private static boolean takesReaders(JsonNode member) {
        for (JsonNode tag : member.path("tags")) if (tag.asString("").equals("no-balance")) return false;
        return true;
    }

    private Node proxy(Watched one, int at) {
        return new Node(id("proxy/" + one.service() + "/" + config.host() + "/" + at), config.address(), at, true, 0);
    }

    private List<Node> others() {
        List<Node> others = new ArrayList<>();
        for (Pair pair : hosts.below(HOSTS)) {
            JsonNode host = json(pair).orElse(null);
            if (host == null) continue;
            String name = host.path("host").asString("");
            String address = host.path("address").asString("");
            if (name.isEmpty() || address.isEmpty() || name.equals(config.host())) continue;
            others.add(new Node(id("sentinel/" + name), address, port, true, 0));
        }
        return others;
    }

    private static @Nullable Node node(String service, JsonNode node, boolean up) {
        String address = node.path("address").asString("");
        int at = node.path("port").asInt(0);
        if (address.isEmpty() || at < 1) return null;
        String id = id("redis/" + service + "/" + node.path("host").asString(""));
        JsonNode lsn = node.path("position").path("lsn");
        return new Node(
                id,
                address,
                at,
                up,
                lsn.isNumber() ? lsn.asLong(0) : lsn.path("bytes").asLong(0));
    }

    /// Always the same 40 digits for the same name, as Redis' run ids look.
    private static String id(String name) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-1").digest(name.getBytes(UTF_8)));
        } catch (NoSuchAlgorithmException bug) {
            throw new IllegalStateException(bug); // every Java has it
        }
    }

    private static Optional<JsonNode> json(Pair pair) {
        try {
            return Optional.of(JSON.readTree(pair.value().utf8()));
        } catch (JacksonException bad) {
            LOG.warn("{} cannot be read: {}", pair.key().utf8(), bad.getOriginalMessage());
            return Optional.empty();
        }
    }

    @Override
    public void close() {
        services.close();
        hosts.close();
    }
}
