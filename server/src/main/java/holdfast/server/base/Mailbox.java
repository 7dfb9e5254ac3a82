package holdfast.server.base;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.TimeUnit;

/// A bounded queue into one driver. When it is full [#offer] says false and the caller decides what is lost.
public final class Mailbox<T> {
    private final ArrayBlockingQueue<T> queue;

    /// @param max most values waiting, at least 1
    public Mailbox(int max) {
        queue = new ArrayBlockingQueue<>(max);
    }

    /// Never waits. False when full.
    public boolean offer(T value) {
        return queue.offer(value);
    }

    /// Waits while full.
    public void put(T value) throws InterruptedException {
        queue.put(value);
    }

    /// Takes up to `max` values in order, waiting up to `waitNanos` for the first. Empty when none came.
    public List<T> drain(int max, long waitNanos) throws InterruptedException {
        List<T> taken = new ArrayList<>();
        T first = queue.poll(waitNanos, TimeUnit.NANOSECONDS);
        if (first == null) return taken;
        taken.add(first);
        queue.drainTo(taken, max - 1);
        return taken;
    }

    public int size() {
        return queue.size();
    }
}
