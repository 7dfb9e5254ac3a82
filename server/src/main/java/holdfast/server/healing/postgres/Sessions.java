package holdfast.server.healing.postgres;

import holdfast.core.healing.fleet.PostgresSpec;
import holdfast.server.base.Threads;
import holdfast.server.base.Ticker;
import holdfast.server.healing.failover.Secrets;
import java.sql.SQLException;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The superuser's sessions: one with the server of this host, that stays, and short ones for what takes long. One
/// thread.
final class Sessions implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Sessions.class);
    private static final int LIMIT_SECONDS = 2;
    private static final int CHECKPOINT_LIMIT_SECONDS = 300;

    private static final long DRAIN_LIMIT_NANOS = 3_000_000_000L;
    private static final long LOOK_MILLIS = 5;
    private static final String IN_TRANSACTION = """
            SELECT count(*) FROM pg_stat_activity
             WHERE backend_type = 'client backend' AND xact_start IS NOT NULL AND pid <> pg_backend_pid()""";

    private final PostgresSpec spec;
    private final String address;
    private volatile Secrets secrets = new Secrets("", "", "", "");
    private @Nullable Sql sql;

    Sessions(PostgresSpec spec, String address) {
        this.spec = spec;
        this.address = address;
    }

    void learn(Secrets known) {
        if (known.equals(secrets)) return;
        secrets = known;
        close();
    }

    Secrets secrets() {
        return secrets;
    }

    /// What the server says of itself; null when it does not answer.
    Sql.@Nullable Looked look() {
        try {
            return sql().look();
        } catch (SQLException failed) {
            LOG.debug("{} at {} does not answer: {}", spec.cluster().name(), address, failed.getMessage());
            return null;
        }
    }

    Sql sql() {
        Sql present = sql;
        if (present != null) return present;
        Sql fresh = open(address, spec.cluster().port(), LIMIT_SECONDS);
        sql = fresh;
        return fresh;
    }

    /// A short session with another server.
    Sql open(String host, int port) {
        return open(host, port, LIMIT_SECONDS);
    }

    private Sql open(String host, int port, int limitSeconds) {
        return new Sql(host, port, "postgres", secrets.superuser(), secrets.superuserPassword(), limitSeconds);
    }

    /// Brings the data files of a server up to its log; false when it did not answer.
    boolean checkpoint(String host, int port) {
        try (Sql aside = open(host, port, CHECKPOINT_LIMIT_SECONDS)) {
            aside.ask("CHECKPOINT");
            return true;
        } catch (SQLException failed) {
            LOG.debug("No checkpoint at {}: {}", host, failed.getMessage());
            return false;
        }
    }

    boolean checkpoint() {
        return checkpoint(address, spec.cluster().port());
    }

    /// The same, while others go on.
    void checkpointAside() {
        Threads.start(spec.cluster().name() + " checkpoint", this::checkpoint);
    }

    /// Asks again and again until the server says so; false when it did not in time.
    boolean awaitAnswer(String question, String wanted, Ticker ticker, long limitNanos)
            throws SQLException, InterruptedException {
        long deadlineNanos = ticker.nanos() + limitNanos;
        while (!sql().ask(question).equals(wanted)) {
            if (ticker.nanos() > deadlineNanos) return false;
            TimeUnit.MILLISECONDS.sleep(LOOK_MILLIS);
        }
        return true;
    }

    boolean promote(Ticker ticker, long limitNanos) throws SQLException, InterruptedException {
        sql().ask("SELECT pg_promote(false)");
        return awaitAnswer("SELECT pg_is_in_recovery()", "f", ticker, limitNanos);
    }

    /// Waits until no client is in a transaction, at most a few seconds.
    void drain(Ticker ticker) throws InterruptedException {
        try {
            boolean _ = awaitAnswer(IN_TRANSACTION, "0", ticker, DRAIN_LIMIT_NANOS);
        } catch (SQLException failed) {
            LOG.debug(
                    "{} does not say who is in a transaction: {}",
                    spec.cluster().name(),
                    failed.getMessage());
        }
    }

    @Override
    public void close() {
        if (sql != null) sql.close();
        sql = null;
    }
}
