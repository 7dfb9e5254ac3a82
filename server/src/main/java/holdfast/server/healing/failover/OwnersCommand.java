package holdfast.server.healing.failover;

import holdfast.core.base.Outcome;
import holdfast.core.base.Reason;
import holdfast.server.healing.act.Family;
import holdfast.server.healing.act.Launcher;
import holdfast.server.healing.act.ProcessSignal;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/// A command of a cluster's owner, run as the server's user to its end. Any thread, which waits.
///
/// @param words program as a path from the root, and arguments
/// @param log that what it says is appended to; kept within [#LOG_BYTES_MAX] and as much before
public record OwnersCommand(ServerUser user, List<String> words, Path log) {
    private static final long LOG_BYTES_MAX = 1 << 20;
    private static final int SAID_MAX = 1_000;

    /// @param limit after which it is killed with all that it started
    /// @param further arguments behind its own
    /// @return Done when it ended with status 0; refused with the end of what it said
    /// @throws InterruptedException after it was killed
    public Outcome run(Duration limit, Map<String, String> environment, String... further) throws InterruptedException {
        String program = words.getFirst();
        String tag = ":owner-" + UUID.randomUUID() + ":";
        Map<String, String> all = new TreeMap<>(environment);
        all.put(Family.TAGS, System.getenv().getOrDefault(Family.TAGS, "") + tag);
        List<String> arguments =
                Stream.concat(words.stream().skip(1), Stream.of(further)).toList();
        long from = begin();
        return switch (Launcher.launch(program, user.words(Path.of(program), arguments), all, log, log)) {
            case Launcher.Launched.Failed(Reason why) -> new Outcome.Refused(why);
            case Launcher.Launched.Started(Process process) ->
                await(process, new Family(process.pid(), tag), limit, from);
        };
    }

    private Outcome await(Process process, Family family, Duration limit, long from) throws InterruptedException {
        boolean ended = false;
        try {
            ended = process.waitFor(limit.toMillis(), TimeUnit.MILLISECONDS);
        } finally {
            if (!ended) family.send(ProcessSignal.KILL);
        }
        if (ended && process.exitValue() == 0) return new Outcome.Done(0);
        String end = ended
                ? "ended with status " + process.exitValue()
                : "had not ended after " + limit.toMillis() + " ms and was killed";
        String said = said(from);
        return new Outcome.Refused(new Reason(
                "command-failed",
                words.getFirst() + " " + end + (said.isEmpty() ? " and said nothing." : ": " + said)));
    }

    /// @return where what it says will begin in the log
    private long begin() {
        try {
            Launcher.bound(log, LOG_BYTES_MAX);
            return Files.exists(log) ? Files.size(log) : 0;
        } catch (IOException _) {
            return Long.MAX_VALUE; // then what it said is not quoted
        }
    }

    private String said(long from) {
        try (RandomAccessFile file = new RandomAccessFile(log.toFile(), "r")) {
            long begin = Math.max(from, file.length() - SAID_MAX);
            if (begin >= file.length()) return "";
            byte[] bytes = new byte[Math.toIntExact(file.length() - begin)];
            file.seek(begin);
            file.readFully(bytes);
            return new String(bytes, StandardCharsets.UTF_8).strip().replaceAll("\\s*\\R\\s*", " | ");
        } catch (IOException _) {
            return "";
        }
    }
}
