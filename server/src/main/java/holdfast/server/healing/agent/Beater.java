package holdfast.server.healing.agent;

import holdfast.core.base.NodeId;
import holdfast.core.healing.detect.Signal;
import holdfast.protocol.loop.Welcome;
import holdfast.server.base.Threads;
import holdfast.server.base.Ticker;
import holdfast.server.healing.sense.BeatCodec;
import holdfast.server.healing.sense.StallMeter;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.channels.DatagramChannel;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/// Sends small heartbeats to the last leader that welcomed us: they arrive even when nobody can connect to this
/// host, which tells a host that cannot receive from one that is dead.
final class Beater implements AutoCloseable {
    private static final long EVERY_NANOS_MIN = 10_000_000;
    private static final long IDLE_NANOS = 100_000_000;

    /// Where to and how often.
    private record Aim(InetSocketAddress address, BeatCodec codec, long everyNanos) {}

    private final NodeId host;
    private final long incarnation;
    private final Ticker ticker;
    private final StallMeter stalls;
    private final DatagramChannel channel;
    private final Thread thread;
    private volatile @Nullable Aim aim;
    private volatile boolean closed;

    Beater(NodeId host, long incarnation, Ticker ticker, StallMeter stalls) throws IOException {
        this.host = host;
        this.incarnation = incarnation;
        this.ticker = ticker;
        this.stalls = stalls;
        this.channel = DatagramChannel.open();
        this.thread = Threads.startPlatform("heartbeats", this::run);
    }

    /// @param address host of the stream
    void aim(String address, Welcome welcome) {
        aim = new Aim(
                new InetSocketAddress(address, welcome.getHeartbeatPort()),
                new BeatCodec(welcome.getHeartbeatKey().toByteArray()),
                Math.max(EVERY_NANOS_MIN, welcome.getHeartbeatEveryNanos()));
    }

    private void run() {
        long sequence = 0;
        long sentBootNanos = ticker.bootNanos();
        while (!closed) {
            Aim now = aim;
            try {
                if (now != null) {
                    long stalled = stalls.worstSince(sentBootNanos);
                    sentBootNanos = ticker.bootNanos();
                    channel.send(
                            now.codec.encode(new Signal.Heartbeat(host, incarnation, ++sequence, stalled)),
                            now.address);
                }
            } catch (IOException _) {
                // no route, no buffer: the silence says it
            }
            try {
                TimeUnit.NANOSECONDS.sleep(now == null ? IDLE_NANOS : now.everyNanos);
            } catch (InterruptedException _) {
                return;
            }
        }
    }

    @Override
    public void close() throws IOException {
        closed = true;
        thread.interrupt();
        channel.close();
    }
}
