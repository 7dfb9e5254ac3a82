package holdfast.server.truth.etcd;

import holdfast.server.truth.etcd.json.JsonWriter;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerRequest;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Every RPC of etcd as `POST /v3/...` with JSON, for clients without gRPC; streams also over a websocket. `/v3beta/`
/// is
/// the same. The calls go the way of all calls, so that whatever gRPC clients are told JSON clients are told too.
final class Gateway {
    private static final Logger LOG = LoggerFactory.getLogger(Gateway.class);
    static final String ROOT = "/v3";
    private static final String OLD_ROOT = "/v3beta/";
    private static final Map<String, Method> PAGES = pages();

    private final Vertx vertx;
    private final int messageBytesMax;
    private final Begin begin;

    /// Begins a call where all calls begin.
    @FunctionalInterface
    interface Begin {
        void begin(String path, Call call);
    }

    Gateway(Vertx vertx, int messageBytesMax, Begin begin) {
        this.vertx = vertx;
        this.messageBytesMax = messageBytesMax;
        this.begin = begin;
    }

    private static Map<String, Method> pages() {
        Map<String, Method> pages = new HashMap<>();
        for (Method method : Method.ALL) {
            for (String page : method.pages()) pages.put(ROOT + page, method);
        }
        return Map.copyOf(pages);
    }

    static boolean isMine(String path) {
        return path.startsWith(ROOT + "/") || path.startsWith(OLD_ROOT);
    }

    /// Serves a request whose path [#isMine].
    ///
    /// @param debt of its connection; null where nobody counts
    void serve(HttpServerRequest request, String path, @Nullable Debt debt) {
        String plain = path.startsWith(OLD_ROOT) ? ROOT + path.substring(OLD_ROOT.length() - 1) : path;
        Method method = PAGES.get(plain);
        if (JsonLine.isUpgrade(request)) {
            upgrade(request, method, debt);
        } else if (method == null) {
            refuse(new JsonLine.OfHttp(request), EtcdError.NO_PAGE);
        } else if (!request.method().equals(HttpMethod.POST)) {
            refuse(new JsonLine.OfHttp(request), EtcdError.NOT_POST);
        } else {
            begin(method, new JsonLine.OfHttp(request), debt);
        }
    }

    private void upgrade(HttpServerRequest request, @Nullable Method method, @Nullable Debt debt) {
        request.toWebSocket()
                .onFailure(failed -> LOG.debug("A websocket did not open.", failed))
                .onSuccess(socket -> {
                    JsonLine line = new JsonLine.OfSocket(request, socket);
                    if (method == null) refuse(line, EtcdError.NO_PAGE);
                    else begin(method, line, debt);
                });
    }

    private void begin(Method method, JsonLine line, @Nullable Debt debt) {
        begin.begin(method.path(), new JsonCall(method, line, vertx.getOrCreateContext(), messageBytesMax, debt));
    }

    private static void refuse(JsonLine line, EtcdError error) {
        StringBuilder text = new StringBuilder();
        JsonWriter.writeStatus(error.status(), error.message(), text, false);
        line.answer(JsonCall.httpStatus(error.status()), text.toString(), null);
    }
}
