package holdfast.server.truth.bounds;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.google.protobuf.ByteString;
import com.google.protobuf.CodedInputStream;
import com.google.protobuf.MessageLite;
import com.google.protobuf.Parser;
import com.google.protobuf.WireFormat;
import holdfast.protocol.etcd.RangeResponse;
import holdfast.protocol.mvcc.KeyValue;
import java.io.BufferedOutputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.util.Map;
import java.util.function.Consumer;

/// A gRPC client on a bare socket that reads only what it is told to read. Its HTTP/2 windows are as wide as they get,
/// so that nothing but the socket holds the server up (RFC 9113). One thread.
final class BareHttp2 implements AutoCloseable {
    private static final int DATA = 0;
    private static final int HEADERS = 1;
    private static final int RESET = 3;
    private static final int SETTINGS = 4;
    private static final int PING = 6;
    private static final int GO_AWAY = 7;
    private static final int WINDOW_UPDATE = 8;
    private static final int END_STREAM = 1;
    private static final int CANCEL = 8;
    private static final int ACK = 1;
    private static final int END_HEADERS = 4;
    private static final int WIDEST = Integer.MAX_VALUE;
    private static final int FIRST_WINDOW = 65_535;
    private static final int GRPC_PREFIX = 5;

    private final Socket socket;
    private final OutputStream out;
    private final DataInputStream in;
    private int nextStream = 1;

    /// @param receiveBytes of the socket; 0 for the system's own choice
    BareHttp2(int port, int receiveBytes) throws IOException {
        socket = new Socket();
        if (receiveBytes > 0) socket.setReceiveBufferSize(receiveBytes);
        socket.connect(new java.net.InetSocketAddress(InetAddress.getLoopbackAddress(), port), 10_000);
        socket.setSoTimeout(60_000);
        out = new BufferedOutputStream(socket.getOutputStream(), 1 << 16);
        in = new DataInputStream(new java.io.BufferedInputStream(socket.getInputStream(), 1 << 16));
        out.write("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".getBytes(UTF_8));
        frame(SETTINGS, 0, 0, new byte[] {0, 4, 0x7f, -1, -1, -1}); // the window of each stream
        frame(WINDOW_UPDATE, 0, 0, number(WIDEST - FIRST_WINDOW));
        out.flush();
    }

    /// Sends one call, whole. Returns its stream.
    int ask(String path, MessageLite request) throws IOException {
        int stream = open(path);
        say(stream, request, true);
        return stream;
    }

    /// Begins a call.
    int open(String path) throws IOException {
        ByteArrayOutputStream head = new ByteArrayOutputStream();
        for (Map.Entry<String, String> field : Map.of(
                        ":method", "POST", ":scheme", "http", ":path", "/" + path, ":authority", "localhost")
                .entrySet()) header(head, field.getKey(), field.getValue());
        header(head, "content-type", "application/grpc");
        header(head, "te", "trailers");
        int stream = nextStream;
        nextStream += 2;
        frame(HEADERS, END_HEADERS, stream, head.toByteArray());
        return stream;
    }

    void say(int stream, MessageLite request, boolean last) throws IOException {
        byte[] body = request.toByteArray();
        byte[] message = new byte[GRPC_PREFIX + body.length];
        System.arraycopy(number(body.length), 0, message, 1, 4);
        System.arraycopy(body, 0, message, GRPC_PREFIX, body.length);
        frame(DATA, last ? END_STREAM : 0, stream, message);
    }

    /// Ends the call, and resets its stream in the same breath.
    void endAndReset(int stream) throws IOException {
        frame(DATA, END_STREAM, stream, new byte[0]);
        frame(RESET, 0, stream, number(CANCEL));
    }

    void flush() throws IOException {
        out.flush();
    }

    /// A literal that is not indexed, without Huffman's code (RFC 7541, 6.2.2).
    private static void header(ByteArrayOutputStream head, String name, String value) {
        head.write(0);
        head.write(name.length());
        head.writeBytes(name.getBytes(UTF_8));
        head.write(value.length());
        head.writeBytes(value.getBytes(UTF_8));
    }

    private static byte[] number(int value) {
        return new byte[] {(byte) (value >> 24), (byte) (value >> 16), (byte) (value >> 8), (byte) value};
    }

