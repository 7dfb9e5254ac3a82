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
import java.util.Objects;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// The plain HTTP pages of etcd's client port: `/health`, `/livez`, `/readyz`, `/version`, `/metrics`. Every other path
/// goes to a handler from outside.
final class Pages {
    private static final String TEXT = "text/plain; charset=utf-8";

    private final Vertx vertx;
    private final Store store;
    private final Standing standing;
    private final Supplier<String> metrics;
    private final Handler<HttpServerRequest> others;

    Pages(Vertx vertx, Store store, Standing standing, Supplier<String> metrics, Handler<HttpServerRequest> others) {
        this.vertx = vertx;
        this.store = store;
        this.standing = standing;
        this.metrics = metrics;
        this.others = others;
    }

    void serve(HttpServerRequest request) {
        switch (request.path()) {
            case "/health" -> get(request, this::health);
            case "/livez", "/livez/serializable_read" -> get(request, each -> check(each, "livez"));
            case "/readyz",
                    "/readyz/data_corruption",
                    "/readyz/serializable_read",
                    "/readyz/linearizable_read",
                    "/readyz/non_learner" -> get(request, each -> check(each, "readyz"));
            case "/version" -> get(request, Pages::version);
            case "/metrics" ->
                get(request, each -> answer(each, 200, "text/plain; version=0.0.4; charset=utf-8", metrics.get()));
            case null, default -> others.handle(request);
        }
    }

    /// Whether a page tells only how this member stands.
    static boolean isStanding(@Nullable String path) {
        return path != null
                && (path.equals("/metrics")
                        || path.equals("/health")
                        || path.startsWith("/livez")
                        || path.startsWith("/readyz"));
    }

    static void notFound(HttpServerRequest request) {
        answer(request, 404, TEXT, "404 page not found\n");
    }

    private static void get(HttpServerRequest request, Consumer<HttpServerRequest> page) {
        if (request.method().equals(HttpMethod.GET)) {
            page.accept(request);
            return;
        }
        request.response().putHeader("Allow", "GET");
        answer(request, 405, TEXT, "Method Not Allowed\n");
    }

    private void health(HttpServerRequest request) {
        boolean local = "true".equals(request.getParam("serializable"));
        if (!local && !standing.hasLeader()) {
            answer(request, 503, TEXT, "{\"health\":\"false\",\"reason\":\"RAFT NO LEADER\"}\n");
            return;
        }
        read(request, !local, wrong -> {
            if (wrong.isEmpty()) answer(request, 200, TEXT, "{\"health\":\"true\",\"reason\":\"\"}");
            else answer(request, 503, TEXT, "{\"health\":\"false\",\"reason\":\"RANGE ERROR:" + wrong + "\"}\n");
        });
    }

    /// `livez` asks this member alone; `readyz` also wants the others to agree. A path below names one check of them.
    private void check(HttpServerRequest request, String kind) {
        String path = Objects.requireNonNullElse(request.path(), "/" + kind);
        String only = path.substring(kind.length() + 1).replace("/", "");
        StringBuilder report = new StringBuilder();
        boolean ready = kind.equals("readyz");
        if (ready && wants(only, "data_corruption")) report.append("[+]data_corruption ok\n");
        if (ready && wants(only, "non_learner")) {
            report.append(
                    standing.isLearner()
                            ? "[-]non_learner failed: not supported for learner\n"
                            : "[+]non_learner ok\n");
        }
        String local = wants(only, "serializable_read") ? "serializable_read" : "";
        String agreed = ready && wants(only, "linearizable_read") ? "linearizable_read" : "";
        readAs(request, local, false, report, () -> readAs(request, agreed, true, report, () -> tell(request, report)));
    }

    private static boolean wants(String only, String check) {
        return only.isEmpty() || only.equals(check);
    }

    private void readAs(
            HttpServerRequest request, String check, boolean linearizable, StringBuilder report, Runnable next) {
        if (check.isEmpty()) {
            next.run();
            return;
        }
        read(request, linearizable, wrong -> {
            report.append(wrong.isEmpty() ? "[+]" + check + " ok\n" : "[-]" + check + " failed: " + wrong + "\n");
            next.run();
        });
    }

    private static void tell(HttpServerRequest request, StringBuilder report) {
        if (report.indexOf("[-]") >= 0) {
            answer(request, 503, TEXT, report + "\n");
            return;
        }
        boolean verbose = request.params().contains("verbose");
        answer(request, 200, TEXT, (verbose ? report : "") + "ok\n");
    }

    /// Reads one key; says what went wrong, nothing when all is well.
    private void read(HttpServerRequest request, boolean linearizable, Consumer<String> told) {
        Context loop = vertx.getOrCreateContext();
        KeyRange any = KeyRange.single(Bytes.wrap(new byte[] {0}));
        store.range(Command.Range.of(any), linearizable, answer -> {
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
                200,
                "application/json",
                "{\"etcdserver\":\"" + EtcdConfig.VERSION + "\",\"etcdcluster\":\"" + EtcdConfig.STORAGE_VERSION
                        + "\",\"storage\":\"" + EtcdConfig.STORAGE_VERSION + "\"}");
    }

    private static void answer(HttpServerRequest request, int status, String type, String body) {
        request.response()
                .setStatusCode(status)
                .putHeader("Content-Type", type)
                .putHeader("X-Content-Type-Options", "nosniff")
                .end(body);
    }
}
