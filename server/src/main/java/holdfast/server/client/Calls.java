package holdfast.server.client;

import com.google.protobuf.MessageLite;
import holdfast.core.base.Reason;
import holdfast.protocol.etcd.AuthenticateRequest;
import holdfast.protocol.etcd.AuthenticateResponse;
import holdfast.server.base.Ticker;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpClientRequest;
import io.vertx.grpc.common.GrpcStatus;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/// Calls one of several members and tells what became of it. What was never sent, and what may be repeated,
/// goes to the next member until the limit; a write that was sent goes out once.
final class Calls implements AutoCloseable {
    private static final long ROUND_PAUSE_NANOS = 50_000_000;
    private static final long TRY_NANOS_MIN = 250_000_000;

    private final List<Link> links;
    private final AtomicInteger preferredIndex = new AtomicInteger();
    private final Ticker ticker;
    private final EtcdConfig config;
    private volatile boolean closed;
    private volatile boolean entered;

    Calls(Vertx vertx, EtcdConfig config, Ticker ticker) {
        this.config = config;
        this.ticker = ticker;
        this.links = config.endpoints().stream()
                .map(endpoint -> new Link(vertx, endpoint, config))
                .toList();
    }

    /// How one try ended.
    private sealed interface Try<R> {
        record Replied<R>(R reply) implements Try<R> {}

        /// Nothing left this process.
        record NotSent<R>(String why) implements Try<R> {}

        /// The member said no: it did not happen and no other member will say otherwise.
        record Denied<R>(Reason why) implements Try<R> {}

        record Lost<R>(String why) implements Try<R> {}
    }

    <Q extends MessageLite, R extends MessageLite> Answer<R> call(Unary<Q, R> method, Q request, boolean repeatable) {
        return call(method, request, repeatable, config.callLimit().toNanos());
    }

    /// @param repeatable whether sending it twice does no harm
    <Q extends MessageLite, R extends MessageLite> Answer<R> call(
            Unary<Q, R> method, Q request, boolean repeatable, long limitNanos) {
        EtcdConfig.Login login = config.login();
        if (login == null) return send(method, request, repeatable, limitNanos);
        boolean hadToken = entered;
        if (enter(login, limitNanos) instanceof Answer.Refused<String>(Reason why)) return new Answer.Refused<>(why);
        Answer<R> answer = send(method, request, repeatable, limitNanos);
        boolean stale = answer instanceof Answer.Refused<R>(Reason why) && isStale(why);
        if (!stale || !hadToken) return answer;
        entered = false; // it was not used for too long, or users changed: once more with a fresh one
        if (enter(login, limitNanos) instanceof Answer.Refused<String>(Reason why)) return new Answer.Refused<>(why);
        return send(method, request, repeatable, limitNanos);
    }

    private static boolean isStale(Reason why) {
        return why.sentence().contains("invalid auth token")
                || why.sentence().contains("revision of auth store is old");
    }

    /// Gets a token unless there is one.
    ///
    /// @return the token, or why there is none; never unknown
    Answer<String> enter(EtcdConfig.@Nullable Login login, long limitNanos) {
        if (login == null || entered) return new Answer.Done<>("");
        AuthenticateRequest request = AuthenticateRequest.newBuilder()
                .setName(login.user())
                .setPassword(login.password())
                .build();
        links.forEach(link -> link.token(""));
        return switch (send(Rpc.AUTHENTICATE, request, true, limitNanos)) {
            case Answer.Done<AuthenticateResponse>(AuthenticateResponse reply) -> {
                links.forEach(link -> link.token(reply.getToken()));
                entered = true;
                yield new Answer.Done<>(reply.getToken());
            }
            case Answer.Refused<AuthenticateResponse>(Reason why) -> new Answer.Refused<>(why);
            case Answer.Unknown<AuthenticateResponse>(Reason why) -> new Answer.Refused<>(why);
        };
    }

