package holdfast.server.healing.singleton;

import holdfast.core.base.Reason;
import holdfast.core.healing.fleet.SingletonSpec;
import holdfast.server.base.Threads;
import holdfast.server.client.Answer;
import holdfast.server.healing.act.Family;
import holdfast.server.healing.act.Launcher;
import holdfast.server.healing.act.ProcessFacts;
import holdfast.server.healing.act.ProcessSignal;
import holdfast.server.redundancy.lock.Taken;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// One process of a singleton and what it started.
final class SingletonProcess {
    private static final Logger LOG = LoggerFactory.getLogger(SingletonProcess.class);
    private static final String IDENTITY = "HOLDFAST_SINGLETON";

    private final Process process;
    private final Family family;

    private SingletonProcess(Process process, Family family) {
        this.process = process;
        this.family = family;
    }

    /// A variable by which an agent finds what a former one left. None is left by a former one that died with its guard
    /// at its post.
    private static String identity(SingletonSpec spec, Site site) {
        return site.folder().toAbsolutePath().normalize() + ":" + spec.name();
    }

    /// Kills what an agent left that was killed together with its guard.
    static void killOrphans(SingletonSpec spec, Site site) {
        for (ProcessFacts orphan : ProcessFacts.withEnvironment(IDENTITY + "=" + identity(spec, site))) {
            LOG.warn("{} on {}: pid {} was left without an agent: killed.", spec.name(), site.me(), orphan.pid());
            ProcessSignal.KILL.sendTo(orphan.pid());
        }
    }

    /// @param tag that the guard knows it by
    /// @param held the right, null for a standby; a cold one has it in its environment
    /// @param ended is told once, with the exit status
    static Answer<SingletonProcess> start(
            SingletonSpec spec,
            Site site,
            String tag,
            Taken.@Nullable Held held,
            BiConsumer<SingletonProcess, Integer> ended) {
        boolean warm = spec.standby() == SingletonSpec.Standby.WARM;
        Map<String, String> environment = new LinkedHashMap<>(site.words().replace(spec.env()));
        environment.put("HOLDFAST_HOST", site.me().name());
        environment.put("HOLDFAST_SERVICE", spec.name());
        environment.put("HOLDFAST_STORE", site.store());
        environment.put(IDENTITY, identity(spec, site));
        environment.put(Family.TAGS, System.getenv().getOrDefault(Family.TAGS, "") + tag);
        if (held != null && !warm) environment.putAll(held.environment(site.store()));
        List<String> command = site.words().replace(spec.command());
        Path out = site.output().resolve(spec.name() + ".out");
        Path error = site.output().resolve(spec.name() + ".err");
        Launcher.Launched launched = warm
                ? Launcher.launchListening(spec.name(), command, environment, out, error)
                : Launcher.launch(spec.name(), command, environment, out, error);
        return switch (launched) {
            case Launcher.Launched.Failed(Reason why) -> new Answer.Refused<>(why);
            case Launcher.Launched.Started(Process process) -> {
                SingletonProcess started = new SingletonProcess(process, new Family(process.pid(), tag));
                Threads.start(spec.name() + " end", () -> started.await(ended));
                yield new Answer.Done<>(started);
            }
        };
    }

    private void await(BiConsumer<SingletonProcess, Integer> ended) {
        try {
            ended.accept(this, process.waitFor());
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
    }

    /// Leader of its session.
    long pid() {
        return process.pid();
    }

    boolean lives() {
        return process.isAlive() || family.lives();
    }

    /// To it and to everything that it started.
    void send(ProcessSignal signal) {
        family.send(signal);
        if (signal == ProcessSignal.TERM) family.send(ProcessSignal.CONTINUE); // a stopped one handles none but KILL
    }

    /// One line to its standard input, when it comes to read it.
    void tell(String line) {
        Threads.start("word to " + process.pid(), () -> {
            try {
                OutputStream in = process.getOutputStream();
                in.write((line + "\n").getBytes(StandardCharsets.UTF_8));
                in.flush();
            } catch (IOException _) {
                // it ended, or closed its input
            }
        });
    }
}
