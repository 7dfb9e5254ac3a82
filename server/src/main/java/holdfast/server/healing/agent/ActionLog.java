package holdfast.server.healing.agent;

import static java.nio.charset.StandardCharsets.UTF_8;

import holdfast.core.base.Bytes;
import holdfast.core.base.Outcome;
import holdfast.server.base.SafeFile;
import holdfast.server.ledger.LedgerJson;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// Which actions were begun here and how they ended, on disk, so that none is done twice. One line each: `begin
/// ID` or `end ID JSON`. The newest [#ACTIONS_MAX] are kept; the loop forgets its own long before. Any thread.
final class ActionLog implements AutoCloseable {
    static final int ACTIONS_MAX = 10_000;

    private static final int LINES_MAX = 4 * ACTIONS_MAX;

    private final Path file;
    private final Map<String, @Nullable Outcome> known = new LinkedHashMap<>();
    private FileChannel channel;
    private int lines;

    private ActionLog(Path file, FileChannel channel) {
        this.file = file;
        this.channel = channel;
    }

    static ActionLog open(Path folder) throws IOException {
        Files.createDirectories(folder);
        Path file = folder.resolve("actions.log");
        ActionLog log = new ActionLog(file, append(file));
        for (String line : Files.readString(file, UTF_8).split("\n", -1)) log.replay(line);
        log.shorten(); // also drops a line that a crash cut off
        return log;
    }

    private static FileChannel append(Path file) throws IOException {
        return FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
    }

    private void replay(String line) {
        String[] words = line.split(" ", 3);
        if (words.length == 2 && words[0].equals("begin")) known.put(words[1], null);
        if (words.length == 3 && words[0].equals("end")) {
            LedgerJson.read(Bytes.utf8(words[2]), Outcome.class).ifPresent(outcome -> known.put(words[1], outcome));
        }
    }

    /// What is known of an action.
    sealed interface Known {
        record Never() implements Known {}

        /// Begun, and no word of its end.
        record Begun() implements Known {}

        record Ended(Outcome outcome) implements Known {}
    }

    synchronized Known know(String actionId) {
        if (!known.containsKey(actionId)) return new Known.Never();
        Outcome outcome = known.get(actionId);
        return outcome == null ? new Known.Begun() : new Known.Ended(outcome);
    }

    /// On disk when this comes back.
    synchronized void begin(String actionId) {
        known.put(actionId, null);
        write("begin " + actionId);
    }

    /// On disk when this comes back.
    synchronized void end(String actionId, Outcome outcome) {
        known.put(actionId, outcome);
        write("end " + actionId + " " + LedgerJson.write(outcome).utf8());
    }

    private void write(String line) {
        try {
            ByteBuffer left = ByteBuffer.wrap((line + "\n").getBytes(UTF_8));
            while (left.hasRemaining()) channel.write(left);
            channel.force(true);
            if (++lines > LINES_MAX) shorten();
        } catch (IOException failed) {
            throw new UncheckedIOException("cannot write the journal of actions, so nothing may be done", failed);
        }
    }

    private void shorten() throws IOException {
        while (known.size() > ACTIONS_MAX)
            known.remove(known.keySet().iterator().next());
        StringBuilder text = new StringBuilder();
        known.forEach(
                (id, outcome) -> text.append("begin ").append(id).append('\n').append(ended(id, outcome)));
        channel.close();
        SafeFile.write(file, text.toString().getBytes(UTF_8));
        channel = append(file);
        lines = 2 * known.size();
    }

    private static String ended(String id, @Nullable Outcome outcome) {
        return Optional.ofNullable(outcome)
                .map(end -> "end " + id + " " + LedgerJson.write(end).utf8() + "\n")
                .orElse("");
    }

    @Override
    public synchronized void close() throws IOException {
        channel.close();
    }
}
