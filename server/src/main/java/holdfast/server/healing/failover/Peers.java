package holdfast.server.healing.failover;

import holdfast.core.base.NodeId;
import holdfast.core.healing.recover.failover.Member;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/// Asks the other members directly, without the store.
final class Peers implements AutoCloseable {
    private final HttpClient client = HttpClient.newHttpClient();

    /// Who of `hosts` promised not to pledge in `term`.
    Set<NodeId> ask(Map<NodeId, Member> members, Set<NodeId> hosts, long term, Duration limit) {
        Map<NodeId, CompletableFuture<HttpResponse<Void>>> calls = new TreeMap<>();
        for (NodeId host : hosts) {
            Member member = members.get(host);
            if (member == null) continue;
            HttpRequest request = HttpRequest.newBuilder(URI.create(
                            "http://%s:%d/failsafe?term=%d".formatted(member.address(), member.restPort(), term)))
                    .timeout(limit)
                    .POST(HttpRequest.BodyPublishers.noBody())
                    .build();
            calls.put(host, client.sendAsync(request, HttpResponse.BodyHandlers.discarding()));
        }
        Set<NodeId> promised = new TreeSet<>();
        calls.forEach((host, call) -> {
            try {
                if (call.get(limit.toMillis(), TimeUnit.MILLISECONDS).statusCode() == 200) promised.add(host);
            } catch (ExecutionException | TimeoutException _) {
                // no word is no promise
            } catch (InterruptedException _) {
                Thread.currentThread().interrupt();
            }
        });
        return promised;
    }

    @Override
    public void close() {
        client.shutdownNow();
    }
}
