package holdfast.server.redundancy.redis;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.io.BufferedInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketException;
import java.util.ArrayList;
import java.util.List;

/// A client that says exactly what it is told and reads reply by reply. Replies are shown as text: `+OK`, `-ERR ...`,
/// `:1`, a string as it is, `nil`, `[a, b]`, in version 3 also `{k=v}` and `>[...]`.
final class RawRedis implements AutoCloseable {
    private static final int LIMIT_MILLIS = 20_000;

    private final Socket socket;
    private final InputStream in;

    RawRedis(int port) {
        try {
            socket = new Socket(InetAddress.getLoopbackAddress(), port);
            socket.setSoTimeout(LIMIT_MILLIS);
            socket.setTcpNoDelay(true);
            in = new BufferedInputStream(socket.getInputStream());
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
    }

    RawRedis raw(String text) {
        try {
            socket.getOutputStream().write(text.getBytes(ISO_8859_1));
            return this;
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
    }

    static String command(String... words) {
        StringBuilder text = new StringBuilder("*" + words.length + "\r\n");
        for (String word : words) {
            text.append('$').append(word.length()).append("\r\n").append(word).append("\r\n");
        }
        return text.toString();
    }

    RawRedis send(String... words) {
        return raw(command(words));
    }

    String ask(String... words) {
        return send(words).reply();
    }

    /// The next reply; `closed` when there will be none.
    String reply() {
        try {
            return read();
        } catch (EOFException | SocketException _) {
            return "closed";
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
    }

    /// Whether nothing comes within a while.
    boolean isSilent(int millis) {
        try {
            socket.setSoTimeout(millis);
            in.mark(1);
            int next = in.read();
            if (next >= 0) in.reset();
            return false;
        } catch (java.net.SocketTimeoutException _) {
            return true;
        } catch (IOException _) {
            return false;
        } finally {
            try {
                socket.setSoTimeout(LIMIT_MILLIS);
            } catch (SocketException _) {
                // closed
            }
        }
    }

    private String read() throws IOException {
        int type = in.read();
        if (type < 0) throw new EOFException();
        String line = line();
        return switch (type) {
            case '+', '-', ':', '#', ',', '(' -> (char) type + line;
            case '_' -> "nil";
            case '$', '=', '!' -> text(Integer.parseInt(line));
            case '*', '~' -> list(Integer.parseInt(line));
            case '>' -> ">" + list(Integer.parseInt(line));
            case '%' -> {
                List<String> pairs = new ArrayList<>();
                for (int left = Integer.parseInt(line); left > 0; left--) pairs.add(read() + "=" + read());
                yield "{" + String.join(", ", pairs) + "}";
            }
            default -> throw new AssertionError("not a reply: " + (char) type + line);
        };
    }

    private String list(int count) throws IOException {
        if (count < 0) return "nil";
        List<String> all = new ArrayList<>();
        for (int left = count; left > 0; left--) all.add(read());
        return "[" + String.join(", ", all) + "]";
    }

    private String text(int length) throws IOException {
        if (length < 0) return "nil";
        String text = new String(in.readNBytes(length), ISO_8859_1);
        if (text.length() < length || in.readNBytes(2).length < 2) throw new EOFException();
        return text;
    }

    private String line() throws IOException {
        StringBuilder line = new StringBuilder();
        for (int next = in.read(); next != '\r'; next = in.read()) {
            if (next < 0) throw new EOFException();
            line.append((char) next);
        }
        if (in.read() != '\n') throw new AssertionError("no line end");
        return line.toString();
    }

    @Override
    public void close() {
        try {
            socket.close();
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
    }
}
