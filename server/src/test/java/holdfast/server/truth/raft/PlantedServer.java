package holdfast.server.truth.raft;

import holdfast.core.truth.Event;
import holdfast.core.truth.EventBatch;
import holdfast.server.start.ServerConfig;
import holdfast.server.start.ServerParts;
import holdfast.server.start.StartWay;
import holdfast.server.truth.Store;
import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;

/// A whole server with one broken part, to see that rounds of faults find it. Test sources only: no flag, file or
/// variable of the product leads here.
final class PlantedServer {
    private static final int FLUSHES_PER_WRITE = 64;
    private static final Set<String> RANGES = Set.of("range", "longRange");

    private PlantedServer() {}

    /// Reads do not wait until this member has applied what was committed elsewhere.
    static final class StaleRead {
        private StaleRead() {}

        public static void main(String[] words) throws Exception {
            UnaryOperator<Store> stale = store -> wrap(store, (method, arguments) -> {
                if (RANGES.contains(method)) arguments[1] = false;
            });
            run(words, new StartWay(false, RaftLog::open, stale));
        }
    }

    /// A watcher that goes on from an earlier revision misses one event.
    static final class WatchGap {
        private WatchGap() {}

        public static void main(String[] words) throws Exception {
            UnaryOperator<Store> gap = store -> wrap(store, (method, arguments) -> {
                if (!method.equals("watch") || ((Store.WatchRequest) arguments[0]).fromRevision() == 0) return;
                @SuppressWarnings("unchecked")
                Consumer<Store.WatchAnswer> deliver = (Consumer<Store.WatchAnswer>) arguments[1];
                arguments[1] = forgetful(deliver);
            });
            run(words, new StartWay(false, RaftLog::open, gap));
        }

        private static Consumer<Store.WatchAnswer> forgetful(Consumer<Store.WatchAnswer> deliver) {
            boolean[] forgotten = {false};
            return answer -> {
                if (!forgotten[0]
                        && answer instanceof Store.WatchAnswer.Events events
                        && events.events().size() > 2) {
                    forgotten[0] = true;
                    List<Event> left = new ArrayList<>(events.events());
                    left.remove(left.size() / 2);
                    deliver.accept(new Store.WatchAnswer.Events(events.header(), List.of(EventBatch.of(left))));
                } else {
                    deliver.accept(answer);
                }
            };
        }
    }

    /// The log says that it is on disk when it is in memory only: every 64th flush writes. What a `kill -9` of this
    /// process takes is what a power cut takes from a machine whose disk lies; the page cache of a real one would
    /// survive the kill.
    static final class LostFlush {
        private LostFlush() {}

        public static void main(String[] words) throws Exception {
            StartWay.LogOpener lying = (options, machine) ->
                    MicroRaftLog.open(options, machine, new LazyFiles(MicroRaftLog.filesOf(options)));
            run(words, new StartWay(false, lying, UnaryOperator.identity()));
        }
    }

    private interface Before {
        void call(String method, Object[] arguments);
    }

    private static Store wrap(Store store, Before before) {
        return (Store) Proxy.newProxyInstance(
                Store.class.getClassLoader(), new Class<?>[] {Store.class}, (_, method, arguments) -> {
                    if (arguments != null) before.call(method.getName(), arguments);
                    try {
                        Object answer = method.invoke(store, arguments);
                        return answer instanceof Store asSomebody ? wrap(asSomebody, before) : answer;
                    } catch (InvocationTargetException failed) {
                        throw failed.getCause();
                    }
                });
    }

    private static void run(String[] words, StartWay way) throws InterruptedException {
        Map<String, String> flags = new LinkedHashMap<>();
        for (String word : words) {
            int equals = word.indexOf('=');
            if (word.startsWith("--") && equals > 0) flags.put(word.substring(2, equals), word.substring(equals + 1));
        }
        ServerParts.Opened opened = ServerParts.open(
                ServerConfig.of(flags, null), way, () -> Runtime.getRuntime().halt(3));
        if (opened instanceof ServerParts.Opened.Ready(ServerParts parts)) parts.awaitClose();
        System.out.println(opened);
        Runtime.getRuntime().halt(1);
    }

    /// Files whose writes reach the folder now and then.
    private record LazyFiles(LogFiles real) implements LogFiles {
        @Override
        public List<String> names() throws IOException {
            return real.names();
        }

        @Override
        public LogFile open(String name) throws IOException {
            return new Lazy(real.open(name));
        }

        @Override
        public LogFile createZeroed(String name, long bytes) throws IOException {
            return new Lazy(real.createZeroed(name, bytes));
        }

        @Override
        public void delete(String name) throws IOException {
            real.delete(name);
        }
    }

    private static final class Lazy implements LogFiles.LogFile {
        private record Piece(long at, byte[] bytes) {}

        private final LogFiles.LogFile real;
        private final List<Piece> pieces = new ArrayList<>();
        private int flushes;

        Lazy(LogFiles.LogFile real) {
            this.real = real;
        }

        @Override
        public long size() throws IOException {
            return real.size();
        }

        @Override
        public synchronized void read(ByteBuffer into, long at) throws IOException {
            int start = into.position();
            int end = into.limit();
            real.read(into, at);
            for (Piece piece : pieces) {
                long from = Math.max(at, piece.at());
                long to = Math.min(at + end - start, piece.at() + piece.bytes().length);
                for (long byteAt = from; byteAt < to; byteAt++) {
                    into.put((int) (start + byteAt - at), piece.bytes()[(int) (byteAt - piece.at())]);
                }
            }
        }

        @Override
        public synchronized void write(ByteBuffer from, long at) {
            byte[] bytes = new byte[from.remaining()];
            from.get(bytes);
            pieces.add(new Piece(at, bytes));
        }

        @Override
        public synchronized void force() throws IOException {
            if (++flushes % FLUSHES_PER_WRITE != 0) return;
            spill();
        }

        private void spill() throws IOException {
            for (Piece piece : pieces) real.write(ByteBuffer.wrap(piece.bytes()), piece.at());
            pieces.clear();
            real.force();
        }

        @Override
        public synchronized void close() throws IOException {
            spill();
            real.close();
        }
    }
}
