package holdfast.server.truth.raft;

import io.netty.channel.IoHandlerFactory;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.ServerSocketChannel;
import io.netty.channel.socket.SocketChannel;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.channel.socket.nio.NioSocketChannel;

/// How event loops and sockets talk to the operating system: all of one process alike, since sockets move between
/// loops.
///
/// @param loops for each event loop
record SocketKind(
        IoHandlerFactory loops,
        Class<? extends ServerSocketChannel> listening,
        Class<? extends SocketChannel> connected) {
    /// Epoll costs less than what the JDK puts over it; where there is none, the JDK's.
    static final SocketKind BEST = Epoll.isAvailable()
            ? new SocketKind(EpollIoHandler.newFactory(), EpollServerSocketChannel.class, EpollSocketChannel.class)
            : new SocketKind(NioIoHandler.newFactory(), NioServerSocketChannel.class, NioSocketChannel.class);
}
