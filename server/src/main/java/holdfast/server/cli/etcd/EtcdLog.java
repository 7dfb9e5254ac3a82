package holdfast.server.cli.etcd;

import holdfast.server.base.Ticker;
import java.io.FileNotFoundException;
import java.io.FileOutputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Locale;

/// Lines as etcd logs them, since scripts wait for some of them: one JSON object each, or columns.
final class EtcdLog {
    enum Level {
        DEBUG,
        INFO,
        WARN,
        ERROR,
        DPANIC,
        PANIC,
        FATAL
    }

    private static final DateTimeFormatter MOMENT = DateTimeFormatter.ofPattern(
                    "yyyy-MM-dd'T'HH:mm:ss.SSSSSSX", Locale.ROOT)
            .withZone(ZoneOffset.UTC);
    private static final String CALLER = "holdfast/etcd";

    private final Ticker ticker;
    private Level least = Level.INFO;
    private boolean columns;

    EtcdLog(Ticker ticker) {
        this.ticker = ticker;
    }

    /// Sends this log, and standard error with it, where `outputs` say: `default`, `stderr`, `stdout` or a file.
    ///
    /// @param log level and format as etcd names them
    /// @throws FileNotFoundException when a file cannot be written
    void open(Level level, String log, Collection<String> outputs) throws FileNotFoundException {
        least = level;
        columns = log.equals("console");
        List<OutputStream> streams = new ArrayList<>();
        for (String output : outputs) {
            switch (output) {
                case "", "default", "stderr", "/dev/stderr" -> streams.add(System.err);
                case "stdout", "/dev/stdout" -> streams.add(System.out);
                case "/dev/null" -> streams.add(OutputStream.nullOutputStream());
                default -> streams.add(new FileOutputStream(output, /* append= */ true));
            }
        }
        if (streams.equals(List.of(System.err))) return;
        System.setErr(new PrintStream(new Several(streams), /* autoFlush= */ true, StandardCharsets.UTF_8));
    }

    /// @param facts names and values by turns; a list becomes a JSON array
    void say(Level level, String message, Object... facts) {
        if (level.compareTo(least) < 0) return;
        StringBuilder more = new StringBuilder();
        for (int index = 0; index < facts.length; index += 2) {
            more.append(more.isEmpty() ? "" : ",")
                    .append(json(facts[index]))
                    .append(':')
                    .append(json(facts[index + 1]));
        }
        String word = level.name().toLowerCase(Locale.ROOT);
        String moment = MOMENT.format(ticker.now());
        String line;
        if (columns) {
            line = moment + "\t" + word + "\t" + CALLER + "\t" + message + (more.isEmpty() ? "" : "\t{" + more + "}");
        } else {
            line = "{\"level\":\"" + word + "\",\"ts\":\"" + moment + "\",\"caller\":\"" + CALLER + "\",\"msg\":"
                    + json(message) + (more.isEmpty() ? "" : ",") + more + "}";
        }
        System.err.println(line);
    }

    void info(String message, Object... facts) {
        say(Level.INFO, message, facts);
    }

    void warn(String message, Object... facts) {
        say(Level.WARN, message, facts);
    }

    private static String json(Object value) {
        if (value instanceof Boolean || value instanceof Number) return value.toString();
        if (value instanceof Collection<?> all) {
            return "[" + String.join(",", all.stream().map(EtcdLog::json).toList()) + "]";
        }
        StringBuilder text = new StringBuilder("\"");
        for (char sign : value.toString().toCharArray()) {
            if (sign == '"' || sign == '\\') text.append('\\').append(sign);
            else if (sign == '\n') text.append("\\n");
            else if (sign < ' ') text.append(String.format(Locale.ROOT, "\\u%04x", (int) sign));
            else text.append(sign);
        }
        return text.append('"').toString();
    }

    /// Writes everything everywhere.
    private static final class Several extends OutputStream {
        private final List<OutputStream> streams;

        Several(List<OutputStream> streams) {
            this.streams = streams;
        }

        @Override
        public void write(int octet) throws java.io.IOException {
            for (OutputStream stream : streams) stream.write(octet);
        }

        @Override
        public void write(byte[] bytes, int offset, int length) throws java.io.IOException {
            for (OutputStream stream : streams) stream.write(bytes, offset, length);
        }

        @Override
        public void flush() throws java.io.IOException {
            for (OutputStream stream : streams) stream.flush();
        }
    }
}
