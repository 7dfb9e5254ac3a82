package holdfast.server.truth.disk;

import holdfast.core.base.Bytes;
import holdfast.core.truth.Batch;
import holdfast.core.truth.Command;
import holdfast.core.truth.Keyspace;
import holdfast.core.truth.Shelf;
import java.nio.file.Path;
import java.util.List;

/// A process of its own that applies batches, flushes after one of them, goes on, and waits to be killed.
final class DyingWriter {
    static final int FLUSHED_INDEX = 700;
    static final int LAST_INDEX = 1_000;

    private DyingWriter() {}

    public static void main(String[] arguments) throws InterruptedException {
        RocksShelf.Opened opened = RocksShelf.open(Path.of(arguments[0]));
        if (!(opened instanceof RocksShelf.Opened.Ready(RocksShelf shelf)))
            throw new IllegalStateException(opened.toString());
        for (long index = 1; index <= LAST_INDEX; index++) {
            apply(index, shelf);
            if (index == FLUSHED_INDEX) shelf.flush();
        }
        System.out.println("durable " + RocksShelfTest.durableIndex(shelf));
        Thread.sleep(60_000); // killed long before
    }

    static void apply(long index, Shelf shelf) {
        Bytes key = Bytes.utf8("key" + index % 37);
        Command.Op command = index % 5 == 0
                ? new Command.DeleteRange(holdfast.core.base.KeyRange.single(key), false)
                : Command.Put.of(key, Bytes.utf8("value " + index));
        new Keyspace().apply(index, 1, new Batch(index, List.of(command)), shelf);
    }
}
