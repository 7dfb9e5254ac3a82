package holdfast.server.healing.postgres;

import holdfast.core.base.Outcome;
import holdfast.core.base.Reason;
import holdfast.server.healing.failover.ServerUser;
import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/// PostgreSQL's own programs, run as the server's user.
///
/// @param bin folder that holds them
/// @param user that they run as
record Programs(Path bin, ServerUser user) {
    private static final Path INSTALLED = Path.of("/usr/lib/postgresql");
    private static final int SAID_MAX = 2_000;

    /// @param bin as the owner named it; empty for the newest that is installed
    /// @throws IOException when PostgreSQL is not there
    static Programs find(String bin, String user) throws IOException {
        if (!bin.isEmpty()) {
            return Optional.of(new Programs(Path.of(bin), new ServerUser(user)))
                    .filter(Programs::complete)
                    .orElseThrow(() -> new IOException("no PostgreSQL in " + bin));
        }
        try (Stream<Path> versions = Files.list(INSTALLED)) {
            return versions.filter(folder -> folder.getFileName().toString().matches("\\d+"))
                    .sorted(Comparator.comparing((Path folder) ->
                                    Integer.valueOf(folder.getFileName().toString()))
                            .reversed())
                    .map(folder -> new Programs(folder.resolve("bin"), new ServerUser(user)))
                    .filter(Programs::complete)
                    .findFirst()
                    .orElseThrow(() -> new IOException("no PostgreSQL in " + INSTALLED + "/*/bin"));
        }
    }

    private boolean complete() {
        return Stream.of("postgres", "initdb", "pg_basebackup", "pg_rewind", "pg_controldata")
                .allMatch(name -> Files.isExecutable(bin.resolve(name)));
    }

    /// The words that run a program as the server's user.
    ///
    /// @param program name of one of PostgreSQL's, or a path from the root
    List<String> words(String program, List<String> arguments) {
        return user.words(bin.resolve(program), arguments);
    }

    /// What a program said and how it ended.
    record Ended(int status, String said) {
        Outcome outcome(String what) {
            if (status == 0) return new Outcome.Done(0);
            return new Outcome.Refused(
                    new Reason("program-failed", "%s ended with status %d: %s".formatted(what, status, tail())));
        }

        String tail() {
            String text = said.strip();
            return text.length() <= SAID_MAX ? text : "... " + text.substring(text.length() - SAID_MAX);
        }
    }

    /// Runs a program to its end, at most for `limit`; status -1 when it was ended for that or could not be run.
    Ended run(Duration limit, Map<String, String> environment, String program, List<String> arguments)
            throws InterruptedException {
        return run(limit, environment, "", program, arguments);
    }

    /// The same for a program that reads `input`.
    Ended run(Duration limit, Map<String, String> environment, String input, String program, List<String> arguments)
            throws InterruptedException {
        try {
            String name = "holdfast-" + Path.of(program).getFileName();
            Path output = Files.createTempFile(name, ".out");
            Path in = Files.createTempFile(name, ".in"); // for our own eyes: it may hold passwords
            try {
                Files.writeString(in, input);
                ProcessBuilder builder = new ProcessBuilder(words(program, arguments))
                        .redirectErrorStream(true)
                        .redirectInput(in.toFile())
                        .redirectOutput(output.toFile())
                        .directory(new File("/"));
                builder.environment().putAll(environment);
                builder.environment().put("LC_ALL", "C");
                Process process = builder.start();
                boolean ended = process.waitFor(limit.toMillis(), TimeUnit.MILLISECONDS);
                if (!ended) process.destroyForcibly().waitFor();
                String said = Files.readString(output, StandardCharsets.UTF_8);
                return ended
                        ? new Ended(process.exitValue(), said)
                        : new Ended(-1, said + " (ended after " + limit.toMillis() + " ms)");
            } finally {
                Files.deleteIfExists(output);
                Files.deleteIfExists(in);
            }
        } catch (IOException failed) {
            return new Ended(-1, String.valueOf(failed.getMessage()));
        }
    }
}
