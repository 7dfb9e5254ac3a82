package holdfast.server.proof;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/// Waits a little between two looks at something that cannot call back. Never throws; an interrupt shortens it.
final class Pause {
    private Pause() {}

    static void millis(long millis) {
        LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(millis));
    }
}
