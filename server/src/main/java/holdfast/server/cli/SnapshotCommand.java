package holdfast.server.cli;

import holdfast.core.base.Outcome;
import holdfast.core.base.Reason;
import holdfast.core.base.Require;
import holdfast.core.truth.Archive;
import holdfast.server.cli.etcd.RestoreFlags;
import holdfast.server.client.Answer;
import holdfast.server.client.EtcdConfig;
import holdfast.server.client.SavedSnapshot;
import holdfast.server.start.Restoring;
import holdfast.server.start.ServerConfig;
import holdfast.server.truth.disk.ArchiveFile;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/// `holdfast snapshot`: the whole store in a file, and a new cluster out of it, as with etcdctl and etcdutl.
@Command(
        name = "snapshot",
        description = "Saves the whole store to a file, looks into one, makes a new cluster out of one.",
        mixinStandardHelpOptions = true,
        subcommands = {SnapshotCommand.Save.class, SnapshotCommand.Status.class, SnapshotCommand.Restore.class})
final class SnapshotCommand {
    private static final String STORAGE_VERSION = "3.6.0";

    @Command(
            name = "save",
            description = "Saves what one member holds, all at one revision, while it goes on serving.",
            mixinStandardHelpOptions = true)
    static final class Save implements Callable<Integer> {
        private static final Duration CALL_LIMIT = Duration.ofSeconds(10);

        @Mixin
        private StoreOption store = new StoreOption();

        @Option(names = "--user", paramLabel = "NAME[:PASSWORD]", description = "Who asks; root, where users are on.")
        private @Nullable String user;

        @Option(names = "--password", paramLabel = "PASSWORD", description = "The password, if not behind the name.")
        private @Nullable String password;

        @Parameters(paramLabel = "FILE", description = "Where to.")
        private Path file = Path.of("snapshot");

        @Spec
        private CommandSpec spec = CommandSpec.create();

        @Override
        public Integer call() throws InterruptedException {
            EtcdConfig config = store.config().withCallLimit(CALL_LIMIT).withLogin(SideOptions.login(user, password));
            return UserStoreOption.<InterruptedException>use(config, etcd -> switch (SavedSnapshot.fetch(etcd, file)) {
                case Answer.Done<SavedSnapshot>(SavedSnapshot saved) -> {
                    spec.commandLine().getOut().println("Snapshot saved at " + file + " (" + saved.bytes() + " bytes)");
                    spec.commandLine().getOut().flush();
                    yield ExitCode.DONE;
                }
                case Answer.Refused<SavedSnapshot>(Reason why) -> refuse(spec, why);
                case Answer.Unknown<SavedSnapshot>(Reason why) -> refuse(spec, why);
            });
        }
    }

    @Command(
            name = "status",
            description = "Reads a snapshot through and says what is in it.",
            mixinStandardHelpOptions = true)
    static final class Status implements Callable<Integer> {
        /// As etcdutl's `--write-out`.
        enum Format {
            SIMPLE,
            TABLE,
            JSON
        }

        @Option(
                names = {"-w", "--write-out", "-o", "--output"},
                paramLabel = "simple|table|json",
                defaultValue = "table",
                description = "How to print (default: table).")
        private Format format = Format.TABLE;

        @Parameters(paramLabel = "FILE", description = "The snapshot.")
        private Path file = Path.of("snapshot");

        @Spec
        private CommandSpec spec = CommandSpec.create();

        @Override
        public Integer call() {
            return switch (ArchiveFile.read(file, true, _ -> {})) {
                case ArchiveFile.Read.Refused(Reason why) -> refuse(spec, why);
                case ArchiveFile.Read.Whole whole -> {
                    print(whole);
                    yield ExitCode.DONE;
                }
            };
        }

