package holdfast.server.truth.etcd;

import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.codec.http2.Http2Exception;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Keeps what went wrong with one call from ending the others of its connection. A client that ends its call and resets
/// it in one breath (etcd's does, when it stops keeping a lease alive) cancels the end of our answer while that waits
/// to be written; Vert.x takes that failed write for a failure of the connection, and closes it.
final class StreamErrors extends ChannelInboundHandlerAdapter {
    private static final Logger LOG = LoggerFactory.getLogger(StreamErrors.class);

    @Override
    @SuppressWarnings("deprecation") // it is deprecated in another type that declares it
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
        if (cause instanceof Http2Exception.StreamException) LOG.debug("A call ended: {}.", cause.getMessage());
        else context.fireExceptionCaught(cause);
    }
}
