package holdfast.server.healing.sense;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpServer;
import holdfast.core.healing.detect.Signal.Result;
import holdfast.server.base.Ticker;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

/// Probes of real sockets: each way in which one can fail is told apart.
final class KnockTest {
    private static final long LIMIT = Duration.ofSeconds(5).toNanos();
    private static final long SHORT = Duration.ofMillis(200).toNanos();

    private final Knock knock = new Knock(Ticker.system());

    @Test
    void http_everyStatus_isWellOrABadAnswerWithItsWords() throws IOException {
        HttpServer server = HttpServer.create(new InetSocketAddress("127.0.0.1", 0), 0);
        server.createContext("/", exchange -> {
            exchange.sendResponseHeaders(
                    Integer.parseInt(exchange.getRequestURI().getPath().substring(1)), -1);
            exchange.close();
        });
        server.start();
        String target = "127.0.0.1:" + server.getAddress().getPort();
        try {
            assertThat(knock.http(target, "/200", LIMIT).result()).isEqualTo(Result.OK);
            assertThat(knock.http(target, "/302", LIMIT).result()).isEqualTo(Result.OK);
            Knock.Answer ill = knock.http(target, "/503", LIMIT);
            assertThat(ill.result()).isEqualTo(Result.BAD_ANSWER);
            assertThat(ill.detail()).isEqualTo("503 Service Unavailable");
            assertThat(knock.tcp(target, LIMIT).result()).isEqualTo(Result.OK);
        } finally {
            server.stop(0);
        }
        assertThat(knock.http(target, "/200", LIMIT).result()).isEqualTo(Result.REFUSED);
        assertThat(knock.tcp(target, LIMIT).result()).isEqualTo(Result.REFUSED);
    }

    @Test
    void silence_isATimeout_evenWhileTheKernelStillAccepts() throws IOException {
        try (ServerSocket silent = new ServerSocket(0)) {
            Knock.Answer answer = knock.http("127.0.0.1:" + silent.getLocalPort(), "/", SHORT);
            assertThat(answer.result()).isEqualTo(Result.TIMEOUT);
            assertThat(answer.detail()).isEqualTo("no answer in 200 ms");
            assertThat(answer.latencyNanos()).isGreaterThanOrEqualTo(SHORT - 2_000_000);
        }
    }

    @Test
    void exec_exitStatusOrNoEnd_isTold() {
        assertThat(knock.exec(List.of("true"), LIMIT).result()).isEqualTo(Result.OK);
        assertThat(knock.exec(List.of("false"), LIMIT).detail()).isEqualTo("exit status 1");
        assertThat(knock.exec(List.of("sleep", "60"), SHORT).result()).isEqualTo(Result.TIMEOUT);
        assertThat(knock.exec(List.of("no-such-program"), LIMIT).result()).isEqualTo(Result.BAD_ANSWER);
    }
}
