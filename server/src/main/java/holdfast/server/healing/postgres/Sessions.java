package holdfast.server.healing.postgres;

import holdfast.core.healing.fleet.PostgresSpec;
import holdfast.server.base.Threads;
import java.sql.SQLException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The superuser's sessions: one with the server of this host, that stays, and short ones for what takes long. One
/// thread.
final class Sessions implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Sessions.class);
    private static final int LIMIT_SECONDS = 2;
    private static final int CHECKPOINT_LIMIT_SECONDS = 300;

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
            LOG.debug("{} at {} does not answer: {}", spec.name(), address, failed.getMessage());
            return null;
        }
    }

    Sql sql() {
        Sql present = sql;
        if (present != null) return present;
        Sql fresh = open(address, spec.port(), LIMIT_SECONDS);
        sql = fresh;
        return fresh;
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
        return checkpoint(address, spec.port());
    }

    /// The same, while others go on.
    void checkpointAside() {
        Threads.start(spec.name() + " checkpoint", this::checkpoint);
    }

    @Override
    public void close() {
        if (sql != null) sql.close();
        sql = null;
    }
}
