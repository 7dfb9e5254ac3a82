package holdfast.server.base;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Steps one core on one named platform thread until closed. A turn that throws is a bug: the driver stops, says so and
/// calls `onBug`; nothing else halts.
public final class Driver implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Driver.class);

    /// One turn: drain the mailbox, step the core, carry out its orders in order. Must come back within a bounded wait.
    @FunctionalInterface
    public interface Turn {
        void turn() throws InterruptedException;
    }

    private final Thread thread;
    private volatile boolean closed;

    public Driver(String name, Turn turn, Runnable onBug) {
        thread = Threads.startPlatform(name, () -> run(name, turn, onBug));
    }

    private void run(String name, Turn turn, Runnable onBug) {
        try {
            while (!closed) turn.turn();
        } catch (InterruptedException _) {
            // closed
        } catch (RuntimeException | Error bug) {
            LOG.error("Driver {} stops: its core broke an invariant.", name, bug);
            onBug.run();
        }
    }

    /// Ends after the turn under way; waits for it unless called from within.
    @Override
    public void close() {
        closed = true;
        if (Thread.currentThread().equals(thread)) return;
        thread.interrupt();
        boolean interrupted = false;
        while (thread.isAlive()) {
            try {
                thread.join();
            } catch (InterruptedException _) {
                interrupted = true;
            }
        }
        if (interrupted) Thread.currentThread().interrupt();
    }
}
