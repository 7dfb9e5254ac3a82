package holdfast.server.healing.postgres;

import holdfast.core.base.Outcome;
import holdfast.core.base.Reason;
import holdfast.core.healing.fleet.PostgresSpec;
import holdfast.core.healing.recover.failover.Holder;
import holdfast.core.healing.recover.failover.Lsn;
import holdfast.server.base.SafeFile;
import holdfast.server.healing.failover.Secrets;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The files of one server: made, copied, rewound, read while it is down. What it is being made from is on disk before
/// the
/// old is gone, and what was left half done is known as such after a crash.
final class DataFolder {
    private static final Duration MAKE_LIMIT = Duration.ofMinutes(5);
    private static final Duration COPY_LIMIT = Duration.ofHours(24);
    private static final Logger LOG = LoggerFactory.getLogger(DataFolder.class);
    private static final String CONTROL_FILE = "global/pg_control";
    private static final Pattern SYSTEM_ID = Pattern.compile("Database system identifier:\\s+(\\d+)");
    private static final Pattern TIMELINE = Pattern.compile("Latest checkpoint's TimeLineID:\\s+(\\d+)");
    private static final Pattern SHUT_DOWN = Pattern.compile("(?m)^Database cluster state:\\s+shut down\\s*$");
    private static final Pattern END = Pattern.compile("Latest checkpoint location:\\s+([0-9A-F]+/[0-9A-F]+)");

    private Lsn rewoundFrom = Lsn.ZERO;
    private final Programs programs;
    private final Path data;
    private final Path founding;
    private final Path making;
    private final Path rewinding;

    /// @param data the server's folder
    /// @param notes ours, where the marks lie
    DataFolder(Programs programs, Path data, Path notes) {
        this.programs = programs;
        this.data = data;
        this.founding = notes.resolve("founding");
        this.making = notes.resolve("making");
        this.rewinding = notes.resolve("rewinding");
    }

    /// What the control file says of a cluster.
    ///
    /// @param systemId 0 when there is no usable data
    /// @param end of the log of a primary that was stopped in an orderly way, else zero
    record Control(long systemId, int timeline, Lsn end) {
        static final Control NONE = new Control(0, 0, Lsn.ZERO);
    }

    Control control() throws InterruptedException {
        if (Files.exists(rewinding) || isMaking() || !Files.exists(data.resolve(CONTROL_FILE))) return Control.NONE;
        Programs.Ended ended = programs.run(MAKE_LIMIT, Map.of(), "pg_controldata", List.of("-D", data.toString()));
        Matcher systemId = SYSTEM_ID.matcher(ended.said());
        Matcher timeline = TIMELINE.matcher(ended.said());
        if (ended.status() != 0 || !systemId.find() || !timeline.find()) return Control.NONE;
        Matcher end = END.matcher(ended.said());
        boolean closed = SHUT_DOWN.matcher(ended.said()).find() && end.find();
        return new Control(
                Long.parseLong(systemId.group(1)),
                Integer.parseInt(timeline.group(1)),
                closed ? Lsn.parse(end.group(1)) : Lsn.ZERO);
    }

    /// Our configuration is part of it.
    boolean isConfigured() {
        return Files.exists(data.resolve(Conf.FILE));
    }

    boolean isFounding() {
        return Files.exists(founding);
    }

    /// The store knows the cluster: its data is somebody's.
    void founded() {
        if (!isFounding()) return;
        try {
            SafeFile.delete(founding);
        } catch (IOException failed) {
            LOG.warn("The mark of the founding stays: {}", failed.getMessage());
        }
    }

    /// A new cluster is not complete yet: what there is of it counts for nothing.
    boolean isMaking() {
        return Files.exists(making);
    }

    /// It is complete.
    Outcome made() {
        try {
            SafeFile.delete(making);
            return new Outcome.Done(0);
        } catch (IOException failed) {
            return failed("cannot-initialize", failed);
        }
    }

    boolean isStandby() {
        return Files.exists(data.resolve("standby.signal"));
    }

    /// Says what the server is to be when it starts.
    Outcome standby() {
        try {
            markStandby();
            return new Outcome.Done(0);
        } catch (IOException failed) {
            return failed("cannot-write", failed);
        }
    }