        private void print(ArchiveFile.Read.Whole whole) {
            Archive.Head head = whole.head();
            String hash = Long.toHexString(whole.hash());
            List<String> row =
                    List.of(hash, "" + head.revision(), "" + head.changes(), say(whole.bytes()), STORAGE_VERSION);
            switch (format) {
                case SIMPLE -> spec.commandLine().getOut().println(String.join(", ", row));
                case TABLE ->
                    OutputOption.printTable(
                            spec.commandLine().getOut(),
                            List.of("HASH", "REVISION", "TOTAL KEYS", "TOTAL SIZE", "VERSION"),
                            List.of(row));
                case JSON -> {
                    Map<String, Object> said = new LinkedHashMap<>();
                    said.put("hash", whole.hash());
                    said.put("revision", head.revision());
                    said.put("totalKey", head.changes());
                    said.put("totalSize", whole.bytes());
                    said.put("version", STORAGE_VERSION);
                    OutputOption.printJson(spec.commandLine().getOut(), said);
                }
            }
            spec.commandLine().getOut().flush();
        }

        private static String say(long bytes) {
            if (bytes < 1_000) return bytes + " B";
            double size = bytes;
            String unit = "kB";
            for (String next : List.of("kB", "MB", "GB", "TB")) {
                size /= 1_000;
                unit = next;
                if (size < 1_000) break;
            }
            return String.format(Locale.ROOT, size < 10 ? "%.1f %s" : "%.0f %s", size, unit);
        }
    }

    @Command(
            name = "restore",
            description =
                    "Makes the data folder of one member of a new cluster. Each member does it with the same file.",
            mixinStandardHelpOptions = true,
            footer = "Exit status: 0 restored, 1 refused, 2 wrong usage.")
    static final class Restore implements Callable<Integer> {
        @Parameters(paramLabel = "FILE", description = "The snapshot.")
        private Path file = Path.of("snapshot");

        @Option(names = "--data-dir", paramLabel = "FOLDER", description = "Where to (default: NAME.etcd).")
        private @Nullable String dataDir;

        @Option(names = "--name", paramLabel = "NAME", description = "Name of this member (default: default).")
        private @Nullable String name;

        @Option(
                names = "--initial-cluster",
                paramLabel = "NAME=URL,...",
                description = "Everybody who forms the new cluster (default: default=http://localhost:2380).")
        private @Nullable String cluster;

        @Option(
                names = "--initial-advertise-peer-urls",
                paramLabel = "URL,...",
                description = "Where the others reach this one (default: http://localhost:2380).")
        private @Nullable String peers;

        @Option(
                names = "--initial-cluster-token",
                paramLabel = "TEXT",
                description = "Tells clusters apart (default: etcd-cluster).")
        private @Nullable String token;

        @Option(names = "--wal-dir", hidden = true, paramLabel = "FOLDER", description = "Changes nothing.")
        private @Nullable String walDir;

        @Option(
                names = "--bump-revision",
                paramLabel = "COUNT",
                description = "Added to the revision, so that none that clients saw comes again.")
        private long bump;

        @Option(
                names = "--mark-compacted",
                description = "Counts everything before the new revision as compacted; goes with --bump-revision.")
        private boolean compacted;

        @Option(names = "--skip-hash-check", description = "For a file that was copied without its checksum.")
        private boolean skipsHash;

        @Spec
        private CommandSpec spec = CommandSpec.create();

        @Override
        public Integer call() {
            Require.between("--bump-revision", bump, 0, Long.MAX_VALUE / 2);
            Require.that(
                    "--mark-compacted", compacted, compacted == bump > 0, "given with --bump-revision, or neither");
            Map<String, @Nullable String> given = new LinkedHashMap<>();
            given.put("data-dir", dataDir);
            given.put("name", name);
            given.put("initial-cluster", cluster);
            given.put("initial-advertise-peer-urls", peers);
            given.put("initial-cluster-token", token);
            if (walDir != null)
                spec.commandLine().getErr().println("--wal-dir changes nothing: the log lies in the data folder.");
            ServerConfig config = RestoreFlags.config(given);
            return Restoring.run(config, new Restoring.Wish(file, bump, !skipsHash))
                    .map(why -> refuse(spec, why))
                    .orElseGet(() -> {
                        spec.commandLine()
                                .getOut()
                                .println("Restored " + config.name() + " into " + config.dataDir() + ".");
                        spec.commandLine().getOut().flush();
                        return ExitCode.DONE;
                    });
        }
    }

    private static int refuse(CommandSpec spec, Reason why) {
        return ExitCode.of(new Outcome.Refused(why), spec.commandLine().getErr());
    }
}
