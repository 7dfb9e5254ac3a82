package holdfast.server.truth.raft;

import holdfast.server.truth.raft.RaftLog.Machine;
import holdfast.server.truth.raft.RaftLog.RaftStatus;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// A machine that keeps every entry's text in heap only. Its snapshot is two files, one below a folder.
final class CountingMachine implements Machine {
    private final List<String> entries = new ArrayList<>();
    private long appliedIndex;
    private int restores;
    private volatile @Nullable RaftStatus role;

    synchronized List<String> entries() {
        return List.copyOf(entries);
    }

    synchronized int restores() {
        return restores;
    }

    @Nullable
    RaftStatus role() {
        return role;
    }

    @Override
    public synchronized Object apply(long index, long term, byte[] entry) {
        if (index <= appliedIndex) throw new IllegalStateException("entry " + index + " again");
        appliedIndex = index;
        entries.add(new String(entry));
        return entries.size();
    }

    @Override
    public synchronized long durableIndex() {
        return 0;
    }

    @Override
    public synchronized void snapshot(long index, Path into) {
        try {
            Files.createDirectories(into.resolve("deep"));
            Files.write(into.resolve("deep/entries"), entries);
            Files.write(into.resolve("padding"), new byte[2_000_000]);
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
    }

    @Override
    public synchronized void restore(long index, Path from) {
        try {
            entries.clear();
            entries.addAll(Files.readAllLines(from.resolve("deep/entries")));
            appliedIndex = index;
            restores++;
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
    }

    @Override
    public void forwarded(byte[] request, Consumer<byte[]> reply) {
        reply.accept(("heard " + new String(request)).getBytes());
    }

    @Override
    public void roleChanged(RaftStatus now) {
        role = now;
    }
}