    private void markStandby() throws IOException {
        write(data.resolve("standby.signal"), "");
    }

    /// Writes our two files into the server's folder, and has its own configuration include ours as its last line.
    Outcome configure(String parameters, String hba) {
        try {
            write(data.resolve(Conf.FILE), parameters);
            write(data.resolve(Conf.HBA_FILE), hba);
            Path main = data.resolve("postgresql.conf");
            String text = Files.exists(main) ? Files.readString(main) : "";
            if (!text.stripTrailing().endsWith(Conf.INCLUDE)) write(main, text + "\n" + Conf.INCLUDE + "\n");
            return new Outcome.Done(0);
        } catch (IOException failed) {
            return failed("cannot-write", failed);
        }
    }

    private void write(Path file, String text) throws IOException {
        if (Files.exists(file) && Files.readString(file).equals(text)) return;
        SafeFile.writeSecret(file, text.getBytes(StandardCharsets.UTF_8));
        programs.user().own(file);
    }

    /// A new, empty cluster; not complete before that is said.
    Outcome initialize(Secrets secrets) throws InterruptedException {
        try {
            if (isFounding()) delete(data); // ours, and never served
            SafeFile.write(founding, new byte[0]);
            SafeFile.write(making, new byte[0]);
            programs.user().makeFolder(data);
        } catch (IOException failed) {
            return failed("cannot-initialize", failed);
        }
        Outcome made = programs.run(
                        MAKE_LIMIT,
                        Map.of(),
                        "initdb",
                        List.of(
                                "-D",
                                data.toString(),
                                "-U",
                                secrets.superuser(),
                                "--auth-local=peer",
                                "--auth-host=reject",
                                "--data-checksums",
                                "--encoding=UTF8",
                                "--locale=C.UTF-8"))
                .outcome("initdb");
        return made instanceof Outcome.Done ? users(secrets) : made;
    }

    /// Makes the users that members need, while no server runs.
    Outcome users(Secrets secrets) throws InterruptedException {
        String commands =
                "CREATE ROLE %1$s\nALTER ROLE %1$s LOGIN REPLICATION PASSWORD '%2$s'\nALTER ROLE %3$s LOGIN SUPERUSER PASSWORD '%4$s'\n"
                        .formatted(
                                secrets.replicationUser(),
                                secrets.replicationPassword(),
                                secrets.superuser(),
                                secrets.superuserPassword());
        return programs.run(
                        MAKE_LIMIT,
                        Map.of(),
                        commands,
                        "postgres",
                        List.of(
                                "--single",
                                "-D",
                                data.toString(),
                                "-c",
                                "password_encryption=scram-sha-256",
                                "postgres"))
                .outcome("postgres --single");
    }

    /// Copies everything from a running primary: by the owner's way if there is one and it works, else by
    /// `pg_basebackup`.
    Outcome cloneFrom(Holder from, PostgresSpec spec, Secrets secrets) throws InterruptedException {
        Path fresh = data.resolveSibling(data.getFileName() + ".new");
        Path old = data.resolveSibling(data.getFileName() + ".old");
        try {
            Outcome copied = copyByOwnersMethod(fresh, from, spec, secrets);
            if (!(copied instanceof Outcome.Done)) copied = baseBackup(fresh, from, secrets);
            if (!(copied instanceof Outcome.Done)) return copied;
            delete(old);
            if (Files.exists(data)) Files.move(data, old);
            Files.move(fresh, data);
            Files.deleteIfExists(rewinding);
            Files.deleteIfExists(making);
            founded();
            delete(old);
            markStandby();
            return copied;
        } catch (IOException failed) {
            return failed("cannot-clone", failed);
        }
    }

    private void emptied(Path fresh) throws IOException {
        delete(fresh);
        programs.user().makeFolder(fresh);
    }

    private static Map<String, String> login(Holder from, Secrets secrets) {
        return Map.of(
                "PGHOST", from.address(),
                "PGPORT", Integer.toString(from.port()),
                "PGUSER", secrets.replicationUser(),
                "PGPASSWORD", secrets.replicationPassword());
    }

