package holdfast.server.cli.etcd;

import holdfast.core.base.Reason;
import holdfast.core.base.Require.BadValue;
import holdfast.server.base.Systemd;
import holdfast.server.base.Threads;
import holdfast.server.base.Ticker;
import holdfast.server.start.DataFolder;
import holdfast.server.start.Listening;
import holdfast.server.start.ServerConfig;
import holdfast.server.start.ServerParts;
import holdfast.server.truth.Store;
import holdfast.server.truth.etcd.EtcdConfig;
import java.io.FileNotFoundException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/// A program named etcd. Exit status as etcd's: 0 ended or told, 1 refused to start, 2 wrong usage.
public final class EtcdProgram {
    private static final int DONE = 0;
    private static final int REFUSED = 1;
    private static final int USAGE = 2;
    private static final int BROKE = 3;
    private static final long LOOK_MILLIS = 10;
    private static final int LOGGED_WHEN = 100; // looks between two lines that say what is waited for

    private final EtcdLog log = new EtcdLog(Ticker.system());
    private final Map<String, String> environment;
    private final PrintStream out;
    private final PrintStream err;
    private final String version;

    private EtcdProgram(Map<String, String> environment, PrintStream out, PrintStream err, String version) {
        this.environment = environment;
        this.out = out;
        this.err = err;
        this.version = version;
    }

    /// Runs until it is told to stop.
    ///
    /// @param version of Holdfast
    /// @return exit status
    public static int run(List<String> arguments, Map<String, String> environment, String version)
            throws InterruptedException {
        return new EtcdProgram(environment, System.out, System.err, version).run(arguments);
    }

    private int run(List<String> arguments) throws InterruptedException {
        if (!arguments.isEmpty() && List.of("gateway", "grpc-proxy").contains(arguments.getFirst())) {
            err.println("etcd " + arguments.getFirst() + " is not part of Holdfast: clients connect to every member.");
            return REFUSED;
        }
        return switch (GoFlags.parse(arguments)) {
            case GoFlags.Parsed.Wrong(String why) -> {
                err.println(why);
                err.print(EtcdHelp.USAGE);
                yield USAGE;
            }
            case GoFlags.Parsed.WantsHelp _ -> {
                err.print(EtcdHelp.USAGE);
                EtcdHelp.printTo(out);
                yield DONE;
            }
            case GoFlags.Parsed.Given(Map<String, String> values, List<String> rest) -> run(values, rest, arguments);
        };
    }

    private int run(Map<String, String> values, List<String> rest, List<String> arguments) throws InterruptedException {
        if (rest.isEmpty() && values.getOrDefault("version", "false").matches("(?i)1|t|true")) {
            EtcdHelp.printVersion(out, version);
            return DONE;
        }
        try {
            if (!rest.isEmpty()) throw new BadValue("\"" + rest.getFirst() + "\" is not a valid flag");
            EtcdSettings settings = settings(values);
            @Nullable String refusal = settings.refusal();
            if (refusal != null) throw new BadValue(refusal);
            openLog(settings);
            log.info("Running: ", "args", arguments, "holdfast-version", version);
            return start(settings);
        } catch (BadValue bad) {
            log.warn("failed to verify flags", "error", String.valueOf(bad.getMessage()));
            return REFUSED;
        }
    }

    private EtcdSettings settings(Map<String, String> values) {
        String file = values.getOrDefault("config-file", environment.getOrDefault("ETCD_CONFIG_FILE", ""));
        Map<String, String> given;
        if (file.isEmpty()) {
            given = new LinkedHashMap<>(values);
            EtcdEnvironment.addTo(given, environment, log);
        } else {
            EtcdFile read = EtcdFile.read(Path.of(file));
            given = read.values();
            for (String key : read.unknown()) log.warn("unknown key in the configuration file", "key", key);
            log.info(
                    "loaded server configuration, other configuration command line flags and environment variables will"
                            + " be ignored if provided",
                    "path",
                    file);
        }
        return new EtcdSettings(today(given), !file.isEmpty());
    }

    /// Older names become today's; both at once are refused.
    private Map<String, String> today(Map<String, String> given) {
        Map<String, String> values = new LinkedHashMap<>(given);
        for (Map.Entry<String, String> entry : given.entrySet()) {
            EtcdFlag flag = EtcdFlags.find(entry.getKey());
            if (flag == null || !(flag.meaning() instanceof EtcdFlag.Meaning.Formerly(String today))) continue;
            if (given.containsKey(today)) {
                throw new BadValue("cannot set --" + flag.name() + " and --" + today
                        + " at the same time, please use --" + today + " only");
            }
            log.warn("--" + flag.name() + " is deprecated. Use '--" + today + "' instead.");
            values.remove(flag.name());
            values.put(today, entry.getValue());
        }
        return values;
    }

