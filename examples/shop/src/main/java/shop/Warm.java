package shop;

import java.io.IOException;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.List;

/// Loads what each role needs, for the AOT cache that the build makes of this run: a start then costs half as much.
/// Needs no store: its port is closed, and the answers are the ones for a store that is away.
final class Warm {
    private static final String CLOSED = "http://127.0.0.1:1";

    private Warm() {}

    static void up() throws IOException, InterruptedException {
        Shop.Options orders = options();
        Shop.Options web = options();
        Orders.start(orders);
        Web.start(web);
        Worker.start(options());
        try (HttpClient client = HttpClient.newHttpClient()) {
            for (Shop.Options role : List.of(orders, web)) {
                HttpRequest order = HttpRequest.newBuilder(URI.create("http://" + role.listen() + "/orders"))
                        .header("Order-Id", "warm")
                        .POST(HttpRequest.BodyPublishers.ofString("warm"))
                        .build();
                client.send(order, HttpResponse.BodyHandlers.ofString());
            }
        }
    }

    private static Shop.Options options() throws IOException {
        try (ServerSocket free = new ServerSocket(0)) {
            return new Shop.Options("127.0.0.1:" + free.getLocalPort(), List.of(CLOSED), false);
        }
    }
}
