package holdfast.server.healing.sense;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import holdfast.core.healing.detect.Signal.Result;
import holdfast.server.base.Ticker;
import java.io.IOException;
import java.io.InputStream;
import java.net.ConnectException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;

/// One probe over a connection of its own, so that no earlier one's luck or trouble is asked instead. Never
/// throws: no answer is an answer. Blocks its (virtual) thread up to the limit.
public final class Knock {
    private static final int STATUS_LINE_MAX = 256;
    private static final int DETAIL_MAX = 120;

    private final Ticker ticker;

    public Knock(Ticker ticker) {
        this.ticker = ticker;
    }

    /// @param detail a few words of the answer; empty when there is nothing to say
    public record Answer(Result result, String detail, long latencyNanos) {}

    /// Opens and closes a connection.
    ///
    /// @param target `HOST:PORT`
    public Answer tcp(String target, long limitNanos) {
        return knock(target, limitNanos, (_, _) -> new Said(Result.OK, ""));
    }

    /// GET `path`; well is any status from 200 to 399.
    public Answer http(String target, String path, long limitNanos) {
        return knock(target, limitNanos, (socket, deadlineNanos) -> {
            String request = "GET %s HTTP/1.1\r\nHost: %s\r\nUser-Agent: holdfast-probe\r\nConnection: close\r\n\r\n"
                    .formatted(path, target);
            socket.getOutputStream().write(request.getBytes(ISO_8859_1));
            String line = statusLine(socket, deadlineNanos);
            String[] words = line.split(" ", 3);
            if (words.length < 2 || !words[0].startsWith("HTTP/") || !words[1].matches("\\d{3}")) {
                return new Said(Result.BAD_ANSWER, line.isEmpty() ? "closed without an answer" : "no HTTP: " + line);
            }
            int status = Integer.parseInt(words[1]);
            String detail = words.length == 3 ? status + " " + words[2] : "" + status;
            return new Said(status >= 200 && status < 400 ? Result.OK : Result.BAD_ANSWER, detail);
        });
    }

    /// Runs a command; well is exit status 0. At the limit it is killed with what it started.
    public Answer exec(List<String> command, long limitNanos) {
        long startNanos = ticker.nanos();
        Process process = null;
        try {
            process = new ProcessBuilder(command)
                    .redirectInput(ProcessBuilder.Redirect.from(new java.io.File("/dev/null")))
                    .redirectErrorStream(true)
                    .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                    .start();
            if (!process.waitFor(limitNanos, TimeUnit.NANOSECONDS)) {
                return answer(Result.TIMEOUT, "no exit in " + limitNanos / 1_000_000 + " ms", startNanos);
            }
            int status = process.exitValue();
            return answer(status == 0 ? Result.OK : Result.BAD_ANSWER, "exit status " + status, startNanos);
        } catch (IOException failed) {
            return answer(Result.BAD_ANSWER, "cannot run: " + failed.getMessage(), startNanos);
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
            return answer(Result.TIMEOUT, "interrupted", startNanos);
        } finally {
            if (process != null && process.isAlive()) {
                process.descendants().forEach(ProcessHandle::destroyForcibly);
                process.destroyForcibly();
            }
        }
    }

    private record Said(Result result, String detail) {}

    @FunctionalInterface
    private interface Talk {
        Said talk(Socket socket, long deadlineNanos) throws IOException;
    }

    private Answer knock(String target, long limitNanos, Talk talk) {
        long startNanos = ticker.nanos();
        long deadlineNanos = startNanos + limitNanos;
        int colon = target.lastIndexOf(':');
        try (Socket socket = new Socket()) {
            InetSocketAddress address =
                    new InetSocketAddress(target.substring(0, colon), Integer.parseInt(target.substring(colon + 1)));
            if (address.isUnresolved()) return answer(Result.TIMEOUT, "unknown host", startNanos);
            socket.connect(address, leftMillis(deadlineNanos));
            socket.setTcpNoDelay(true);
            Said said = talk.talk(socket, deadlineNanos);
            return answer(said.result, said.detail, startNanos);
        } catch (SocketTimeoutException _) {
            String waited = "no answer in " + Duration.ofNanos(limitNanos).toMillis() + " ms";
            return answer(Result.TIMEOUT, waited, startNanos);
        } catch (ConnectException failed) {
            boolean refused = String.valueOf(failed.getMessage()).contains("refused");
            return answer(refused ? Result.REFUSED : Result.TIMEOUT, words(failed), startNanos);
        } catch (java.net.NoRouteToHostException failed) {
            return answer(Result.TIMEOUT, words(failed), startNanos);
        } catch (IOException failed) {
            return answer(Result.BAD_ANSWER, words(failed), startNanos);
        }
    }

    /// Reads up to the first line's end, a byte at a time: the deadline holds for the whole line.
    private String statusLine(Socket socket, long deadlineNanos) throws IOException {
        StringBuilder line = new StringBuilder();
        InputStream in = socket.getInputStream();
        while (line.length() < STATUS_LINE_MAX) {
            socket.setSoTimeout(leftMillis(deadlineNanos));
            int next = in.read();
            if (next < 0 || next == '\n') break;
            if (next != '\r') line.append((char) next);
        }
        return line.toString();
    }

    private int leftMillis(long deadlineNanos) throws SocketTimeoutException {
        long left = (deadlineNanos - ticker.nanos()) / 1_000_000;
        if (left <= 0) throw new SocketTimeoutException();
        return (int) Math.min(left, Integer.MAX_VALUE);
    }

    private static String words(IOException failed) {
        String message = failed.getMessage();
        return message == null ? failed.getClass().getSimpleName() : message;
    }

    private Answer answer(Result result, String detail, long startNanos) {
        String bounded = detail.length() > DETAIL_MAX ? detail.substring(0, DETAIL_MAX) : detail;
        return new Answer(result, bounded, ticker.nanos() - startNanos);
    }
}
