package holdfast.server.truth;

import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Calls back to a door. What it throws is its bug and must not stop the thread that applies.
final class Callbacks {
    private static final Logger LOG = LoggerFactory.getLogger(Callbacks.class);

    private Callbacks() {}

    static <T> void call(Consumer<? super T> done, T value) {
        try {
            done.accept(value);
        } catch (RuntimeException bug) {
            LOG.error("A callback for {} failed.", value.getClass().getSimpleName(), bug);
        }
    }
}
