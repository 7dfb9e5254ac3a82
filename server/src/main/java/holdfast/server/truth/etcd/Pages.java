package holdfast.server.truth.etcd;

import holdfast.core.base.Bytes;
import holdfast.core.base.KeyRange;
import holdfast.core.truth.Command;
import holdfast.core.truth.Reply;
import holdfast.server.truth.Store;
import io.vertx.core.Context;
import io.vertx.core.Handler;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerRequest;
import java.util.List;
import java.util.Objects;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// The plain HTTP pages of etcd's client port: `/health`, `/livez`, `/readyz`, `/version`, `/metrics`, `/debug/vars`,
/// and the way to the JSON gateway. Every other path goes to a handler from outside.
final class Pages {
    private static final String TEXT = "text/plain; charset=utf-8";
    private static final List<String> LIVE = List.of("serializable_read");
    private static final List<String> READY =
            List.of("data_corruption", "serializable_read", "linearizable_read", "non_learner");

    private final Vertx vertx;
    private final Gate gate;
    private final Standing standing;
    private final DoorMetrics metrics;
    private final @Nullable Gateway gateway;
    private final Handler<HttpServerRequest> others;

    /// @param gateway null on a port for probes only, which has no `/version` either
    Pages(
            Vertx vertx,
            Gate gate,
            Standing standing,
            DoorMetrics metrics,
            @Nullable Gateway gateway,
            Handler<HttpServerRequest> others) {
        this.vertx = vertx;
        this.gate = gate;
        this.standing = standing;
        this.metrics = metrics;
        this.gateway = gateway;
        this.others = others;
    }

    /// @param debt of the request's connection; null where nobody counts
    void serve(HttpServerRequest request, @Nullable Debt debt) {
        String path = Objects.requireNonNullElse(request.path(), "");
        switch (path) {
            case "/health" -> get(request, this::health);
            case "/livez" -> get(request, each -> checkAll(each, "livez", LIVE));
            case "/readyz" -> get(request, each -> checkAll(each, "readyz", READY));
            case "/metrics" -> page(request, this::metrics);
            default -> {
                if (path.startsWith("/livez/") && LIVE.contains(path.substring(7)))
                    get(request, each -> checkOne(each, "livez", path.substring(7)));
                else if (path.startsWith("/readyz/") && READY.contains(path.substring(8)))
                    get(request, each -> checkOne(each, "readyz", path.substring(8)));
                else if (gateway != null) serveClient(request, path, gateway, debt);
                else others.handle(request);
            }
        }
    }

    private void serveClient(HttpServerRequest request, String path, Gateway json, @Nullable Debt debt) {
        if (Gateway.isMine(path)) page(request, each -> json.serve(each, path, debt));
        else if (path.equals(Gateway.ROOT)) page(request, Pages::redirect);
        else if (path.equals("/version")) get(request, Pages::version);
        else if (path.equals("/debug/vars")) get(request, this::variables);
        else others.handle(request);
    }

    static void notFound(HttpServerRequest request) {
        page(request, each -> error(each, 404, "404 page not found"));
    }

    /// Any page may be read by scripts of any origin, as in etcd by default.
    private static void page(HttpServerRequest request, Consumer<HttpServerRequest> page) {
        request.response()
                .putHeader("Access-Control-Allow-Methods", "POST, GET, OPTIONS, PUT, DELETE")
                .putHeader("Access-Control-Allow-Origin", "*")
                .putHeader("Access-Control-Allow-Headers", "accept, content-type, authorization");
        if (request.method().equals(HttpMethod.OPTIONS)) request.response().end();
        else page.accept(request);
    }

    private static void get(HttpServerRequest request, Consumer<HttpServerRequest> page) {
        page(request, each -> {
            if (each.method().equals(HttpMethod.GET)) {
                page.accept(each);
                return;
            }
            each.response().putHeader("Allow", "GET");
            error(each, 405, "Method Not Allowed");
        });
    }

    private static void redirect(HttpServerRequest request) {
        String query = request.query();
        String target = Gateway.ROOT + "/" + (query == null ? "" : "?" + query);
        request.response().setStatusCode(307).putHeader("Location", target);
        boolean reads =
                request.method().equals(HttpMethod.GET) || request.method().equals(HttpMethod.HEAD);
        if (!reads) {
            request.response().end();
            return;
        }
        String shown = target.replace("&", "&amp;")
                .replace("\"", "&#34;")
                .replace("<", "&lt;")
                .replace(">", "&gt;");
        request.response()
                .putHeader("Content-Type", "text/html; charset=utf-8")
                .end("<a href=\"" + shown + "\">Temporary Redirect</a>.\n\n");
    }

