package holdfast.server.truth.etcd;

import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;

/// What other threads hand to a call, which takes it on its event loop: one task there for all that came meanwhile, and
/// few writes for all that it sends then. Whoever hands over bounds what waits.
final class Handover<T> {
    private static final int TAKEN_MAX = 1_024; // then other calls of the event loop have their turn

    private final Call call;
    private final Consumer<T> take;
    private final Runnable afterwards;
    private final Queue<T> waiting = new ConcurrentLinkedQueue<>();
    private final AtomicBoolean due = new AtomicBoolean();

    /// @param afterwards runs when a number of them was taken
    Handover(Call call, Consumer<T> take, Runnable afterwards) {
        this.call = call;
        this.take = take;
        this.afterwards = afterwards;
    }

    /// From any thread; what one thread hands over is taken in that order.
    void put(T one) {
        waiting.add(one);
        if (due.compareAndSet(false, true)) call.later(this::takeSome);
    }

    private void takeSome() {
        due.set(false);
        call.together(() -> {
            for (int left = TAKEN_MAX; left > 0; left--) {
                T one = waiting.poll();
                if (one == null) return;
                take.accept(one);
            }
        });
        afterwards.run();
        if (!waiting.isEmpty() && due.compareAndSet(false, true)) call.later(this::takeSome);
    }
}
