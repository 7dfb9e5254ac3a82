package holdfast.server.healing.failover;

import holdfast.core.base.NodeId;
import holdfast.core.healing.fleet.ClusterSpec.Durability;
import holdfast.core.healing.recover.failover.ClusterState;
import holdfast.core.healing.recover.failover.Holder;
import holdfast.core.healing.recover.failover.Local.Phase;
import holdfast.core.healing.recover.failover.Member;
import holdfast.core.healing.recover.failover.View;
import holdfast.server.ledger.LedgerJson;
import io.vertx.core.Handler;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerRequest;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.LongPredicate;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// A member's health over HTTP, at the paths and with the answers of Patroni's REST API, so that existing HAProxy files
/// work: 200 when the member is what the path names, else 503. GET, HEAD and OPTIONS.
final class Rest implements Handler<HttpServerRequest> {
    private static final int OK = 200;
    private static final int NOT = 503;
    private static final String JSON = "application/json";

    private final Supplier<Optional<View>> view;
    private final LongPredicate promise;

    /// @param promise whether we promise not to pledge in a term
    Rest(Supplier<Optional<View>> view, LongPredicate promise) {
        this.view = view;
        this.promise = promise;
    }

    @Override
    public void handle(HttpServerRequest request) {
        Optional<View> now = view.get();
        String path = String.valueOf(request.path());
        if (path.equals("/failsafe")) {
            answer(request, failsafe(request) ? OK : NOT, Map.of());
        } else if (path.equals("/liveness")) {
            answer(request, OK, Map.of());
        } else if (now.isEmpty()) {
            answer(request, NOT, Map.of("state", "starting"));
        } else if (path.equals("/patroni")) {
            answer(request, OK, self(now.get()));
        } else if (path.equals("/cluster")) {
            answer(request, OK, cluster(now.get()));
        } else {
            health(request, path, now.get());
        }
    }

    private boolean failsafe(HttpServerRequest request) {
        String term = request.getParam("term");
        return HttpMethod.POST.equals(request.method())
                && term != null
                && term.matches("\\d{1,18}")
                && promise.test(Long.parseLong(term));
    }

    private static void health(HttpServerRequest request, String path, View view) {
        long lagMax = lagMax(request.getParam("lag"));
        boolean primary = isPrimary(view);
        boolean replica = isReplica(view) && lag(view) <= lagMax && takesReaders(view);
        boolean tagged = PatroniTags.has(view.spec(), view.me(), request.params());
        boolean synchronous = replica && isSynchronous(view);
        Boolean well = switch (path) {
            case "/", "/primary", "/master", "/read-write", "/leader" -> primary;
            case "/replica" -> replica && tagged;
            case "/read-only" -> (primary || replica) && tagged;
            case "/synchronous", "/sync", "/quorum" -> synchronous && tagged;
            case "/read-only-sync", "/read-only-quorum" -> (primary || synchronous) && tagged;
            case "/asynchronous", "/async" -> replica && !synchronous && tagged;
            case "/health" -> runs(view) && tagged;
            case "/readiness" -> primary || isReplica(view);
            case "/standby-leader", "/standby_leader" -> false;
            default -> null;
        };
        if (well == null) answer(request, 404, Map.of());
        else answer(request, well ? OK : NOT, self(view));
    }

    private static long lagMax(@Nullable String given) {
        if (given == null || given.isEmpty()) return Long.MAX_VALUE;
        String digits = given.replaceAll("[^0-9]", "");
        if (digits.isEmpty() || digits.length() > 15) return Long.MAX_VALUE;
        long unit = switch (given.replaceAll("[0-9]", "").toLowerCase(Locale.ROOT)) {
            case "kb" -> 1L << 10;
            case "mb" -> 1L << 20;
            case "gb" -> 1L << 30;
            default -> 1;
        };
        return Long.parseLong(digits) * unit;
    }

    // ---- what a member is ----

    /// It holds the key for sure and takes writes.
    static boolean isPrimary(View view) {
        Holder holder = view.holder();
        return holder != null
                && view.holds(view.me())
                && holder.serving()
                && view.sure()
                && view.local().phase() == Phase.PRIMARY;
    }