    private void openLog(EtcdSettings settings) {
        String level = settings.text("log-level").toUpperCase(Locale.ROOT);
        try {
            log.open(
                    EtcdLog.Level.valueOf(level),
                    settings.text("log-format"),
                    Arrays.asList(settings.text("log-outputs").split(",", -1)));
        } catch (FileNotFoundException unwritable) {
            throw new BadValue("--log-outputs: " + unwritable.getMessage());
        }
        boolean fatal = level.endsWith("PANIC") || level.equals("FATAL");
        // before anything of ours or of the libraries logs
        if (!environment.containsKey("HOLDFAST_LOG_LEVEL")) {
            System.setProperty("HOLDFAST_LOG_LEVEL", fatal ? "ERROR" : level);
        }
        boolean json = settings.text("log-format").equals("json");
        if (json && !environment.containsKey("HOLDFAST_LOG")) System.setProperty("HOLDFAST_LOG", "zap");
    }

    private int start(EtcdSettings settings) throws InterruptedException {
        if (settings.text("name").equals(EtcdSettings.DEFAULT_NAME)) {
            log.warn("it isn't recommended to use default name, please set a value for --name", "name", "default");
        }
        Path folder = settings.dataDir();
        if (!settings.has("data-dir")) log.warn("'data-dir' was empty; using default", "data-dir", folder);
        if (Files.isDirectory(folder.resolve("member"))) {
            return fatal("data-dir " + folder + " was written by etcd; start with another one and bring the keys over"
                    + " with `holdfast import`");
        }
        boolean fresh = !DataFolder.isOwned(folder);
        if (!fresh) log.info("server has already been initialized", "data-dir", folder, "dir-type", "member");
        Weaving.Woven woven;
        ServerConfig config;
        try {
            woven = Weaving.of(AutoTls.filled(settings, log, Ticker.system()), fresh);
            config = ServerConfig.of(woven.flags(), null);
        } catch (BadValue bad) {
            return fatal(EtcdHelp.inEtcdsNames(String.valueOf(bad.getMessage())));
        }
        woven.warnings().forEach(log::warn);
        log.info(
                "starting an etcd server",
                "etcd-version",
                EtcdConfig.VERSION,
                "holdfast-version",
                version,
                "name",
                config.name(),
                "data-dir",
                folder,
                "member-initialized",
                !fresh,
                "listen-client-urls",
                config.listening().clients(),
                "listen-peer-urls",
                config.listening().peers());
        return switch (ServerParts.open(config, () -> Runtime.getRuntime().halt(BROKE))) {
            case ServerParts.Opened.Refused(Reason why) -> fatal(why.sentence());
            case ServerParts.Opened.Ready(ServerParts parts) -> serve(parts);
        };
    }

    private int fatal(String why) {
        log.say(EtcdLog.Level.FATAL, "discovery failed", "error", why);
        return REFUSED;
    }

    private int serve(ServerParts parts) throws InterruptedException {
        Threads.onShutdown("close", () -> {
            log.info("received signal; shutting down", "signal", "terminated");
            parts.close();
            log.info("closed etcd server", "name", parts.name());
            Runtime.getRuntime().halt(DONE);
        });
        awaitKnown(parts);
        for (Listening.Url url : parts.clientUrls()) {
            log.info("ready to serve client requests");
            log.info(
                    url.secure()
                            ? "serving client traffic securely"
                            : "serving client traffic insecurely; this is strongly discouraged!",
                    "traffic",
                    "grpc+http",
                    "address",
                    url.address().toString().replace("localhost", "127.0.0.1"));
        }
        log.info("notifying init daemon");
        if (Systemd.ready(environment.get("NOTIFY_SOCKET"))) log.info("successfully notified init daemon");
        else log.say(EtcdLog.Level.ERROR, "failed to notify systemd for readiness");
        parts.awaitClose();
        return DONE;
    }

    /// As etcd, this member is ready once the others know its URLs: there is a majority, and it is part of it.
    private void awaitKnown(ServerParts parts) throws InterruptedException {
        for (int looks = 1; !isKnown(parts); looks++) {
            if (looks % LOGGED_WHEN == 0) log.info("waiting for a majority of the members");
            TimeUnit.MILLISECONDS.sleep(LOOK_MILLIS);
        }
    }

    private static boolean isKnown(ServerParts parts) throws InterruptedException {
        Store store = parts.store();
        if (store.status().leaderId() == 0) return false;
        if (store.status().learner()) return true; // it cannot ask, but hears
        BlockingQueue<Store.MembersAnswer> answers = new ArrayBlockingQueue<>(1);
        store.members(false, answers::add);
        long own = store.status().header().memberId();
        return answers.take() instanceof Store.MembersAnswer.Listed(var _, List<Store.Member> members)
                && members.stream()
                        .anyMatch(member ->
                                member.id() == own && !member.clientUrls().isEmpty());
    }
}
