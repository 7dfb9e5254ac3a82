package holdfast.server.healing.postgres;

import holdfast.core.base.Outcome;
import holdfast.core.base.Reason;
import holdfast.core.healing.fleet.PostgresSpec;
import holdfast.server.base.Ticker;
import holdfast.server.healing.failover.OwnersCommand;
import holdfast.server.healing.failover.Secrets;
import holdfast.server.healing.failover.ServerUser;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Makes a new cluster: `initdb`, then the owner's `post-init` on a server that nobody is told of. What was not made to
/// the end is made from scratch. One thread, the keeper's.
final class Founding {
    private static final Logger LOG = LoggerFactory.getLogger(Founding.class);
    private static final Duration POST_INIT_LIMIT = Duration.ofHours(1);
    private static final long START_LIMIT_NANOS = 60_000_000_000L;
    private static final long LOOK_MILLIS = 20;
    private static final long AGAIN_MILLIS = 1_000;

    private final PostgresSpec spec;
    private final String address;
    private final DataFolder folder;
    private final ServerProcess process;
    private final Path notes;
    private final Ticker ticker;

    /// @param notes our own folder for this cluster
    Founding(PostgresSpec spec, String address, DataFolder folder, ServerProcess process, Path notes, Ticker ticker) {
        this.spec = spec;
        this.address = address;
        this.folder = folder;
        this.process = process;
        this.notes = notes;
        this.ticker = ticker;
    }

    /// Configures and starts the server.
    @FunctionalInterface
    interface Starter {
        Outcome start() throws InterruptedException;
    }

    /// An earlier agent's server on what it had not made to the end is ended.
    void endWhatWasCutOff() {
        if (folder.isMaking()) end(false);
    }

    Outcome make(Sessions sessions, Starter starter) throws InterruptedException {
        endWhatWasCutOff();
        Outcome made = folder.initialize(sessions.secrets());
        if (made instanceof Outcome.Done && !spec.postInit().isEmpty()) made = prepare(sessions, starter);
        if (made instanceof Outcome.Done) return folder.made();
        TimeUnit.MILLISECONDS.sleep(AGAIN_MILLIS);
        return made;
    }

    private Outcome prepare(Sessions sessions, Starter starter) throws InterruptedException {
        boolean whole = false;
        try {
            Outcome ran = postInit(sessions, starter);
            whole = ran instanceof Outcome.Done;
            return ran;
        } finally {
            sessions.close();
            end(whole);
        }
    }

    private void end(boolean orderly) {
        long limitNanos = spec.cluster().stopWithin().toNanos();
        Outcome _ = orderly ? process.stopOrderly(limitNanos) : process.kill();
    }

    private Outcome postInit(Sessions sessions, Starter starter) throws InterruptedException {
        Outcome started = starter.start();
        if (!(started instanceof Outcome.Done)) return started;
        long deadlineNanos = ticker.nanos() + START_LIMIT_NANOS;
        while (sessions.look() == null) {
            if (process.pid() == 0 || ticker.nanos() > deadlineNanos) {
                return refused("The new server does not answer: see postgresql.log.");
            }
            TimeUnit.MILLISECONDS.sleep(LOOK_MILLIS);
        }
        process.answered();
        ServerUser user = new ServerUser(spec.cluster().user());
        OwnersCommand command = new OwnersCommand(user, spec.postInit(), notes.resolve("post-init.log"));
        Outcome ran = command.run(POST_INIT_LIMIT, environment(sessions.secrets()));
        if (ran instanceof Outcome.Refused(Reason why)) {
            return refused("The cluster is not founded, and is made from scratch: " + why.sentence());
        }
        LOG.info(
                "{}: {} has prepared the new cluster.",
                spec.name(),
                spec.postInit().getFirst());
        return ran;
    }

    private Map<String, String> environment(Secrets secrets) {
        Map<String, String> environment = new TreeMap<>();
        environment.put("PGHOST", address);
        environment.put("PGPORT", Integer.toString(spec.cluster().port()));
        environment.put("PGUSER", secrets.superuser());
        environment.put("PGPASSWORD", secrets.superuserPassword());
        environment.put("PGDATABASE", "postgres");
        environment.put("HOLDFAST_SERVICE", spec.name());
        return environment;
    }

    private static Outcome refused(String sentence) {
        return new Outcome.Refused(new Reason("post-init", sentence));
    }
}
