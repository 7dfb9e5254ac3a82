package holdfast.server.journeys;

import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;

/// A service to protect: answers `/health` with 200, or with 503 for ever when told `ill`.
public final class TinyService {
    private TinyService() {}

    public static void main(String[] args) throws IOException {
        HttpServer server = HttpServer.create(new InetSocketAddress(args[0], Integer.parseInt(args[1])), 0);
        boolean ill = args.length > 2 && args[2].equals("ill");
        server.createContext("/", exchange -> {
            byte[] body = (ProcessHandle.current().pid() + "\n").getBytes(StandardCharsets.UTF_8);
            exchange.sendResponseHeaders(ill ? 503 : 200, body.length);
            exchange.getResponseBody().write(body);
            exchange.close();
        });
        server.start();
    }
}
