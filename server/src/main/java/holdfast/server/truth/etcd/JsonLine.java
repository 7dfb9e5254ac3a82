package holdfast.server.truth.etcd;

import io.vertx.core.Future;
import io.vertx.core.Handler;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.core.http.HttpVersion;
import io.vertx.core.http.ServerWebSocket;
import org.jspecify.annotations.Nullable;

/// What a [JsonCall] goes over. On the call's event loop.
sealed interface JsonLine {
    /// @param gone told when the connection is lost
    void begin(Handler<Buffer> read, Runnable ended, Runnable gone);

    @Nullable
    String header(String name);

    /// Sends one line of a stream.
    ///
    /// @return done when the client's socket took it
    Future<Void> send(String line);

    /// Ends with `text`: the whole answer, or the last line of a stream.
    ///
    /// @param status of HTTP, for a line whose head is not yet sent
    /// @param challenge what `WWW-Authenticate` says, null for none
    /// @return done when the client's socket took it
    Future<Void> answer(int status, String text, @Nullable String challenge);

    /// Ends a stream without a further line.
    void end();

    boolean isFull();

    void onDrain(Runnable task);

    void pause();

    void resume();

    /// One HTTP request and its response.
    final class OfHttp implements JsonLine {
        private final HttpServerRequest request;
        private final HttpServerResponse response;

        OfHttp(HttpServerRequest request) {
            this.request = request;
            this.response = request.response();
        }

        @Override
        public void begin(Handler<Buffer> read, Runnable ended, Runnable gone) {
            request.handler(read);
            request.endHandler(_ -> ended.run());
            request.exceptionHandler(_ -> gone.run());
            response.exceptionHandler(_ -> gone.run());
            response.closeHandler(_ -> gone.run());
        }

        @Override
        public @Nullable String header(String name) {
            return request.getHeader(name);
        }

        @Override
        public Future<Void> send(String line) {
            if (!response.headWritten()) {
                head(200);
                chunk();
            }
            return response.write(line);
        }

        @Override
        public Future<Void> answer(int status, String text, @Nullable String challenge) {
            if (!response.headWritten()) {
                head(status);
                if (challenge != null) response.putHeader("WWW-Authenticate", challenge);
            }
            return response.end(text);
        }

        private void head(int status) {
            response.setStatusCode(status).putHeader("Content-Type", "application/json");
            if (status == 200) response.putHeader("Grpc-Metadata-Content-Type", "application/grpc");
        }

        private void chunk() {
            if (request.version() != HttpVersion.HTTP_2) response.setChunked(true);
        }

        @Override
        public void end() {
            if (!response.headWritten()) chunk();
            response.end();
        }

        @Override
        public boolean isFull() {
            return response.writeQueueFull();
        }

        @Override
        public void onDrain(Runnable task) {
            response.drainHandler(_ -> task.run());
        }

        @Override
        public void pause() {
            request.pause();
        }

        @Override
        public void resume() {
            request.resume();
        }
    }

    /// A websocket: each message of the client is a piece of the flow, each line goes back as a message.
    final class OfSocket implements JsonLine {
        private static final String BEARER = "Bearer";

        private final ServerWebSocket socket;
        private final HttpServerRequest request;

        OfSocket(HttpServerRequest request, ServerWebSocket socket) {
            this.request = request;
            this.socket = socket;
        }

        @Override
        public void begin(Handler<Buffer> read, Runnable ended, Runnable gone) {
            socket.handler(message -> read.handle(message.copy().appendString("\n")));
            socket.exceptionHandler(_ -> gone.run());
            socket.closeHandler(_ -> gone.run());
        }

        /// Browsers cannot set headers: the token comes as a subprotocol or as a cookie.
        @Override
        public @Nullable String header(String name) {
            if (!name.equals("authorization")) return null;
            io.vertx.core.http.Cookie cookie = request.getCookie("token");
            if (cookie != null) return BEARER + " " + cookie.getValue();
            String offered = request.getHeader("Sec-WebSocket-Protocol");
            int at = offered == null ? -1 : offered.indexOf(BEARER + ",");
            return offered == null || at < 0
                    ? null
                    : BEARER + " " + offered.substring(at + 7).strip();
        }

        @Override
        public Future<Void> send(String line) {
            return socket.writeTextMessage(line.stripTrailing());
        }

        @Override
        public Future<Void> answer(int status, String text, @Nullable String challenge) {
            Future<Void> sent = send(text);
            end();
            return sent;
        }

        @Override
        public void end() {
            socket.close();
        }

        @Override
        public boolean isFull() {
            return socket.writeQueueFull();
        }

        @Override
        public void onDrain(Runnable task) {
            socket.drainHandler(_ -> task.run());
        }

        @Override
        public void pause() {
            socket.pause();
        }

        @Override
        public void resume() {
            socket.resume();
        }
    }

    static boolean isUpgrade(HttpServerRequest request) {
        String upgrade = request.getHeader("Upgrade");
        return request.method().equals(HttpMethod.GET) && upgrade != null && upgrade.equalsIgnoreCase("websocket");
    }
}
