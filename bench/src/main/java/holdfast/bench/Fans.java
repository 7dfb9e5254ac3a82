package holdfast.bench;

import com.google.protobuf.ByteString;
import holdfast.protocol.etcd.PutRequest;
import holdfast.protocol.etcd.WatchCreateRequest;
import holdfast.protocol.etcd.WatchRequest;
import io.netty.buffer.ByteBuf;
import io.netty.handler.codec.http2.Http2Headers;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/// Many watchers of one prefix, over a few streams on each member, while puts come at a fixed rate. Each value
/// begins with the time of its put, so that a delivery tells its own lag.
final class Fans {
    private static final Http2Headers WATCH = Wire.head("/etcdserverpb.Watch/Watch");
    private static final int STREAMS_PER_MEMBER = 4;
    private static final byte[] MARK = {'#', '!', 'l', 'a', 'g', '='};
    private static final int SAMPLES_MAX = 20_000_000;
    private static final int SETTLE_SECONDS = 5;

    private final Side side;
    private final long[] lags = new long[SAMPLES_MAX];
    private byte[] piece = {}; // what is looked at
    private int delivered;
    private long put;

    private Fans(Side side) {
        this.side = side;
    }

    /// @param perSecond events that reached watchers
    /// @param dueShare of the events that were due, those that came within the run and five seconds more
    record Result(long delivered, double perSecond, double p99LagMillis, double dueShare) {}

    static Result run(Side side, int watchers, int putsPerSecond, double seconds)
            throws IOException, InterruptedException {
        return new Fans(side).measure(watchers, putsPerSecond, seconds);
    }

    private Result measure(int watchers, int putsPerSecond, double seconds) throws IOException, InterruptedException {
        List<Wire> wires = new ArrayList<>();
        for (int port : side.cluster().clientPorts()) {
            for (int count = 0; count < STREAMS_PER_MEMBER; count++) wires.add(Wire.connect(side.loop(), port));
        }
        CountDownLatch opened = new CountDownLatch(1);
        side.loop().execute(() -> {
            for (int number = 0; number < wires.size(); number++) {
                int share = watchers / wires.size() + (number < watchers % wires.size() ? 1 : 0);
                open(wires.get(number), share);
            }
            opened.countDown();
        });
        opened.await();
        TimeUnit.SECONDS.sleep(1); // the watchers are created; what they miss of the first puts is counted as missing
        long begun = System.nanoTime();
        long endNanos = begun + (long) (seconds * 1e9);
        side.loop().execute(() -> feed(begun, endNanos, putsPerSecond));
        TimeUnit.NANOSECONDS.sleep(endNanos - System.nanoTime());
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(SETTLE_SECONDS);
        while (delivered < put * watchers && System.nanoTime() - deadline < 0) TimeUnit.MILLISECONDS.sleep(5);
        double took = (System.nanoTime() - begun) / 1e9;
        wires.forEach(Wire::close);
        long[] sorted = Arrays.copyOf(lags, Math.min(delivered, SAMPLES_MAX));
        Arrays.sort(sorted);
        double due = (double) put * watchers;
        return new Result(delivered, delivered / took, ClosedLoop.at(sorted, 99), delivered / due);
    }

    private void open(Wire wire, int watchers) {
        int stream = 0;
        for (int count = 0; count < watchers; count++) {
            ByteString create = WatchRequest.newBuilder()
                    .setCreateRequest(WatchCreateRequest.newBuilder()
                            .setKey(ByteString.copyFromUtf8("fan/"))
                            .setRangeEnd(ByteString.copyFromUtf8("fan0")))
                    .build()
                    .toByteString();
            if (stream != 0) wire.more(stream, create, false);
            else stream = wire.call(WATCH, create, false, new Deliveries());
        }
    }

    /// Keeps the rate by the clock, whatever the answers do.
    private void feed(long begun, long endNanos, int putsPerSecond) {
        long now = System.nanoTime();
        if (now - endNanos >= 0) return;
        long due = (long) ((now - begun) / 1e9 * putsPerSecond);
        List<Wire> wires = side.wires();
        for (; put < due; put++) {
            byte[] value = new byte[Works.VALUE_BYTES];
            System.arraycopy(MARK, 0, value, 0, MARK.length);
            for (int index = 0; index < 8; index++) value[MARK.length + index] = (byte) (now >>> (8 * index));
            ByteString message = PutRequest.newBuilder()
                    .setKey(ByteString.copyFromUtf8("fan/" + put % 1_000))
                    .setValue(ByteString.copyFrom(value))
                    .build()
                    .toByteString();
            wires.get((int) (put % wires.size())).call(Works.PUT, message, true, _ -> {});
        }
        var _ = side.loop().schedule(() -> feed(begun, endNanos, putsPerSecond), 1, TimeUnit.MILLISECONDS);
    }

    /// Finds the marks in the bytes of a stream, wherever the pieces are cut.
    private final class Deliveries implements Wire.Answer {
        private static final int REST_BYTES = Works.VALUE_BYTES - MARK.length - 8;

        private int matched;
        private int passOver;
        private int timeBytes;
        private long sentNanos;

        @Override
        public void bytes(ByteBuf some) {
            int length = some.readableBytes();
            if (piece.length < length) piece = new byte[length];
            some.readBytes(piece, 0, length);
            long nowNanos = System.nanoTime();
            for (int at = 0; at < length; ) {
                if (passOver > 0) {
                    int passed = Math.min(passOver, length - at);
                    passOver -= passed;
                    at += passed;
                    continue;
                }
                byte next = piece[at++];
                if (matched == MARK.length) {
                    sentNanos |= (next & 0xffL) << (8 * timeBytes);
                    if (++timeBytes < 8) continue;
                    arrived(nowNanos);
                    passOver = REST_BYTES;
                } else {
                    matched = next == MARK[matched] ? matched + 1 : next == MARK[0] ? 1 : 0;
                }
            }
        }

        private void arrived(long nowNanos) {
            if (delivered < SAMPLES_MAX) lags[delivered] = nowNanos - sentNanos;
            delivered++;
            matched = 0;
            timeBytes = 0;
            sentNanos = 0;
        }

        @Override
        public void over(boolean good) {}
    }
}