    private void frame(int type, int flags, int stream, byte[] payload) throws IOException {
        int length = payload.length;
        out.write(new byte[] {(byte) (length >> 16), (byte) (length >> 8), (byte) length, (byte) type, (byte) flags});
        out.write(number(stream));
        out.write(payload);
    }

    /// A frame of data, or of another kind that concerns a stream.
    private record Frame(int type, int flags, int stream, byte[] payload) {
        boolean ends() {
            return type == RESET || ((type == DATA || type == HEADERS) && (flags & END_STREAM) != 0);
        }
    }

    private Frame next() throws IOException {
        while (true) {
            int length = in.readUnsignedByte() << 16 | in.readUnsignedShort();
            int type = in.readUnsignedByte();
            int flags = in.readUnsignedByte();
            int stream = in.readInt();
            byte[] payload = in.readNBytes(length);
            if (payload.length < length || type == GO_AWAY) throw new EOFException("the server went away");
            if (type == SETTINGS && (flags & ACK) == 0) reply(SETTINGS, new byte[0]);
            else if (type == PING && (flags & ACK) == 0) reply(PING, payload);
            else if (type == DATA || type == HEADERS || type == RESET) return new Frame(type, flags, stream, payload);
        }
    }

    private void reply(int type, byte[] payload) throws IOException {
        frame(type, ACK, 0, payload);
        out.flush();
    }

    /// Reads until so many calls have ended. For calls whose answers do not matter.
    void awaitEnds(int calls) throws IOException {
        flush();
        for (int left = calls; left > 0; ) if (next().ends()) left--;
    }

    /// The one answer of a small call.
    <A> A answer(int stream, Parser<A> parser) throws IOException {
        flush();
        return parser.parseFrom(messages(stream).readAllBytes());
    }

    /// The next message of a call that goes on, if it comes in one frame.
    <A> A message(int stream, Parser<A> parser) throws IOException {
        flush();
        Frame frame = next();
        while (frame.stream != stream || frame.type != DATA) frame = next();
        return parser.parseFrom(ByteString.copyFrom(frame.payload).substring(GRPC_PREFIX));
    }

    /// The answer to a range, pair by pair, however long it is.
    ///
    /// @return the rest of the answer, without pairs
    RangeResponse range(int stream, Consumer<KeyValue> pair) throws IOException {
        flush();
        CodedInputStream message = CodedInputStream.newInstance(messages(stream));
        message.setSizeLimit(Integer.MAX_VALUE);
        RangeResponse.Builder rest = RangeResponse.newBuilder();
        for (int tag = message.readTag(); tag != 0; tag = message.readTag()) {
            if (WireFormat.getTagFieldNumber(tag) == RangeResponse.KVS_FIELD_NUMBER) {
                pair.accept(KeyValue.parseFrom(message.readBytes()));
                message.resetSizeCounter();
            } else {
                switch (WireFormat.getTagFieldNumber(tag)) {
                    case RangeResponse.MORE_FIELD_NUMBER -> rest.setMore(message.readBool());
                    case RangeResponse.COUNT_FIELD_NUMBER -> rest.setCount(message.readInt64());
                    case RangeResponse.HEADER_FIELD_NUMBER ->
                        rest.setHeader(holdfast.protocol.etcd.ResponseHeader.parseFrom(message.readBytes()));
                    default -> throw new IOException("unknown field in " + tag);
                }
            }
        }
        return rest.build();
    }

    /// The bytes of a stream's one message. Frames of other streams are passed over.
    private InputStream messages(int stream) {
        return new InputStream() {
            private byte[] chunk = new byte[0];
            private int at;
            private int prefixLeft = GRPC_PREFIX;
            private boolean over;

            @Override
            public int read() throws IOException {
                return fill() ? chunk[at++] & 0xff : -1;
            }

            @Override
            public int read(byte[] into, int from, int length) throws IOException {
                if (!fill()) return -1;
                int taken = Math.min(length, chunk.length - at);
                System.arraycopy(chunk, at, into, from, taken);
                at += taken;
                return taken;
            }

            private boolean fill() throws IOException {
                while (at == chunk.length) {
                    if (over) return false;
                    Frame frame = next();
                    if (frame.stream != stream) continue;
                    over = frame.ends();
                    if (frame.type != DATA) continue;
                    chunk = frame.payload;
                    at = Math.min(prefixLeft, chunk.length);
                    prefixLeft -= at;
                }
                return true;
            }
        };
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }
}
