package holdfast.clients;

import io.grpc.stub.StreamObserver;
import java.util.List;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;

/// The answers of a stream, taken one by one.
final class Inbox<T> implements StreamObserver<T> {
    private static final long LIMIT_SECONDS = 30;

    private sealed interface Heard<T> {
        record Message<T>(T message) implements Heard<T> {}

        record Failure<T>(Throwable why) implements Heard<T> {}

        record End<T>() implements Heard<T> {}
    }

    private final LinkedBlockingQueue<Heard<T>> heard = new LinkedBlockingQueue<>();

    @Override
    public void onNext(T message) {
        heard.add(new Heard.Message<>(message));
    }

    @Override
    public void onError(Throwable why) {
        heard.add(new Heard.Failure<>(why));
    }

    @Override
    public void onCompleted() {
        heard.add(new Heard.End<>());
    }

    /// The next message; what else comes is thrown, nothing within 10 s included.
    T take() throws InterruptedException {
        Heard<T> next = heard.poll(LIMIT_SECONDS, TimeUnit.SECONDS);
        if (next == null) throw new IllegalStateException("nothing came");
        return switch (next) {
            case Heard.Message<T>(T message) -> message;
            case Heard.Failure<T>(Throwable why) -> throw new IllegalStateException(Lines.failure(why));
            case Heard.End<T>() -> throw new IllegalStateException("the stream ended");
        };
    }

    /// Messages whose order is free, such as those of different watchers of one stream.
    static String sorted(List<?> messages) {
        return messages.stream().map(Lines::text).sorted().collect(Collectors.joining(" | "));
    }
}
