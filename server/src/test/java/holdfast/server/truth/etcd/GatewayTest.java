package holdfast.server.truth.etcd;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import holdfast.server.peers.RealEtcd;
import holdfast.server.peers.StoreCluster;
import java.io.ByteArrayOutputStream;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.WebSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The same HTTP requests to a real etcd and to `holdfast server`: pages, JSON gateway, streams, websockets.
final class GatewayTest {
    private static final Duration LIMIT = Duration.ofSeconds(30);

    /// Headers that clients look at; the others are the server's own affair.
    private static final List<String> HEADERS = List.of(
            "content-type",
            "allow",
            "location",
            "access-control-allow-origin",
            "access-control-allow-methods",
            "access-control-allow-headers",
            "x-content-type-options",
            "grpc-metadata-content-type",
            "www-authenticate");

    /// What differs from one cluster to the next, and what two stores need not weigh alike.
    private static final Pattern OWN = Pattern.compile(
            "\"(cluster_id|member_id|raft_term|raftTerm|leader|dbSize|dbSizeInUse|raftIndex|raftAppliedIndex)\":\"\\d+\"");

    private static final Pattern MEMBERS = Pattern.compile("\"members\":\\[\\{.*}]");
    private static final Pattern TOKEN = Pattern.compile("\"token\":\"([^\"]*)\"");
    private static final Pattern NAME = Pattern.compile(".*\"name\":\"([^\"]*)\".*");
    private static final Pattern REMAINING = Pattern.compile("\"TTL\":\"(99|100)\",\"grantedTTL\"");

    private static final String WATCH_HEAD = "POST /v3/watch HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n";

    private static RealEtcd etcd;
    private static StoreCluster holdfast;

    /// Tokens that were given, by the URL of their server, a space and the name of their user.
    private final Map<String, String> tokens = new HashMap<>();

    @BeforeAll
    static void start(@TempDir Path folder) throws Exception {
        etcd = RealEtcd.start(Files.createDirectory(folder.resolve("etcd")), 1);
        holdfast = StoreCluster.start(Files.createDirectory(folder.resolve("holdfast")), 1, "--loop=off");
    }

    @AfterAll
    static void stop() {
        if (holdfast != null) holdfast.close();
        if (etcd != null) etcd.close();
    }

    @Test
    void requests_toBoth_areAnsweredAlike() throws Exception {
        List<String> lines = Files.readAllLines(
                Path.of(GatewayTest.class.getResource("gateway.requests").toURI()));
        List<String> differences = new ArrayList<>();
        int sent = 0;
        for (String line : lines) {
            if (line.isEmpty() || line.startsWith("#")) continue;
            sent++;
            String real = answer(etcd.url(0), line);
            String ours = answer(holdfast.url(0), line);
            if (!real.equals(ours)) differences.add(line + "\n  etcd: " + real + "\n  ours: " + ours);
        }
        System.out.println("gateway: " + sent + " requests, " + differences.size() + " differences");
        assertThat(differences).isEmpty();
        assertThat(sent).isGreaterThanOrEqualTo(300);
    }

