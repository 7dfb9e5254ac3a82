package holdfast.server.redundancy.proxy;

import holdfast.core.base.Bytes;
import holdfast.core.base.KeyRange;
import holdfast.server.base.Threads;
import holdfast.server.client.Answer;
import holdfast.server.client.Etcd;
import holdfast.server.client.Pair;
import holdfast.server.client.Snapshot;
import holdfast.server.client.Watch;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// Follows the keys of a service and tells each [View]. While the store is away the last one stands.
final class ServiceWatch implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(ServiceWatch.class);
    private static final JsonMapper JSON = new JsonMapper();
    private static final long RETRY_NANOS = 100_000_000;

    private final Etcd etcd;
    private final String service;
    private final String prefix;
    private final Consumer<View> tell;
    private final Thread thread;
    private final SortedMap<String, Pair> pairs = new TreeMap<>(); // guarded by this
    private long leaderRevision; // guarded by this
    private volatile View view = View.NOTHING;

    /// @param tell on a thread of the watch; must not wait
    ServiceWatch(Etcd etcd, String service, Consumer<View> tell) {
        this.etcd = etcd;
        this.service = service;
        this.prefix = "/holdfast/postgres/" + service + "/";
        this.tell = tell;
        this.thread = Threads.start("proxy of " + service, this::run);
    }

    View view() {
        return view;
    }

    private void run() {
        KeyRange range = KeyRange.prefix(Bytes.utf8(prefix));
        BlockingQueue<Watch.News> compacted = new ArrayBlockingQueue<>(1);
        try {
            while (true) {
                if (etcd.range(range, 0) instanceof Answer.Done<Snapshot>(Snapshot snapshot)) {
                    learn(snapshot);
                    compacted.clear();
                    try (Watch _ = Watch.open(etcd, "proxy of " + service, range, snapshot.revision() + 1, news -> {
                        switch (news) {
                            case Watch.News.Changed changed -> learn(changed);
                            case Watch.News.Compacted _ -> compacted.offer(news);
                        }
                    })) {
                        compacted.take();
                    }
                }
                TimeUnit.NANOSECONDS.sleep(RETRY_NANOS);
            }
        } catch (InterruptedException _) {
            // closed
        }
    }

    private synchronized void learn(Snapshot snapshot) {
        Pair leader = pairs.get(leaderKey());
        pairs.clear();
        for (Pair pair : snapshot.pairs()) pairs.put(pair.key().utf8(), pair);
        if (snapshot.revision() < leaderRevision) {
            if (leader == null) pairs.remove(leaderKey());
            else pairs.put(leaderKey(), leader);
        } else {
            leaderRevision = snapshot.revision();
        }
        publish();
    }

    private synchronized void learn(Watch.News.Changed changed) {
        for (Watch.Change change : changed.changes()) {
            String key = switch (change) {
                case Watch.Change.Put(Pair pair) -> pair.key().utf8();
                case Watch.Change.Deleted(Bytes deleted, long _) -> deleted.utf8();
            };
            if (key.equals(leaderKey())) {
                if (changed.revision() <= leaderRevision) continue; // a confirmation was newer
                leaderRevision = changed.revision();
            }
            switch (change) {
                case Watch.Change.Put(Pair pair) -> pairs.put(key, pair);
                case Watch.Change.Deleted _ -> pairs.remove(key);
            }
        }
        publish();
    }

    private String leaderKey() {
        return prefix + "leader";
    }

    /// Reads the primary's key anew, linearizably. Waits.
    ///
    /// @return what then holds, or null when the store did not answer
    @Nullable
    View confirm() {
        if (!(etcd.get(Bytes.utf8(leaderKey())) instanceof Answer.Done<Snapshot>(Snapshot read))) return null;
        synchronized (this) {
            if (read.revision() >= leaderRevision) {
                leaderRevision = read.revision();
                read.first().ifPresentOrElse(pair -> pairs.put(leaderKey(), pair), () -> pairs.remove(leaderKey()));
                publish();
            }
            return view;
        }
    }

    private void publish() {
        View before = view;
        View now = read();
        if (now.equals(before)) return;
        view = now;
        if (now.fence() != before.fence() || now.serving() != before.serving()) {
            LOG.info(
                    "Service {}: primary {}, fence {}, {}.",
                    service,
                    now.primary(),
                    now.fence(),
                    now.serving() ? "serving" : "not serving");
        }
        tell.accept(now);
    }

    private View read() {
        Pair leader = pairs.get(leaderKey());
        JsonNode node = leader == null ? null : json(leader);
        View.Target primary = node == null ? null : target(node);
        List<View.Target> replicas = new ArrayList<>();
        List<String> hosts = new ArrayList<>();
        for (Pair pair : pairs.tailMap(prefix + "members/").values()) {
            if (!pair.key().utf8().startsWith(prefix + "members/")) break;
            JsonNode member = json(pair);
            View.Target target = member == null ? null : target(member);
            if (member == null || target == null) continue;
            String role = member.path("role").asString("").toLowerCase(Locale.ROOT);
            if (!role.equals("stopped")) hosts.add(target.host());
            if (role.equals("replica") && member.path("streaming").asBoolean(false)) replicas.add(target);
        }
        Pair secrets = pairs.get(prefix + "secrets");
        JsonNode login = secrets == null ? null : json(secrets);
        return new View(
                leader == null ? 0 : leader.createRevision(),
                primary,
                node != null && node.path("serving").asBoolean(false),
                List.copyOf(replicas),
                List.copyOf(hosts),
                login == null
                        ? null
                        : new View.Login(
                                login.path("superuser").asString(""),
                                login.path("superuserPassword").asString("")));
    }

    private static @Nullable JsonNode json(Pair pair) {
        try {
            return JSON.readTree(pair.value().utf8());
        } catch (JacksonException bad) {
            LOG.warn("{} cannot be read: {}", pair.key().utf8(), bad.getOriginalMessage());
            return null;
        }
    }

    private static View.@Nullable Target target(JsonNode node) {
        String address = node.path("address").asString("");
        int port = node.path("port").asInt(0);
        if (address.isEmpty() || port < 1) return null;
        return new View.Target(node.path("host").asString(""), address, port);
    }

    @Override
    public void close() {
        thread.interrupt();
    }
}
