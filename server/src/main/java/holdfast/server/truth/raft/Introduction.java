package holdfast.server.truth.raft;

import io.netty.buffer.ByteBuf;
import java.io.DataInputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.util.List;
import javax.net.SocketFactory;
import javax.net.ssl.SSLContext;
import org.jspecify.annotations.Nullable;

/// How a member that was added to a running cluster learns which cluster that is and which number it got: it
/// asks one of those who are there. Waits; for the start of a process.
public final class Introduction {
    private static final int LIMIT_MILLIS = 2_000;
    private static final int ANSWER_BYTES_MAX = 1 << 20;

    private Introduction() {}

    /// @param clusterId in hex, as the members say it
    /// @param peers the members as the asked one knows them
    public record Found(String clusterId, List<RaftLog.Peer> peers) {}

    /// Asks the member that listens at `address`.
    ///
    /// Throws [IOException] when it does not answer within two seconds, or not in our language.
    @SuppressWarnings("AddressSelection") // whichever number the name has first
    public static Found ask(String address, @Nullable SSLContext tls) throws IOException {
        int colon = address.lastIndexOf(':');
        String host = address.substring(0, colon).replaceAll("[\\[\\]]", "");
        InetSocketAddress to = new InetSocketAddress(host, Integer.parseInt(address.substring(colon + 1)));
        SocketFactory sockets = tls == null ? SocketFactory.getDefault() : tls.getSocketFactory();
        try (Socket socket = sockets.createSocket()) {
            socket.connect(to, LIMIT_MILLIS);
            socket.setSoTimeout(LIMIT_MILLIS);
            OutputStream out = socket.getOutputStream();
            ByteBuf frame = Frames.askMembers();
            out.write(frame.array(), frame.arrayOffset(), frame.readableBytes());
            out.flush();
            return read(new DataInputStream(socket.getInputStream()));
        } catch (WireIn.Malformed malformed) {
            throw new IOException(malformed.getMessage(), malformed);
        }
    }

    private static Found read(DataInputStream in) throws IOException {
        int bytes = in.readInt();
        if (bytes < 1 || bytes > ANSWER_BYTES_MAX) throw new IOException("an answer of " + bytes + " bytes");
        byte type = in.readByte();
        WireIn body = new WireIn(in.readNBytes(bytes - 1));
        if (type == Frames.REFUSED) throw new IOException("refused: " + body.text());
        if (type != Frames.MEMBERS) throw new IOException("it answered with frame type " + type);
        return Frames.members(body);
    }
}
