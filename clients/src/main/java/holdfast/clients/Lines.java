package holdfast.clients;

import com.google.protobuf.MessageOrBuilder;
import com.google.protobuf.TextFormat;
import io.grpc.Status;
import java.io.PrintStream;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/// Prints steps as `name<TAB>answer`; a failure is an answer, too.
final class Lines {
    private static final long LIMIT_SECONDS = 30;

    private final PrintStream out;

    Lines(PrintStream out) {
        this.out = out;
    }

    void say(String step, String answer) {
        out.println(step + "\t" + answer.replace("\n", "\\n"));
    }

    /// Prints what `call` answers and gives it back; null when it failed.
    <T> @Nullable T step(String step, Callable<T> call) {
        try {
            T answer = call.call();
            say(step, text(answer));
            return answer;
        } catch (Exception failed) {
            say(step, failure(failed));
            return null;
        }
    }

    /// The same for a call that must work for the rest to make sense.
    <T> T must(String step, Callable<T> call) {
        T answer = step(step, call);
        if (answer == null) throw new IllegalStateException(step + " failed");
        return answer;
    }

    /// The same, printing only what `shown` picks.
    <T> T must(String step, Callable<T> call, Function<T, String> shown) {
        try {
            T answer = call.call();
            say(step, shown.apply(answer));
            return answer;
        } catch (Exception failed) {
            throw new IllegalStateException(step + " failed: " + failure(failed), failed);
        }
    }

    static <T> T get(CompletableFuture<T> future) throws InterruptedException, ExecutionException, TimeoutException {
        return future.get(LIMIT_SECONDS, TimeUnit.SECONDS);
    }

    static String text(Object answer) {
        return answer instanceof MessageOrBuilder message
                ? TextFormat.printer().emittingSingleLine(true).printToString(message)
                : String.valueOf(answer);
    }

    static String failure(Throwable failed) {
        Throwable cause = failed;
        while (cause instanceof ExecutionException && cause.getCause() != null) cause = cause.getCause();
        Status status = Status.fromThrowable(cause);
        if (status.getCode() == Status.Code.UNKNOWN && status.getDescription() == null)
            return cause.getClass().getSimpleName() + ": " + cause.getMessage();
        return status.getCode() + ": " + status.getDescription();
    }
}
