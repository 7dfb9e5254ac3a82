package holdfast.server.truth.etcd;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOutboundHandlerAdapter;
import io.netty.channel.ChannelPipeline;
import io.netty.channel.ChannelPromise;
import io.netty.handler.codec.http2.Http2ConnectionHandler;

/// Hears which frames a connection sends: each frame with data or headers of an answer, however long the message is of
/// which it is a part. A client that measures its bandwidth pings once for each round trip of a long message.
final class SentFrames extends ChannelOutboundHandlerAdapter {
    private static final int HEAD_BYTES = 9; // RFC 9113, 4.1
    private static final int TYPE_AT = 3;
    private static final int DATA = 0;
    private static final int HEADERS = 1;

    private final Runnable sent;

    private SentFrames(Runnable sent) {
        this.sent = sent;
    }

    /// @param sent told on the connection's event loop
    static void hear(ChannelPipeline pipeline, Runnable sent) {
        ChannelHandlerContext frames = pipeline.context(Http2ConnectionHandler.class);
        if (frames != null) pipeline.addBefore(frames.name(), SentFrames.class.getName(), new SentFrames(sent));
    }

    @Override
    public void write(ChannelHandlerContext context, Object message, ChannelPromise promise) {
        if (message instanceof ByteBuf bytes && bytes.readableBytes() >= HEAD_BYTES) {
            byte type = bytes.getByte(bytes.readerIndex() + TYPE_AT);
            if (type == DATA || type == HEADERS) sent.run();
        }
        var _ = context.write(message, promise); // its end is that of the promise
    }
}