    private Outcome copyByOwnersMethod(Path fresh, Holder from, PostgresSpec spec, Secrets secrets)
            throws IOException, InterruptedException {
        List<String> method = spec.replicaMethod();
        if (method.isEmpty()) return new Outcome.Refused(new Reason("no-method", "There is none."));
        emptied(fresh);
        Map<String, String> environment = new TreeMap<>(login(from, secrets));
        environment.put("PGDATA", fresh.toString());
        environment.put("HOLDFAST_SERVICE", spec.name());
        Outcome copied = programs.run(COPY_LIMIT, environment, method.getFirst(), method.subList(1, method.size()))
                .outcome(method.getFirst());
        if (copied instanceof Outcome.Done && !Files.exists(fresh.resolve(CONTROL_FILE))) {
            copied = new Outcome.Refused(new Reason("no-data", method.getFirst() + " left no data in " + fresh + "."));
        }
        if (!(copied instanceof Outcome.Done))
            LOG.warn("{} is copied by pg_basebackup instead: {}", spec.name(), copied);
        return copied;
    }

    private Outcome baseBackup(Path fresh, Holder from, Secrets secrets) throws IOException, InterruptedException {
        emptied(fresh);
        return programs.run(
                        COPY_LIMIT,
                        login(from, secrets),
                        "pg_basebackup",
                        List.of("-D", fresh.toString(), "-X", "stream", "--checkpoint=fast", "--no-password"))
                .outcome("pg_basebackup");
    }

    /// Takes back what the primary at `address` does not have. Refused with `program-failed` when the data is as good
    /// as lost.
    Outcome rewind(String address, int port, Secrets secrets) throws InterruptedException {
        try {
            rewoundFrom = closedAt();
            SafeFile.write(rewinding, new byte[0]);
            Outcome rewound = programs.run(
                            COPY_LIMIT,
                            Map.of("PGPASSWORD", secrets.superuserPassword()),
                            "pg_rewind",
                            List.of(
                                    "-D",
                                    data.toString(),
                                    "--source-server=host=%s port=%d user=%s dbname=postgres connect_timeout=3"
                                            .formatted(address, port, secrets.superuser())))
                    .outcome("pg_rewind");
            if (!(rewound instanceof Outcome.Done)) return rewound;
            markStandby();
            Files.deleteIfExists(rewinding);
            return rewound;
        } catch (IOException failed) {
            return failed("cannot-rewind", failed);
        }
    }

    /// Where our log ends. A primary that was killed recovers for that, as `pg_rewind` would have it do.
    private Lsn closedAt() throws InterruptedException {
        if (isStandby()) return Lsn.ZERO;
        if (control().end().equals(Lsn.ZERO)) {
            Programs.Ended recovered = programs.run(
                    COPY_LIMIT, Map.of(), "postgres", List.of("--single", "-F", "-D", data.toString(), "template1"));
            if (recovered.status() != 0) LOG.warn("Recovery before the rewind failed: {}", recovered.tail());
        }
        return control().end();
    }

    /// Where the log ended that the last rewind took back from; zero when that is not known.
    Lsn rewoundFrom() {
        return rewoundFrom;
    }

    /// Where a timeline began, by its history file; zero when there is none.
    Lsn startOf(int timeline) {
        try {
            List<String> lines =
                    Files.readAllLines(data.resolve("pg_wal").resolve("%08X.history".formatted(timeline))).stream()
                            .filter(line -> !line.isBlank() && !line.startsWith("#"))
                            .toList();
            return lines.isEmpty() ? Lsn.ZERO : Lsn.parse(lines.getLast().split("\\s+", -1)[1]);
        } catch (IOException | IllegalArgumentException _) {
            return Lsn.ZERO;
        }
    }

    private static void delete(Path folder) throws IOException {
        if (!Files.exists(folder)) return;
        try (Stream<Path> files = Files.walk(folder)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) Files.delete(file);
        }
    }

    private static Outcome failed(String code, IOException failed) {
        return new Outcome.Refused(new Reason(code, String.valueOf(failed.getMessage())));
    }
}