    private <Q extends MessageLite, R extends MessageLite> Answer<R> send(
            Unary<Q, R> method, Q request, boolean repeatable, long limitNanos) {
        long startNanos = ticker.nanos();
        long deadlineNanos = startNanos + limitNanos;
        String last = "no try was made";
        boolean sent = false;
        for (int tries = 1; ticker.nanos() < deadlineNanos && !closed; tries++) {
            int index = Math.floorMod(preferredIndex.get(), links.size());
            Link link = links.get(index);
            long leftNanos = deadlineNanos - ticker.nanos();
            long tryNanos = repeatable && links.size() > 1
                    ? Math.min(leftNanos, Math.max(TRY_NANOS_MIN, limitNanos / links.size()))
                    : leftNanos;
            switch (attempt(link, method, request, tryNanos)) {
                case Try.Replied<R>(R reply) -> {
                    return new Answer.Done<>(reply);
                }
                case Try.Denied<R>(Reason why) -> {
                    return new Answer.Refused<>(why);
                }
                case Try.NotSent<R>(String why) -> last = link.endpoint + ": " + why;
                case Try.Lost<R>(String why) -> {
                    last = link.endpoint + ": " + why;
                    sent = true;
                }
            }
            preferredIndex.compareAndSet(index, index + 1 == links.size() ? 0 : index + 1);
            if (sent && !repeatable) return new Answer.Unknown<>(reason(method, last, startNanos, tries));
            if (tries % links.size() == 0) pause(Math.min(ROUND_PAUSE_NANOS, deadlineNanos - ticker.nanos()));
            if (Thread.currentThread().isInterrupted()) break;
        }
        Reason why = reason(method, last, startNanos, 0);
        return sent ? new Answer.Unknown<>(why) : new Answer.Refused<>(why);
    }

    private Reason reason(Unary<?, ?> method, String last, long startNanos, int tries) {
        return new Reason(
                tries == 0 ? "store-unreachable" : "store-lost",
                "%s had no answer for %d ms from the store; last: %s."
                        .formatted(method.name(), (ticker.nanos() - startNanos) / 1_000_000, last));
    }

    private static void pause(long nanos) {
        if (nanos <= 0) return;
        try {
            TimeUnit.NANOSECONDS.sleep(nanos);
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
    }

    private <Q extends MessageLite, R extends MessageLite> Try<R> attempt(
            Link link, Unary<Q, R> method, Q request, long limitNanos) {
        long deadlineNanos = ticker.nanos() + limitNanos;
        HttpClientRequest stream;
        try {
            long openNanos = Math.min(limitNanos, config.connectLimit().toNanos());
            stream = await(link.open(method), openNanos);
        } catch (TimeoutException _) {
            link.reset();
            return new Try.NotSent<>("no connection in time");
        } catch (ExecutionException failed) {
            return new Try.NotSent<>(say(failed.getCause()));
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
            return new Try.NotSent<>("interrupted");
        }
        return exchange(link, stream, method, request, deadlineNanos);
    }

    private <Q extends MessageLite, R extends MessageLite> Try<R> exchange(
            Link link, HttpClientRequest stream, Unary<Q, R> method, Q request, long deadlineNanos) {
        try {
            Unary.Reply<R> answered = await(method.send(stream, request), deadlineNanos - ticker.nanos());
            R value = answered.value();
            if (value != null) return new Try.Replied<>(value);
            return judge(answered.status(), answered.message());
        } catch (TimeoutException _) {
            stream.reset();
            link.reset();
            return new Try.Lost<>("no answer in time");
        } catch (ExecutionException failed) {
            return new Try.Lost<>(say(failed.getCause()));
        } catch (InterruptedException _) {
            stream.reset();
            Thread.currentThread().interrupt();
            return new Try.Lost<>("interrupted");
        }
    }

    private static <R> Try<R> judge(GrpcStatus status, String message) {
        return switch (status) {
            case INVALID_ARGUMENT,
                    NOT_FOUND,
                    ALREADY_EXISTS,
                    PERMISSION_DENIED,
                    RESOURCE_EXHAUSTED,
                    FAILED_PRECONDITION,
                    OUT_OF_RANGE,
                    UNIMPLEMENTED,
                    UNAUTHENTICATED ->
                new Try.Denied<>(new Reason(
                        status.name().toLowerCase(java.util.Locale.ROOT).replace('_', '-'),
                        "The store refused: " + message + "."));
            case OK, CANCELLED, UNKNOWN, DEADLINE_EXCEEDED, ABORTED, INTERNAL, UNAVAILABLE, DATA_LOSS ->
                new Try.Lost<>(status + " " + message);
        };
    }

    static <T> T await(Future<T> future, long limitNanos)
            throws TimeoutException, ExecutionException, InterruptedException {
        return future.toCompletionStage().toCompletableFuture().get(Math.max(1, limitNanos), TimeUnit.NANOSECONDS);
    }

    static String say(@Nullable Throwable cause) {
        if (cause == null) return "failed";
        String message = cause.getMessage();
        return message == null ? cause.getClass().getSimpleName() : message;
    }

    /// The member that answers now; `tries` moves on to the ones after it.
    Link preferred(int tries) {
        return links.get(Math.floorMod(preferredIndex.get() + tries, links.size()));
    }

    @Override
    public void close() {
        closed = true;
        links.forEach(Link::close);
    }
}
