package holdfast.server.truth.etcd;

import holdfast.server.peers.Processes;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Runs a transcript file with the real `etcdctl` against a cluster. The file says what its lines mean.
final class Etcdctl {
    private static final long LIMIT_SECONDS = 60;
    private static final long FILL_PUTS_MAX = 200;
    private static final int FILL_BYTES = 100_000;
    private static final Pattern WORD = Pattern.compile("\"([^\"]*)\"|(\\S+)");
    private static final Pattern ID = Pattern.compile("\"ID\" ?: ?(\\d+)|\\b([0-9a-f]{12,16})\\b");
    private static final Pattern NAMED = Pattern.compile("\\$([a-z]+\\d?)");
    private static final Pattern REVISION = Pattern.compile("\"revision\":(\\d+)");

    /// What a transcript is about, as far as one endpoint is not all.
    interface Site {
        /// Flags that say where, if the command does not.
        List<String> endpoint();

        /// Flags that say who; `-` is nobody.
        List<String> flags(String user);

        /// What stands for `$word`; empty for a word that it does not know.
        Optional<String> value(String word);

        /// Does what a line behind `!` says.
        void act(String line) throws IOException, InterruptedException;
    }

    /// One endpoint, and nobody in particular.
    private record Endpoint(String url) implements Site {
        @Override
        public List<String> endpoint() {
            return List.of("--endpoints=" + url);
        }

        @Override
        public List<String> flags(String user) {
            return List.of();
        }

        @Override
        public Optional<String> value(String word) {
            return Optional.empty();
        }

        @Override
        public void act(String line) {
            throw new IllegalArgumentException(line);
        }
    }

    private final Path program;
    private final Site site;
    private final Map<String, String> names = new HashMap<>();
    private final List<Transcript.Step> steps = new ArrayList<>();
    private List<String> lines = List.of();
    private int at;

    Etcdctl(Path program, String endpoint) {
        this(program, new Endpoint(endpoint));
    }

    Etcdctl(Path program, Site site) {
        this.program = program;
        this.site = site;
    }

    private record Answer(int status, String out, String err) {
        /// etcd changes no members before all have been connected for five seconds.
        boolean isUnsettled() {
            return err.contains("unhealthy cluster");
        }

        @Override
        public String toString() {
            return "exit status " + status + "\n" + out + (err.isEmpty() ? "" : "stderr: " + err);
        }
    }

    Transcript run(List<String> file) throws IOException, InterruptedException {
        lines = file;
        for (at = 0; at < lines.size(); ) {
            String line = lines.get(at++);
            if (line.isBlank() || line.startsWith("#")) continue;
            if (line.startsWith("~")) background(line);
            else if (line.startsWith("! ")) site.act(line.substring(2).strip());
            else foreground(line);
        }
        return new Transcript(List.copyOf(steps));
    }

    private void foreground(String line) throws IOException, InterruptedException {
        String command = line.strip();
        String keepAs = "";
        int equals = command.indexOf(" = ");
        if (equals > 0 && command.substring(0, equals).matches("[a-z]+")) {
            keepAs = command.substring(0, equals);
            command = command.substring(equals + 3);
        }
        if (command.startsWith("expire ")) {
            String key = command.substring(7);
            await(command, () -> ask(List.of("get", key), "").out().isEmpty());
            return;
        }
        if (command.startsWith("level ")) {
            long revision = Long.parseLong(command.substring(6));
            while (revision() < revision) ask(List.of("put", "level", ""), "");
            return;
        }
        boolean silent = command.startsWith("silent ");
        if (silent) command = command.substring(7);
        boolean again = command.startsWith("again ");
        if (again) command = command.substring(6);
        boolean settled = command.startsWith("settled ");
        if (settled) command = command.substring(8);
        boolean sorted = command.startsWith("sorted ");
        if (sorted) command = command.substring(7);
        String input = command.endsWith(" <<") ? input() : "";
        if (command.endsWith(" <<")) command = command.substring(0, command.length() - 3);
        Answer answer = command.startsWith("fill ") ? fill(command.substring(5)) : ask(words(command), input);
        for (long tries = LIMIT_SECONDS;
                tries > 0 && (again && answer.status() != 0 || settled && answer.isUnsettled());
                tries--) {
            TimeUnit.SECONDS.sleep(1);
            answer = ask(words(command), input);
        }
        Matcher id = ID.matcher(answer.out());
        if (!keepAs.isEmpty()) {
            if (!id.find()) throw new IllegalStateException(command + ": no id in " + answer);
            String decimal = id.group(1);
            names.put(keepAs, decimal != null ? Long.toHexString(Long.parseLong(decimal)) : id.group(2));
        }
        if (silent) return;
        String masked = Transcript.masked("" + answer);
        steps.add(new Transcript.Step(
                command + (input.isEmpty() ? "" : "\n" + input), sorted ? Transcript.sorted(masked) : masked));
    }

