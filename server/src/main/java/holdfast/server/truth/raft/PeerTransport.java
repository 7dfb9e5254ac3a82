package holdfast.server.truth.raft;

import holdfast.server.base.Ticker;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Carries messages between members. Each member dials each other one and speaks on the connection that it
/// dialled; if either of the two closes, so does the other, and the member is told gone at once.
///
/// What cannot be sent now, because nobody is there or 8 MiB wait already, is dropped and counted: the engine
/// repeats what matters. Everything here runs on the driver's thread.
@SuppressWarnings("FutureReturnValueIgnored") // a failed write closes the channel, and that is seen
final class PeerTransport {
    private static final Logger LOG = LoggerFactory.getLogger(PeerTransport.class);
    private static final long PING_NANOS = 500_000_000L;
    private static final long SILENCE_NANOS_MAX = 3_000_000_000L;
    private static final long BACKOFF_NANOS_MIN = 20_000_000L;
    private static final long BACKOFF_NANOS_MAX = 500_000_000L;

    private final RaftDriver driver;
    private final PeerSockets sockets;
    private final Ticker ticker;
    private final Listener listener;
    private final TreeMap<Integer, Link> links = new TreeMap<>();
    private final List<Channel> written = new ArrayList<>();
    private final LongAdder dropped = new LongAdder();
    private final LongAdder dialFailures = new LongAdder();
    private RaftLog.PeerEar ear = RaftLog.PeerEar.DEAF;
    private long lastTickNanos;
    private boolean closed;

    /// Told on the driver's thread.
    interface Listener {
        void received(int peer, EngineMessage message);

        /// A connection with `peer` that stood is closed.
        void gone(int peer);
    }

    PeerTransport(RaftDriver driver, PeerSockets sockets, Ticker ticker, Listener listener) {
        this.driver = driver;
        this.sockets = sockets;
        this.ticker = ticker;
        this.listener = listener;
    }

    /// Begins to watch over the connections.
    void start() {
        lastTickNanos = ticker.nanos();
        driver.schedule(this::tick, PING_NANOS);
    }

    void onTraffic(RaftLog.PeerEar newEar) {
        ear = newEar;
    }

    /// One other member.
    private static final class Link {
        private RaftLog.Peer peer;
        private @Nullable Channel out;
        private @Nullable Channel in;
        private boolean dialling;
        private boolean dirty;
        private long backoffNanos = BACKOFF_NANOS_MIN;
        private long heardNanos;
        private long pingedNanos; // 0 while no answer is due

        Link(RaftLog.Peer peer) {
            this.peer = peer;
        }
    }

    /// Connects to exactly these members, this one aside.
    void peers(List<RaftLog.Peer> peers) {
        for (RaftLog.Peer peer : peers) {
            if (peer.id() == sockets.self().id() || peer.address().isEmpty()) continue;
            Link link = links.computeIfAbsent(peer.id(), _ -> new Link(peer));
            link.peer = peer;
            dial(link);
        }
        List<Integer> wanted = peers.stream().map(RaftLog.Peer::id).toList();
        for (Link link : List.copyOf(links.values())) {
            if (wanted.contains(link.peer.id())) continue;
            links.remove(link.peer.id());
            close(link);
        }
    }

    void send(int peer, EngineMessage message) {
        Link link = links.get(peer);
        Channel out = link == null ? null : link.out;
        if (link == null || out == null || !out.isActive() || !out.isWritable()) {
            dropped.increment();
            ear.notSent(peer);
            return;
        }
        WireOut frame = Frames.open(Frames.MESSAGE);
        MessageCodec.encode(message, frame);
        write(link, out, Frames.sealed(frame));
    }

    boolean reachable(int peer) {
        Link link = links.get(peer);
        return link != null && link.out != null && link.out.isActive();
    }

    RaftLog.@Nullable Peer peer(int id) {
        Link link = links.get(id);
        return link == null ? null : link.peer;
    }

    /// Connections tried in vain.
    long dialFailures() {
        return dialFailures.sum();
    }

    /// Messages that were not sent.
    long dropped() {
        return dropped.sum();
    }

    /// What an accepted member's connection is used for.
    PeerSockets.Use accept(Frames.Hello hello) {
        return new PeerSockets.Use(
                driver.loop(), new Carrier(hello.from()), channel -> driver.run(() -> accepted(hello, channel)));
    }

    void close() {
        closed = true;
        links.values().forEach(PeerTransport::close);
        links.clear();
    }

    private void dial(Link link) {
        if (closed || link.dialling || link.out != null) return;
        link.dialling = true;
        int id = link.peer.id();
        sockets.dial(
                link.peer,
                false,
                new PeerSockets.Use(driver.loop(), new Carrier(id), channel -> driver.run(() -> dialled(id, channel))),
                why -> driver.execute(() -> notDialled(id, why)));
    }

