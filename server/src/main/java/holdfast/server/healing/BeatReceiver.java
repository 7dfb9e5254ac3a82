package holdfast.server.healing;

import holdfast.core.healing.Input;
import holdfast.server.base.Threads;
import holdfast.server.healing.sense.BeatCodec;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.DatagramChannel;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Hears heartbeats on a UDP port of its own thread; what is not signed with our key is dropped.
final class BeatReceiver implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(BeatReceiver.class);

    private final DatagramChannel channel;
    private final BeatCodec codec;
    private final Consumer<Input> inbox;

    /// @param port preferred; another free one is taken when it is in use
    BeatReceiver(String listenHost, int port, byte[] key, Consumer<Input> inbox) throws IOException {
        this.channel = DatagramChannel.open();
        this.codec = new BeatCodec(key);
        this.inbox = inbox;
        try {
            channel.bind(new InetSocketAddress(listenHost, port));
        } catch (IOException taken) {
            channel.bind(new InetSocketAddress(listenHost, 0));
        }
        Threads.startPlatform("heartbeats in", this::run);
    }

    int port() throws IOException {
        return ((InetSocketAddress) channel.getLocalAddress()).getPort();
    }

    private void run() {
        ByteBuffer datagram = ByteBuffer.allocate(BeatCodec.DATAGRAM_BYTES_MAX);
        while (channel.isOpen()) {
            try {
                datagram.clear();
                channel.receive(datagram);
                codec.decode(datagram.flip()).ifPresent(beat -> inbox.accept(new Input.Heard(beat)));
            } catch (IOException ended) {
                if (channel.isOpen()) LOG.warn("Heartbeats cannot be heard: {}", ended.toString());
            }
        }
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }
}