    /// Puts large values until the store refuses one.
    private Answer fill(String key) {
        Answer answer = new Answer(0, "", "");
        for (int nth = 0; nth < FILL_PUTS_MAX && answer.status() == 0; nth++)
            answer = ask(List.of("put", key + nth), "x".repeat(FILL_BYTES));
        return answer;
    }

    private long revision() {
        Matcher revision =
                REVISION.matcher(ask(List.of("get", "x", "-w", "json"), "").out());
        if (!revision.find()) throw new IllegalStateException("no revision");
        return Long.parseLong(revision.group(1));
    }

    private void background(String line) throws IOException, InterruptedException {
        boolean speaksFirst = line.startsWith("~~");
        String command = line.substring(speaksFirst ? 2 : 1).strip();
        Process process = new ProcessBuilder(full(words(command)))
                .redirectErrorStream(true)
                .start();
        StringBuilder output = new StringBuilder();
        Thread reader = Thread.ofPlatform().daemon().start(() -> drain(process.getInputStream(), output));
        BooleanSupplier spoke = () -> !text(output).isEmpty() || !process.isAlive();
        if (speaksFirst) await(command, spoke);
        String last = "";
        for (int nth = 0; at < lines.size() && lines.get(at).startsWith("    "); nth++) {
            String inner = lines.get(at++);
            if (nth == 1 && !speaksFirst) await(command, spoke);
            foreground(inner);
            last = inner.strip();
        }
        if ((" " + last).contains(" put ")) {
            String word = last.substring(last.lastIndexOf(' ') + 1);
            String encoded = Base64.getEncoder().encodeToString(word.getBytes(StandardCharsets.UTF_8));
            await(command, () -> text(output).contains(word) || text(output).contains(encoded) || !process.isAlive());
        }
        process.destroy();
        if (!process.waitFor(LIMIT_SECONDS, TimeUnit.SECONDS)) process.destroyForcibly();
        reader.join();
        steps.add(new Transcript.Step(command, Transcript.masked(text(output))));
    }

    private static String text(StringBuilder output) {
        synchronized (output) {
            return output.toString();
        }
    }

    private static void drain(InputStream from, StringBuilder into) {
        byte[] buffer = new byte[8_192];
        try {
            for (int count = from.read(buffer); count >= 0; count = from.read(buffer)) {
                synchronized (into) {
                    into.append(new String(buffer, 0, count, StandardCharsets.UTF_8));
                }
            }
        } catch (IOException _) {
            // ended
        }
    }

    /// The lines up to the one with a single dot.
    private String input() {
        StringBuilder input = new StringBuilder();
        while (at < lines.size() && !lines.get(at).equals("."))
            input.append(lines.get(at++)).append('\n');
        at++;
        return input.toString();
    }

    private List<String> words(String command) {
        List<String> words = new ArrayList<>();
        Matcher word = WORD.matcher(command);
        while (word.find()) words.add(named(word.group(1) != null ? word.group(1) : word.group(2)));
        return words;
    }

    private String named(String word) {
        String named = word;
        if (word.contains("$next")) named = named.replace("$next", "" + (revision() + 1));
        if (word.contains("$now")) named = named.replace("$now", "" + revision());
        for (Map.Entry<String, String> name : names.entrySet())
            named = named.replace("$" + name.getKey(), name.getValue());
        Matcher left = NAMED.matcher(named);
        return left.replaceAll(
                found -> Matcher.quoteReplacement(site.value(found.group(1)).orElse(found.group())));
    }

    private List<String> full(List<String> words) {
        List<String> command = new ArrayList<>(List.of(program.toString()));
        if (words.stream().noneMatch(word -> word.startsWith("--endpoints="))) command.addAll(site.endpoint());
        boolean named = words.getFirst().startsWith("@");
        command.addAll(site.flags(named ? words.getFirst().substring(1) : ""));
        command.addAll(named ? words.subList(1, words.size()) : words);
        return command;
    }

    private Answer ask(List<String> words, String input) {
        try {
            Process process = new ProcessBuilder(full(words)).start();
            StringBuilder out = new StringBuilder();
            StringBuilder err = new StringBuilder();
            Thread outReader = Thread.ofPlatform().daemon().start(() -> drain(process.getInputStream(), out));
            Thread errReader = Thread.ofPlatform().daemon().start(() -> drain(process.getErrorStream(), err));
            try (var stdin = process.getOutputStream()) {
                stdin.write(input.getBytes(StandardCharsets.UTF_8));
            } catch (IOException _) {
                // it did not want any
            }
            boolean ended = process.waitFor(LIMIT_SECONDS, TimeUnit.SECONDS);
            if (!ended) process.destroyForcibly();
            outReader.join();
            errReader.join();
            return new Answer(ended ? process.exitValue() : -1, text(out), text(err));
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        } catch (InterruptedException interrupted) {
            throw new IllegalStateException(interrupted);
        }
    }

    private static void await(String what, BooleanSupplier condition) {
        Processes.await(what, Duration.ofSeconds(LIMIT_SECONDS), condition);
    }
}
