package holdfast.server.truth.raft;

import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.WriteBufferWaterMark;
import io.netty.handler.ssl.SslHandler;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Supplier;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Makes connections between members, TLS and handshake included, on a thread of its own, so that a slow or
/// hostile dialler costs the driver nothing. A finished one is handed to the loop that will use it.
@SuppressWarnings("FutureReturnValueIgnored") // a failed write closes the channel, and that is seen
final class PeerSockets implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(PeerSockets.class);
    private static final String TLS = "TLSv1.3";
    private static final int CONNECT_MILLIS_MAX = 1_000;
    private static final int HANDSHAKE_MILLIS_MAX = 3_000;

    /// A peer's socket is full with this much waiting; nothing is added then.
    private static final WriteBufferWaterMark WATER = new WriteBufferWaterMark(4 << 20, 8 << 20);

    private final EventLoopGroup side;
    private final Self self;
    private final @Nullable SSLContext tls;
    private final Supplier<List<RaftLog.Peer>> members;
    private volatile String lastRefusal = "";

    /// Who this member is.
    ///
    /// @param address `host:port` where others reach it
    record Self(String clusterId, int id, String name, String address) {}

    /// What becomes of a finished connection: the loop to move to and the handler to end with there.
    record Use(EventLoop loop, ChannelHandler handler, Consumer<Channel> ready) {}

    /// @param tls for mutual TLS; null for plain sockets
    /// @param members what a newcomer is told that asks for them
    PeerSockets(Self self, @Nullable SSLContext tls, Supplier<List<RaftLog.Peer>> members) {
        this.members = members;
        this.self = self;
        this.tls = tls;
        this.side = RaftDriver.loop("raft-side");
    }

    EventLoop sideLoop() {
        return side.next();
    }

    Self self() {
        return self;
    }

    /// Listens on `host:port`; port 0 takes a free one.
    ///
    /// @param use what an accepted dialler is used for
    /// @return the port
    int listen(String host, int port, Function<Frames.Hello, Use> use) throws IOException {
        var bound = new ServerBootstrap()
                .group(side)
                .channel(SocketKind.BEST.listening())
                .option(ChannelOption.SO_REUSEADDR, true)
                .childOption(ChannelOption.TCP_NODELAY, true)
                .childOption(ChannelOption.WRITE_BUFFER_WATER_MARK, WATER)
                .childHandler(pipeline(false, () -> new Accepting(use)))
                .bind(host, port)
                .awaitUninterruptibly();
        if (!bound.isSuccess()) {
            throw new IOException("Cannot listen for members on " + host + ":" + port + ".", bound.cause());
        }
        return ((InetSocketAddress) bound.channel().localAddress()).getPort();
    }

    /// Dials a member and shakes hands.
    ///
    /// @param failed told once, on any thread, when it does not come to a finished connection
    void dial(RaftLog.Peer peer, boolean wantsSnapshot, Use use, Consumer<String> failed) {
        int colon = peer.address().lastIndexOf(':');
        if (colon < 0) {
            failed.accept("member " + peer.id() + " has no address");
            return;
        }
        String host = peer.address().substring(0, colon).replaceAll("[\\[\\]]", "");
        int port = Integer.parseInt(peer.address().substring(colon + 1));
        new Bootstrap()
                .group(side)
                .channel(SocketKind.BEST.connected())
                .option(ChannelOption.TCP_NODELAY, true)
                .option(ChannelOption.CONNECT_TIMEOUT_MILLIS, CONNECT_MILLIS_MAX)
                .option(ChannelOption.WRITE_BUFFER_WATER_MARK, WATER)
                .handler(pipeline(true, () -> new Dialling(peer, wantsSnapshot, use, failed)))
                .connect(host, port)
                .addListener(connected -> {
                    if (!connected.isSuccess()) failed.accept(String.valueOf(connected.cause()));
                });
    }

    private ChannelInitializer<Channel> pipeline(boolean dials, Supplier<Shaking> shaking) {
        return new ChannelInitializer<>() {
            @Override
            protected void initChannel(Channel channel) {
                if (tls != null) {
                    SSLEngine engine = tls.createSSLEngine();
                    engine.setUseClientMode(dials);
                    engine.setNeedClientAuth(true);
                    engine.setEnabledProtocols(new String[] {TLS}); // accepting ones would take older ones, too
                    channel.pipeline().addLast(new SslHandler(engine));
                }
                channel.pipeline().addLast(Frames.cutter(), shaking.get());
            }
        };
    }

    /// What the last member that was dialled in vain said.
    String lastRefusal() {
        return lastRefusal;
    }

    @Override
    public void close() {
        side.shutdownGracefully(0, 2, TimeUnit.SECONDS).awaitUninterruptibly(3, TimeUnit.SECONDS);
    }

    /// The first two frames of a connection.
    private abstract static class Shaking extends ChannelInboundHandlerAdapter {
        private boolean done;

        @Override
        public void channelActive(ChannelHandlerContext context) {
            context.executor()
                    .schedule(
                            () -> {
                                if (!done) context.close();
                            },
                            HANDSHAKE_MILLIS_MAX,
                            TimeUnit.MILLISECONDS);
            begin(context);
        }

        abstract void begin(ChannelHandlerContext context);

        abstract void heard(ChannelHandlerContext context, byte type, WireIn body);

        abstract void lost(String why);

        @Override
        public void channelRead(ChannelHandlerContext context, Object message) {
            ByteBuf frame = (ByteBuf) message;
            byte type = frame.readByte();
            WireIn body = new WireIn(Frames.body(frame));
            try {
                heard(context, type, body);
            } catch (WireIn.Malformed malformed) {
                refuse(context, String.valueOf(malformed.getMessage()));
            }
        }

        void refuse(ChannelHandlerContext context, String sentence) {
            LOG.warn("Refused the connection with {}: {}.", context.channel().remoteAddress(), sentence);
            context.writeAndFlush(Frames.sealed(Frames.open(Frames.REFUSED).text(sentence)))
                    .addListener(ChannelFutureListener.CLOSE);
        }

        /// Moves the connection to where it is used.
        void hand(ChannelHandlerContext context, Use use) {
            done = true;
            Channel channel = context.channel();
            channel.pipeline().replace(this, "use", use.handler());
            if (use.loop().inEventLoop()) {
                channel.config().setAutoRead(true);
                use.ready().accept(channel);
                return;
            }
            channel.deregister()
                    .addListener(_ -> use.loop()
                            .register(channel)
                            .addListener(_ -> use.loop().execute(() -> {
                                channel.config().setAutoRead(true);
                                use.ready().accept(channel);
                            })));
        }

        @Override
        public void channelInactive(ChannelHandlerContext context) {
            if (!done) lost("the connection closed during the handshake");
        }

        @Override
        @SuppressWarnings("deprecation") // it is deprecated in another type that declares it
        public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
            LOG.debug("The connection with {} failed.", context.channel().remoteAddress(), cause);
            context.close();
        }
    }

    private final class Dialling extends Shaking {
        private final RaftLog.Peer peer;
        private final boolean wantsSnapshot;
        private final Use use;
        private final Consumer<String> failed;

        Dialling(RaftLog.Peer peer, boolean wantsSnapshot, Use use, Consumer<String> failed) {
            this.peer = peer;
            this.wantsSnapshot = wantsSnapshot;
            this.use = use;
            this.failed = failed;
        }

        @Override
        void begin(ChannelHandlerContext context) {
            context.writeAndFlush(Frames.hello(new Frames.Hello(
                    Frames.Hello.VERSION,
                    self.clusterId(),
                    self.id(),
                    self.name(),
                    self.address(),
                    peer.id(),
                    wantsSnapshot)));
        }

        @Override
        void heard(ChannelHandlerContext context, byte type, WireIn body) {
            if (type == Frames.WELCOME) {
                context.channel().config().setAutoRead(false);
                hand(context, use);
                return;
            }
            String said = type == Frames.REFUSED ? body.text() : "it answered with frame type " + type;
            if (!said.equals(lastRefusal)) {
                LOG.warn("Member {} at {} refused the connection: {}.", peer.id(), peer.address(), said);
            }
            lastRefusal = said;
            context.close();
        }

        @Override
        void lost(String why) {
            failed.accept(why);
        }
    }

    private final class Accepting extends Shaking {
        private final Function<Frames.Hello, Use> use;

        Accepting(Function<Frames.Hello, Use> use) {
            this.use = use;
        }

        @Override
        void begin(ChannelHandlerContext context) {}

        @Override
        void heard(ChannelHandlerContext context, byte type, WireIn body) {
            if (type == Frames.REFUSED) return;
            if (type == Frames.ASK_MEMBERS) {
                Frames.checkAsker(body);
                context.writeAndFlush(Frames.members(self.clusterId(), members.get()))
                        .addListener(ChannelFutureListener.CLOSE);
                return;
            }
            if (type != Frames.HELLO) throw new WireIn.Malformed("a connection begins with a hello");
            Frames.Hello hello = Frames.hello(body);
            if (!hello.clusterId().equals(self.clusterId())) {
                refuse(
                        context,
                        "it belongs to cluster " + hello.clusterId() + "; this member belongs to " + self.clusterId());
            } else if (hello.to() != self.id()) {
                refuse(context, "it looks for member " + hello.to() + "; this is member " + self.id());
            } else if (hello.from() == self.id()) {
                refuse(context, "it calls itself member " + self.id() + ", and so does this one");
            } else {
                context.channel().config().setAutoRead(false);
                context.writeAndFlush(Frames.sealed(Frames.open(Frames.WELCOME)))
                        .addListener(_ -> hand(context, use.apply(hello)));
            }
        }

        @Override
        void lost(String why) {
            LOG.debug("An incoming connection ended: {}.", why);
        }
    }
}
