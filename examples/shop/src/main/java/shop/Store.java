package shop;

import io.etcd.jetcd.ByteSequence;
import io.etcd.jetcd.Client;
import io.etcd.jetcd.KV;
import io.etcd.jetcd.kv.TxnResponse;
import io.etcd.jetcd.op.Cmp;
import io.etcd.jetcd.op.Op;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;

/// The store behind a deadline: a call answers within [#LIMIT_MILLIS], or is empty, which means *it may have happened*.
///
/// A connection that has said nothing for 4 s is replaced: after a cut cable, TCP itself may wait
/// much longer before it tries again.
final class Store {
    static final long LIMIT_MILLIS = 800;
    private static final long RECONNECT_NANOS = TimeUnit.SECONDS.toNanos(4);
    private static final long ALIVE_NANOS = TimeUnit.MILLISECONDS.toNanos(1200);
    private static final long BEAT_MILLIS = 300;
    private static final long SAY_NANOS = TimeUnit.SECONDS.toNanos(1);

    private final List<String> urls;
    private volatile Client client;
    private volatile long answeredAtNanos;
    private volatile long connectedAtNanos;
    private volatile long saidAtNanos = System.nanoTime() - SAY_NANOS;

    Store(List<String> urls) {
        this.urls = urls;
        client = connect();
        connectedAtNanos = System.nanoTime();
        answeredAtNanos = System.nanoTime() - ALIVE_NANOS;
        Thread.ofVirtual().name("store heartbeat").start(this::beat);
    }

    static ByteSequence bytes(String text) {
        return ByteSequence.from(text, StandardCharsets.UTF_8);
    }

    /// Did the store answer anything within the last 1.2 s? Asked every 300 ms, and by every other call.
    boolean alive() {
        return System.nanoTime() - answeredAtNanos < ALIVE_NANOS;
    }

    /// If all of `conditions` hold, does `then`, else `otherwise`; empty when nobody answered in time.
    Optional<TxnResponse> txn(List<Cmp> conditions, List<Op> then, List<Op> otherwise) {
        return call(kv -> kv.txn()
                .If(conditions.toArray(Cmp[]::new))
                .Then(then.toArray(Op[]::new))
                .Else(otherwise.toArray(Op[]::new))
                .commit());
    }

    /// Any call that returns one answer; empty when nobody answered in time.
    <T> Optional<T> call(Function<KV, CompletableFuture<T>> request) {
        CompletableFuture<T> answer = request.apply(client.getKVClient());
        try {
            T value = answer.get(LIMIT_MILLIS, TimeUnit.MILLISECONDS);
            answeredAtNanos = System.nanoTime();
            return Optional.of(value);
        } catch (ExecutionException | TimeoutException failed) {
            answer.cancel(true);
            if (System.nanoTime() - saidAtNanos > SAY_NANOS) {
                saidAtNanos = System.nanoTime();
                System.out.printf("%tT the store does not answer: %s%n", System.currentTimeMillis(), failed);
            }
            return Optional.empty();
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
            return Optional.empty();
        }
    }

    /// The connection in use now; another one after a reconnect, so that watches must be made anew.
    Client client() {
        return client;
    }

    private void beat() {
        ByteSequence key = bytes("/shop/heartbeat");
        while (!Thread.currentThread().isInterrupted()) {
            boolean answered = call(kv -> kv.get(key)).isPresent();
            long now = System.nanoTime();
            if (!answered && now - answeredAtNanos > RECONNECT_NANOS && now - connectedAtNanos > RECONNECT_NANOS) {
                Client old = client;
                client = connect();
                connectedAtNanos = now;
                old.close();
            }
            Pause.millis(BEAT_MILLIS);
        }
    }

    private Client connect() {
        return Client.builder()
                .endpoints(urls.toArray(String[]::new))
                .connectTimeout(Duration.ofMillis(LIMIT_MILLIS))
                .build();
    }
}
