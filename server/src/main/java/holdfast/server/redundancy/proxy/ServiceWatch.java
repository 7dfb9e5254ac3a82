package holdfast.server.redundancy.proxy;

import holdfast.core.base.Bytes;
import holdfast.core.base.KeyRange;
import holdfast.server.base.Ticker;
import holdfast.server.client.Answer;
import holdfast.server.client.Etcd;
import holdfast.server.client.Mirror;
import holdfast.server.client.Pair;
import holdfast.server.client.Snapshot;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
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
    private static final String NO_BALANCE = "no-balance"; // in a member's tags

    private final Etcd etcd;
    private final String service;
    private final String prefix;
    private final Consumer<View> tell;
    private final Mirror mirror;
    private long confirmedRevision; // guarded by this
    private @Nullable Pair confirmedLeader; // guarded by this: as it stood then
    private volatile View view = View.NOTHING;

    /// @param kind first part of the keys, such as `postgres`
    /// @param tell on a thread of the watch; must not wait
    ServiceWatch(Etcd etcd, String kind, String service, Ticker ticker, Consumer<View> tell) {
        this.etcd = etcd;
        this.service = service;
        this.prefix = "/holdfast/" + kind + "/" + service + "/";
        this.tell = tell;
        KeyRange range = KeyRange.prefix(Bytes.utf8(prefix));
        synchronized (this) { // it may publish before we have it
            this.mirror = new Mirror(etcd, "proxy of " + service, range, ticker, this::publish);
        }
    }

    View view() {
        return view;
    }

    /// Reads the primary's key anew, linearizably. Waits.
    ///
    /// @return what then holds, or null when the store did not answer
    @Nullable
    View confirm() {
        Bytes leader = Bytes.utf8(prefix + "leader");
        if (!(etcd.get(leader) instanceof Answer.Done<Snapshot>(Snapshot read))) return null;
        synchronized (this) {
            if (read.revision() >= confirmedRevision) {
                confirmedRevision = read.revision();
                confirmedLeader = read.first().orElse(null);
                publish();
            }
            return view;
        }
    }

    private synchronized void publish() {
        View before = view;
        View now = read(mirror.snapshot());
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

    private View read(Snapshot snapshot) {
        Pair leader = snapshot.revision() < confirmedRevision ? confirmedLeader : null;
        JsonNode state = null;
        JsonNode login = null;
        List<View.Target> replicas = new ArrayList<>();
        List<View.Target> streaming = new ArrayList<>(); // whether readers are sent there or not
        List<String> hosts = new ArrayList<>();
        for (Pair pair : snapshot.pairs()) {
            String name = pair.key().utf8().substring(prefix.length());
            if (name.equals("leader")) {
                if (snapshot.revision() >= confirmedRevision) leader = pair;
            } else if (name.equals("state")) {
                state = json(pair);
            } else if (name.equals("secrets")) {
                login = json(pair);
            } else if (name.startsWith("members/")) {
                member(json(pair), replicas, streaming, hosts);
            }
        }
        JsonNode node = leader == null ? null : json(leader);
        return new View(
                leader == null ? 0 : leader.createRevision(),
                node == null ? null : target(node),
                node != null && node.path("serving").asBoolean(false),
                List.copyOf(replicas),
                List.copyOf(hosts),
                login == null
                        ? null
                        : new View.Login(
                                login.path("superuser").asString(""),
                                login.path("superuserPassword").asString("")),
                state == null ? 0 : confirmations(state, streaming));
    }

    private static void member(
            @Nullable JsonNode member, List<View.Target> replicas, List<View.Target> streaming, List<String> hosts) {
        View.Target target = member == null ? null : target(member);
        if (member == null || target == null) return;
        String role = member.path("role").asString("").toLowerCase(Locale.ROOT);
        if (!role.equals("stopped")) hosts.add(target.host());
        if (!role.equals("replica") || !member.path("streaming").asBoolean(false)) return;
        streaming.add(target);
        if (takesReaders(member)) replicas.add(target);
    }

    private static boolean takesReaders(JsonNode member) {
        for (JsonNode tag : member.path("tags")) if (tag.asString("").equals(NO_BALANCE)) return false;
        return true;
    }

    private static int confirmations(JsonNode state, List<View.Target> streaming) {
        int most = 0;
        for (JsonNode rule : state.path("rules")) {
            int need = rule.path("need").asInt(0);
            if (need == 0) continue;
            Set<String> voters = new TreeSet<>();
            for (JsonNode voter : rule.path("voters")) voters.add(voter.asString(""));
            long others = streaming.stream()
                    .filter(replica -> !voters.contains(replica.host()))
                    .count();
            most = Math.max(most, need + (int) others);
        }
        return most;
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
        mirror.close();
    }
}