    private void health(HttpServerRequest request) {
        List<String> excluded = request.params().getAll("exclude");
        for (String alarm : standing.alarms()) {
            if (excluded.contains(alarm)) continue;
            unhealthy(request, "ALARM " + alarm);
            return;
        }
        boolean local = "true".equals(request.getParam("serializable"));
        if (!local && !standing.hasLeader()) {
            unhealthy(request, "RAFT NO LEADER");
            return;
        }
        read(request, !local, wrong -> {
            if (wrong.isEmpty()) {
                metrics.healthy();
                answer(request, TEXT, "{\"health\":\"true\",\"reason\":\"\"}");
            } else {
                unhealthy(request, "RANGE ERROR:" + wrong);
            }
        });
    }

    private void unhealthy(HttpServerRequest request, String reason) {
        metrics.unhealthy();
        error(request, 503, "{\"health\":\"false\",\"reason\":\"" + reason + "\"}");
    }

    /// `livez` asks this member alone; `readyz` also wants the others to agree.
    private void checkAll(HttpServerRequest request, String kind, List<String> checks) {
        List<String> excluded = request.params().getAll("exclude");
        List<String> wanted =
                checks.stream().filter(check -> !excluded.contains(check)).toList();
        check(request, kind, wanted, 0, new StringBuilder());
    }

    private void checkOne(HttpServerRequest request, String kind, String check) {
        check(request, kind, List.of(check), 0, new StringBuilder());
    }

    private void check(HttpServerRequest request, String kind, List<String> checks, int next, StringBuilder report) {
        if (next == checks.size()) {
            tell(request, report);
            return;
        }
        String check = checks.get(next);
        Consumer<String> told = wrong -> {
            metrics.checked(kind, check, wrong.isEmpty());
            report.append(wrong.isEmpty() ? "[+]" + check + " ok\n" : "[-]" + check + " failed: " + wrong + "\n");
            check(request, kind, checks, next + 1, report);
        };
        switch (check) {
            case "data_corruption" ->
                told.accept(standing.alarms().contains("CORRUPT") ? "alarm activated: CORRUPT" : "");
            case "non_learner" -> told.accept(standing.isLearner() ? "not supported for learner" : "");
            default -> read(request, check.equals("linearizable_read"), told);
        }
    }

    private static void tell(HttpServerRequest request, StringBuilder report) {
        if (report.indexOf("[-]") >= 0) {
            error(request, 503, report.toString());
            return;
        }
        boolean verbose = request.params().contains("verbose");
        request.response().putHeader("X-Content-Type-Options", "nosniff");
        answer(request, TEXT, (verbose ? report : "") + "ok\n");
    }

    /// Reads one key; says what went wrong, nothing when all is well.
    private void read(HttpServerRequest request, boolean linearizable, Consumer<String> told) {
        Context loop = vertx.getOrCreateContext();
        KeyRange any = KeyRange.single(Bytes.wrap(new byte[] {0}));
        gate.house().range(Command.Range.of(any), linearizable, answer -> {
            String wrong = switch (answer) {
                case Store.Answer.Done(var _, Reply.Refused(var why)) ->
                    EtcdError.of(why).message();
                case Store.Answer.Done _ -> "";
                case Store.Answer.Refused(var why) -> EtcdError.of(why).message();
                case Store.Answer.Unknown(var why) -> EtcdError.of(why).message();
            };
            loop.runOnContext(_ -> {
                if (!request.response().closed()) told.accept(wrong);
            });
        });
    }

    private static void version(HttpServerRequest request) {
        answer(
                request,
                "application/json",
                "{\"etcdserver\":\"" + EtcdConfig.VERSION + "\",\"etcdcluster\":\"" + EtcdConfig.STORAGE_VERSION
                        + "\",\"storage\":\"" + EtcdConfig.STORAGE_VERSION + "\"}");
    }

    private void metrics(HttpServerRequest request) {
        answer(request, "text/plain; version=0.0.4; charset=utf-8; escaping=underscores", metrics.expose());
    }

    /// What etcd shows here is about Go; of the rest, what says how the log stands.
    private void variables(HttpServerRequest request) {
        Store.Status status = gate.house().status();
        long member = status.header().memberId();
        String state =
                status.learner() ? "StateLearner" : status.leaderId() == member ? "StateLeader" : "StateFollower";
        answer(
                request,
                "application/json; charset=utf-8",
                "{\n\"raft.status\": {\"id\":\"" + Long.toHexString(member) + "\",\"term\":"
                        + status.header().term() + ",\"commit\":" + status.raftIndex() + ",\"lead\":\""
                        + Long.toHexString(status.leaderId()) + "\",\"raftState\":\"" + state + "\",\"applied\":"
                        + status.appliedIndex() + "}\n}\n");
    }

    private static void answer(HttpServerRequest request, String type, String body) {
        request.response().putHeader("Content-Type", type).end(body);
    }

    private static void error(HttpServerRequest request, int status, String sentence) {
        request.response().setStatusCode(status).putHeader("X-Content-Type-Options", "nosniff");
        answer(request, TEXT, sentence + "\n");
    }
}