    private void dialled(int id, Channel channel) {
        Link link = links.get(id);
        if (closed || link == null || !channel.isActive()) {
            channel.close();
            if (link != null) notDialled(id, "the connection closed at once");
            return;
        }
        link.dialling = false;
        link.out = channel;
        link.backoffNanos = BACKOFF_NANOS_MIN;
        link.heardNanos = ticker.nanos();
        LOG.debug("Connected to member {} at {}.", id, link.peer.address());
    }

    private void notDialled(int id, String why) {
        Link link = links.get(id);
        if (link == null || !link.dialling) return;
        LOG.debug("Member {} at {} cannot be reached: {}.", id, link.peer.address(), why);
        link.dialling = false;
        dialFailures.increment();
        redial(link);
    }

    private void redial(Link link) {
        int id = link.peer.id();
        driver.schedule(
                () -> {
                    Link now = links.get(id);
                    if (now != null) dial(now);
                },
                link.backoffNanos);
        link.backoffNanos = Math.min(link.backoffNanos * 2, BACKOFF_NANOS_MAX);
    }

    private void accepted(Frames.Hello hello, Channel channel) {
        if (closed || !channel.isActive()) {
            channel.close();
            return;
        }
        RaftLog.Peer peer = new RaftLog.Peer(hello.from(), hello.name(), hello.address(), false);
        Link link = links.computeIfAbsent(hello.from(), _ -> new Link(peer));
        Channel before = link.in;
        link.in = channel;
        link.heardNanos = ticker.nanos();
        if (before != null) before.close();
        dial(link); // whoever dials can be dialled
    }

    private void ended(int id, Channel channel) {
        Link link = links.get(id);
        if (link == null || (!channel.equals(link.out) && !channel.equals(link.in))) return;
        close(link);
        LOG.info("The connection with member {} closed.", id);
        listener.gone(id);
        if (!link.dialling) redial(link);
    }

    private static void close(Link link) {
        Channel out = link.out;
        Channel in = link.in;
        link.out = null;
        link.in = null;
        if (out != null) out.close();
        if (in != null) in.close();
    }

    private void write(Link link, Channel channel, ByteBuf frame) {
        ear.sent(link.peer.id(), frame.readableBytes());
        channel.write(frame, channel.voidPromise());
        if (link.dirty) return;
        link.dirty = true;
        written.add(channel);
    }

    /// One write a turn and member, whatever was said.
    void write() {
        if (written.isEmpty()) return;
        links.values().forEach(link -> link.dirty = false);
        written.forEach(Channel::flush);
        written.clear();
    }

    private void tick() {
        long nowNanos = ticker.nanos();
        boolean late = nowNanos - lastTickNanos > 2 * PING_NANOS; // we slept, not they
        lastTickNanos = nowNanos;
        for (Link link : List.copyOf(links.values())) {
            if (late) link.heardNanos = nowNanos;
            Channel out = link.out;
            if (out != null && out.isWritable()) {
                link.pingedNanos = nowNanos;
                write(link, out, Frames.sealed(Frames.open(Frames.PING)));
            }
            Channel standing = out != null ? out : link.in;
            if (standing != null && nowNanos - link.heardNanos > SILENCE_NANOS_MAX) ended(link.peer.id(), standing);
        }
        driver.schedule(this::tick, PING_NANOS);
    }

    private void heard(int id, Channel channel, byte type, byte[] body) {
        Link link = links.get(id);
        if (link == null) return;
        link.heardNanos = ticker.nanos();
        ear.received(id, body.length);
        if (type == Frames.MESSAGE) {
            listener.received(id, MessageCodec.decode(body));
        } else if (type == Frames.PING) {
            channel.writeAndFlush(Frames.sealed(Frames.open(Frames.PONG)), channel.voidPromise());
        } else if (type == Frames.PONG) {
            if (link.pingedNanos != 0) ear.roundTrip(id, link.heardNanos - link.pingedNanos);
            link.pingedNanos = 0;
        } else {
            throw new WireIn.Malformed("frame type " + type);
        }
    }

    /// The end of a connection that carries messages.
    private final class Carrier extends ChannelInboundHandlerAdapter {
        private final int peer;

        Carrier(int peer) {
            this.peer = peer;
        }

        @Override
        public void channelRead(ChannelHandlerContext context, Object message) {
            ByteBuf frame = (ByteBuf) message;
            byte type = frame.readByte();
            byte[] body = Frames.body(frame);
            driver.run(() -> {
                try {
                    heard(peer, context.channel(), type, body);
                } catch (WireIn.Malformed malformed) {
                    LOG.warn("Member {} sent what nobody understands: {}.", peer, malformed.getMessage());
                    context.close();
                }
            });
        }

        @Override
        public void channelInactive(ChannelHandlerContext context) {
            driver.run(() -> ended(peer, context.channel()));
        }

        @Override
        @SuppressWarnings("deprecation") // it is deprecated in another type that declares it
        public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
            LOG.debug("The connection with member {} failed.", peer, cause);
            context.close();
        }
    }
}