    private static boolean isReplica(View view) {
        return view.local().phase() == Phase.STANDBY && view.local().receiving();
    }

    private static boolean takesReaders(View view) {
        return !view.spec().tags().noBalance().contains(view.me());
    }

    private static boolean runs(View view) {
        return view.local().phase() == Phase.PRIMARY || view.local().phase() == Phase.STANDBY;
    }

    private static boolean isSynchronous(View view) {
        ClusterState state = view.state();
        return state != null
                && view.spec().durability() != Durability.ASYNC
                && state.rules().stream().allMatch(rule -> rule.voters().contains(view.me()));
    }

    private static long lag(View view) {
        Member primary =
                view.holder() == null ? null : view.members().get(view.holder().host());
        return primary == null
                ? 0
                : primary.position().lsn().since(view.local().position().lsn());
    }

    private static Map<String, Object> self(View view) {
        Map<String, Object> fields = new LinkedHashMap<>();
        boolean primary = view.local().phase() == Phase.PRIMARY;
        fields.put("state", runs(view) ? "running" : "stopped");
        fields.put("role", primary ? "primary" : "replica");
        fields.put("timeline", view.local().position().timeline());
        fields.put(
                "xlog",
                primary
                        ? Map.of("location", view.local().position().lsn().bytes())
                        : Map.of(
                                "received_location",
                                        view.local().position().lsn().bytes(),
                                "replayed_location", view.local().replayed().bytes()));
        ClusterState state = view.state();
        if (state != null) fields.put("database_system_identifier", Long.toUnsignedString(state.systemId()));
        if (state != null && state.paused()) fields.put("pause", true);
        tag(fields, view, view.me());
        fields.put(
                "patroni",
                Map.of(
                        "version",
                        "4.1.0",
                        "scope",
                        view.spec().name(),
                        "name",
                        view.me().name()));
        return fields;
    }

    /// The members, as Patroni's `/cluster` lists them.
    static Map<String, Object> cluster(View view) {
        List<Map<String, Object>> members = new ArrayList<>();
        for (Member member : view.members().values()) {
            Map<String, Object> fields = new LinkedHashMap<>();
            boolean leads = view.holds(member.host());
            fields.put("name", member.host().name());
            fields.put("role", leads ? "leader" : role(view, member.host()));
            fields.put("state", state(member, leads));
            fields.put("api_url", "http://" + member.address() + ":" + member.restPort() + "/patroni");
            fields.put("host", member.address());
            fields.put("port", member.port());
            fields.put("timeline", member.position().timeline());
            Member primary = view.holder() == null
                    ? null
                    : view.members().get(view.holder().host());
            if (!leads && primary != null) {
                fields.put(
                        "lag", primary.position().lsn().since(member.position().lsn()));
            }
            tag(fields, view, member.host());
            members.add(fields);
        }
        Map<String, Object> cluster = new LinkedHashMap<>();
        cluster.put("members", members);
        cluster.put("scope", view.spec().name());
        return cluster;
    }

    private static void tag(Map<String, Object> fields, View view, NodeId host) {
        Map<String, Object> tags = PatroniTags.of(view.spec(), host);
        if (!tags.isEmpty()) fields.put("tags", tags);
    }

    private static String role(View view, NodeId host) {
        ClusterState state = view.state();
        boolean voter = state != null
                && view.spec().durability() != Durability.ASYNC
                && state.rules().stream().allMatch(rule -> rule.voters().contains(host));
        if (!voter) return "replica";
        return view.spec().durability() == Durability.QUORUM ? "quorum_standby" : "sync_standby";
    }

    private static String state(Member member, boolean leads) {
        if (member.role() == Member.Role.STOPPED) return "stopped";
        return leads || !member.streaming() ? "running" : "streaming";
    }

    private static void answer(HttpServerRequest request, int status, Map<String, Object> fields) {
        request.response()
                .setStatusCode(status)
                .putHeader("content-type", JSON)
                .end(
                        HttpMethod.HEAD.equals(request.method())
                                ? ""
                                : LedgerJson.json().writeValueAsString(fields));
    }
}
