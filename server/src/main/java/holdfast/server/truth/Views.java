package holdfast.server.truth;

import holdfast.core.truth.Shelf;
import holdfast.core.truth.ShelfView;
import java.util.concurrent.locks.StampedLock;

/// Hands out views of the shelf, and keeps a restore from pulling the shelf away below one: it waits until those open
/// are closed, so whoever holds a view works in bounded steps.
final class Views {
    private final Shelf shelf;
    private final StampedLock gate = new StampedLock(); // not bound to a thread: views travel

    Views(Shelf shelf) {
        this.shelf = shelf;
    }

    /// A view and its place in the gate.
    final class Held implements AutoCloseable {
        private final long stamp;
        private final ShelfView view;

        private Held() {
            stamp = gate.readLock();
            view = shelf.view();
        }

        ShelfView view() {
            return view;
        }

        @Override
        public void close() {
            view.close();
            gate.unlockRead(stamp);
        }
    }

    Held open() {
        return new Held();
    }

    /// A view that a restore does not wait for: it goes on showing the state as it was. For readers that take long.
    ShelfView openApart() {
        long stamp = gate.readLock();
        try {
            return shelf.view();
        } finally {
            gate.unlockRead(stamp);
        }
    }

    /// The state itself, for the thread that applies.
    ShelfView newest() {
        return shelf;
    }

    /// Runs `replace` while no view is open.
    void replacing(Runnable replace) {
        long stamp = gate.writeLock();
        try {
            replace.run();
        } finally {
            gate.unlockWrite(stamp);
        }
    }
}
