package holdfast.bench;

import com.google.protobuf.ByteString;
import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.handler.codec.http2.Http2ConnectionHandler;
import io.netty.handler.codec.http2.Http2ConnectionHandlerBuilder;
import io.netty.handler.codec.http2.Http2Exception;
import io.netty.handler.codec.http2.Http2FrameAdapter;
import io.netty.handler.codec.http2.Http2Headers;
import io.netty.handler.codec.http2.Http2Settings;
import io.netty.handler.codec.http2.Http2Stream;
import io.netty.handler.codec.http2.ReadOnlyHttp2Headers;
import io.netty.util.AsciiString;
import io.netty.util.collection.IntObjectHashMap;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/// One connection that carries gRPC calls with as little work as can be: the generator shares the cores with what
/// it measures. Everything runs on one event loop.
@SuppressWarnings("FutureReturnValueIgnored") // a failed write closes the channel, and that is seen
final class Wire implements AutoCloseable {
    private static final int WINDOW_BYTES = 64 << 20;
    private static final int CONNECTION_WINDOW_BYTES = 16 << 20;
    private static final int FRAME_BYTES_MAX = 1 << 20;
    private static final int PREFIX_BYTES = 5;
    private static final AsciiString STATUS = AsciiString.cached("grpc-status");

    /// What a call brings. Called on the event loop.
    interface Answer {
        /// Some of the messages' bytes, prefixes included; not to be kept.
        default void bytes(ByteBuf some) {}

        /// The last word, once.
        void over(boolean good);
    }

    private final EventLoop loop;
    private final Http2ConnectionHandler handler;
    private final Channel channel;
    private final ChannelHandlerContext context;
    private final IntObjectHashMap<Answer> underWay;
    private boolean flushDue;

    private Wire(EventLoop loop, Channel channel, Http2ConnectionHandler handler, IntObjectHashMap<Answer> underWay) {
        this.loop = loop;
        this.channel = channel;
        this.handler = handler;
        this.underWay = underWay;
        context = channel.pipeline().context(handler);
        channel.pipeline().addLast(new ChannelInboundHandlerAdapter() {
            @Override
            public void channelInactive(ChannelHandlerContext gone) {
                lose();
            }
        });
    }

    /// The head of every call of one method.
    static Http2Headers head(String path) {
        return ReadOnlyHttp2Headers.clientHeaders(
                false,
                AsciiString.cached("POST"),
                AsciiString.cached(path),
                AsciiString.cached("http"),
                AsciiString.cached("bench"),
                AsciiString.cached("content-type"),
                AsciiString.cached("application/grpc"),
                AsciiString.cached("te"),
                AsciiString.cached("trailers"));
    }

    static Wire connect(EventLoop loop, int port) throws IOException, InterruptedException {
        IntObjectHashMap<Answer> underWay = new IntObjectHashMap<>();
        Http2ConnectionHandler handler = new Http2ConnectionHandlerBuilder()
                .server(false)
                .frameListener(new Frames(underWay))
                .gracefulShutdownTimeoutMillis(0) // what is under way is given up
                .initialSettings(Http2Settings.defaultSettings()
                        .initialWindowSize(WINDOW_BYTES)
                        .maxFrameSize(FRAME_BYTES_MAX)
                        .pushEnabled(false))
                .build();
        var dialled = new Bootstrap()
                .group(loop)
                .channel(NioSocketChannel.class)
                .option(ChannelOption.TCP_NODELAY, true)
                .handler(handler)
                .connect("127.0.0.1", port)
                .await();
        if (!dialled.isSuccess()) throw new IOException("port " + port + ": " + dialled.cause());
        Wire wire = new Wire(loop, dialled.channel(), handler, underWay);
        loop.execute(wire::widen);
        return wire;
    }

    /// The connection's own window, too: 64 KiB, which HTTP/2 begins with, would measure how often it is renewed. Go's
    /// client of etcd widens it by what it measures, up to 16 MiB.
    private void widen() {
        try {
            Http2Stream whole = handler.connection().connectionStream();
            handler.decoder().flowController().incrementWindowSize(whole, CONNECTION_WINDOW_BYTES);
            handler.flush(context);
        } catch (Http2Exception failed) {
            throw new IllegalStateException(failed);
        }
    }

    EventLoop loop() {
        return loop;
    }

    /// Sends one message. On the event loop.
    ///
    /// @param ends whether the client says no more
    /// @return the stream's number, for [#more]; 0 when the connection is gone, and the answer says so
    int call(Http2Headers head, ByteString message, boolean ends, Answer answer) {
        if (!channel.isActive()) {
            answer.over(false);
            return 0;
        }
        int stream = handler.connection().local().incrementAndGetNextStreamId();
        underWay.put(stream, answer);
        handler.encoder().writeHeaders(context, stream, head, 0, false, context.newPromise());
        more(stream, message, ends);
        return stream;
    }

    /// Sends a further message of a stream. On the event loop.
    void more(int stream, ByteString message, boolean ends) {
        ByteBuf framed = channel.alloc().buffer(PREFIX_BYTES + message.size());
        framed.writeByte(0).writeInt(message.size()).writeBytes(message.asReadOnlyByteBuffer());
        handler.encoder().writeData(context, stream, framed, 0, ends, context.newPromise());
        if (flushDue) return;
        flushDue = true;
        loop.execute(() -> {
            flushDue = false;
            handler.flush(context);
        });
    }

    private void lose() {
        List<Answer> left = new ArrayList<>(underWay.values());
        underWay.clear();
        left.forEach(answer -> answer.over(false));
    }

    @Override
    public void close() {
        channel.close().awaitUninterruptibly();
    }

    /// What comes back.
    private static final class Frames extends Http2FrameAdapter {
        private final IntObjectHashMap<Answer> underWay;

        Frames(IntObjectHashMap<Answer> underWay) {
            this.underWay = underWay;
        }

        @Override
        public int onDataRead(ChannelHandlerContext context, int stream, ByteBuf data, int padding, boolean last) {
            int flow = data.readableBytes() + padding;
            Answer answer = underWay.get(stream);
            if (answer != null) answer.bytes(data);
            if (last) end(stream, false);
            return flow;
        }

        @Override
        public void onHeadersRead(
                ChannelHandlerContext context, int stream, Http2Headers headers, int padding, boolean last) {
            if (last) end(stream, AsciiString.contentEquals("0", headers.get(STATUS, "")));
        }

        @Override
        public void onHeadersRead(
                ChannelHandlerContext context,
                int stream,
                Http2Headers headers,
                int dependency,
                short weight,
                boolean exclusive,
                int padding,
                boolean last) {
            onHeadersRead(context, stream, headers, padding, last);
        }

        @Override
        public void onRstStreamRead(ChannelHandlerContext context, int stream, long error) {
            end(stream, false);
        }

        private void end(int stream, boolean good) {
            Answer answer = underWay.remove(stream);
            if (answer != null) answer.over(good);
        }
    }
}