    private String answer(String url, String line) throws Exception {
        boolean headOnly = line.endsWith("~");
        String plain = headOnly ? line.substring(0, line.length() - 1).stripTrailing() : line;
        String user = plain.startsWith("@") ? plain.substring(1, plain.indexOf(' ')) : "";
        if (!user.isEmpty()) plain = plain.substring(user.length() + 2);
        int bar = plain.indexOf('|');
        String[] words = (bar < 0 ? plain : plain.substring(0, bar)).split(" ");
        HttpRequest.BodyPublisher body = bar < 0
                ? HttpRequest.BodyPublishers.noBody()
                : HttpRequest.BodyPublishers.ofString(plain.substring(bar + 1));
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(url + words[1]))
                .method(words[0], body)
                .timeout(LIMIT);
        if (!user.isEmpty()) request.header("Authorization", tokens.getOrDefault(url + " " + user, user));
        try (HttpClient http =
                HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build()) {
            HttpResponse<String> response = http.send(request.build(), HttpResponse.BodyHandlers.ofString(UTF_8));
            Matcher token = TOKEN.matcher(response.body());
            if (token.find()) tokens.put(url + " " + NAME.matcher(plain).replaceFirst("$1"), token.group(1));
            String head = HEADERS.stream()
                    .map(name -> name + "=" + response.headers().allValues(name))
                    .collect(Collectors.joining(" "));
            return response.statusCode() + " " + head + (headOnly ? "" : " " + plain(response.body()));
        }
    }

    /// Without what may differ: ids, sizes, the order of checks, and space outside of strings, which etcd's library
    /// puts
    /// in or not by the build.
    private static String plain(String body) {
        if (body.startsWith("[+]"))
            return Arrays.stream(body.split("\n")).sorted().collect(Collectors.joining("\n"));
        if (!body.startsWith("{")) return body;
        StringBuilder tight = new StringBuilder();
        boolean inString = false;
        for (int index = 0; index < body.length(); index++) {
            char c = body.charAt(index);
            if (c == '"' && body.charAt(index - 1) != '\\') inString = !inString;
            if (c != ' ' || inString) tight.append(c == '\u00a0' ? ' ' : c);
        }
        String masked = OWN.matcher(tight).replaceAll("\"$1\":\"*\"");
        masked = MEMBERS.matcher(masked).replaceAll("\"members\":*");
        masked = TOKEN.matcher(masked).replaceAll("\"token\":\"*\"");
        return REMAINING.matcher(masked).replaceAll("\"TTL\":\"*\",\"grantedTTL\"");
    }

    /// Series of calls and the door, as dashboards ask for them. `Health/List` is newer than what we serve.
    @Test
    void metrics_ofBoth_haveTheSameSeries() throws Exception {
        Set<String> real = series(etcd.url(0));
        assertThat(real).hasSizeGreaterThan(700);
        assertThat(series(holdfast.url(0))).containsAll(real);
    }

    private Set<String> series(String url) throws Exception {
        assertThat(answer(url, "POST /v3/kv/range|{}")).startsWith("400");
        assertThat(answer(url, "GET /readyz")).startsWith("200");
        assertThat(answer(url, "GET /livez")).startsWith("200");
        return answer(url, "GET /metrics")
                .lines()
                .filter(line -> line.startsWith("grpc_server_")
                        || line.startsWith("etcd_network_client_grpc")
                        || line.startsWith("etcd_server_health")
                        || line.startsWith("etcd_server_client_requests")
                        || line.startsWith("etcd_debugging_mvcc_slow_watcher")
                        || line.startsWith("etcd_debugging_mvcc_watch")
                        || line.startsWith("etcd_debugging_mvcc_events")
                        || line.startsWith("os_fd")
                        || line.startsWith("process_"))
                .filter(line -> !line.contains("grpc_method=\"List\"") && !line.startsWith("process_network"))
                .filter(line -> !line.startsWith("process_virtual_memory_max"))
                .map(line -> line.substring(0, line.lastIndexOf(' ')))
                .collect(Collectors.toCollection(TreeSet::new));
    }

    @Test
    void watch_byLines_tellsOnBothTheSame() throws Exception {
        assertThat(watchByLines(holdfast.url(0))).isEqualTo(watchByLines(etcd.url(0)));
    }

    /// A request in pieces, then its lines. One message only: etcd loses what it has not read when it begins to answer.
    private List<String> watchByLines(String url) throws Exception {
        List<String> told = new ArrayList<>();
        try (Socket socket = connect(url)) {
            OutputStream out = socket.getOutputStream();
            InputStream in = socket.getInputStream();
            write(out, WATCH_HEAD);
            chunk(out, "{\"create_request\":{\"key\":\"c3Ry");
            chunk(out, "ZWFt\"}}");
            write(out, "0\r\n\r\n");
            told.add(line(in));
            assertThat(answer(url, "POST /v3/kv/put|{\"key\":\"c3RyZWFt\",\"value\":\"PCY+\"}"))
                    .startsWith("200");
            told.add(line(in));
        }
        assertThat(told.getLast()).contains("\"events\"");
        return told;
    }

    /// Unlike etcd we go on reading while we answer.
    @Test
    void watch_whileItsRequestGoesOn_isAnsweredByOurs() throws Exception {
        try (Socket socket = connect(holdfast.url(0))) {
            OutputStream out = socket.getOutputStream();
            write(out, WATCH_HEAD);
            for (int n = 0; n < 3; n++) {
                chunk(out, "{\"create_request\":{\"key\":\"YQ==\"}}");
                assertThat(line(socket.getInputStream())).contains("\"created\":true");
            }
        }
    }

    private static Socket connect(String url) throws Exception {
        URI uri = URI.create(url);
        Socket socket = new Socket(uri.getHost(), uri.getPort());
        socket.setSoTimeout((int) LIMIT.toMillis());
        return socket;
    }

    private static void chunk(OutputStream out, String text) throws Exception {
        write(out, Integer.toHexString(text.length()) + "\r\n" + text + "\r\n");
    }

    private static void write(OutputStream out, String text) throws Exception {
        out.write(text.getBytes(UTF_8));
        out.flush();
    }

    /// The next line that is JSON.
    private static String line(InputStream in) throws Exception {
        ByteArrayOutputStream line = new ByteArrayOutputStream();
        while (true) {
            int c = in.read();
            if (c < 0) throw new IllegalStateException("ended with " + line.toString(UTF_8));
            if (c != '\n') {
                line.write(c);
                continue;
            }
            String text = line.toString(UTF_8).strip();
            line.reset();
            if (!text.startsWith("{")) continue;
            return plain(text).replaceAll("\"(revision|create_revision|mod_revision)\":\"\\d+\"", "\"$1\":\"*\"");
        }
    }

    @Test
    void websocket_onBoth_tellsTheSame() throws Exception {
        assertThat(overWebsocket(holdfast.url(0))).isEqualTo(overWebsocket(etcd.url(0)));
    }

    private List<String> overWebsocket(String url) throws Exception {
        List<String> told = new ArrayList<>();
        try (Socketed watch = Socketed.open(url, "/v3/watch")) {
            watch.send("{\"create_request\":{\"key\":\"d3M=\"}}");
            told.add(watch.next());
            assertThat(answer(url, "POST /v3/kv/put|{\"key\":\"d3M=\",\"value\":\"MQ==\"}"))
                    .startsWith("200");
            told.add(watch.next());
            watch.send("{\"cancel_request\":");
            watch.send("{\"watch_id\":0}}");
            told.add(watch.next());
        }
        try (Socketed alive = Socketed.open(url, "/v3/lease/keepalive")) {
            alive.send("{\"ID\":\"4711\"}");
            told.add(alive.next());
            alive.send("{\"ID\":\"4712\"}{\"ID\":\"4713\"}");
            told.add(alive.next());
            told.add(alive.next());
        }
        return told;
    }

    /// One websocket and what came over it; `closed` after the last.
    private static final class Socketed implements WebSocket.Listener, AutoCloseable {
        private final LinkedBlockingQueue<String> heard = new LinkedBlockingQueue<>();
        private final StringBuilder partial = new StringBuilder();
        private final HttpClient http = HttpClient.newHttpClient();
        private WebSocket socket;

        static Socketed open(String url, String path) throws Exception {
            Socketed opened = new Socketed();
            opened.socket = opened.http
                    .newWebSocketBuilder()
                    .buildAsync(URI.create(url.replace("http://", "ws://") + path), opened)
                    .get(LIMIT.toSeconds(), TimeUnit.SECONDS);
            return opened;
        }

        void send(String text) {
            socket.sendText(text, true).join();
        }

        String next() throws InterruptedException {
            String next = heard.poll(LIMIT.toSeconds(), TimeUnit.SECONDS);
            if (next == null) throw new IllegalStateException("nothing came");
            return plain(next).replaceAll("\"(revision|create_revision|mod_revision)\":\"\\d+\"", "\"$1\":\"*\"");
        }

        @Override
        public CompletionStage<?> onText(WebSocket webSocket, CharSequence data, boolean last) {
            partial.append(data);
            if (last) {
                heard.add(partial.toString());
                partial.setLength(0);
            }
            webSocket.request(1);
            return null;
        }

        @Override
        public CompletionStage<?> onClose(WebSocket webSocket, int statusCode, String reason) {
            heard.add("closed");
            return null;
        }

        @Override
        public void onError(WebSocket webSocket, Throwable error) {
            heard.add("closed");
        }

        @Override
        public void close() {
            socket.abort();
            http.close();
        }
    }
}
