package holdfast.server.redundancy.postgres;

import holdfast.server.base.Ticker;
import holdfast.server.redundancy.proxy.View;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// What the server keeps of each user's password, asked over one connection of a superuser. What it said last stands
/// while no server answers.
final class Verifiers implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Verifiers.class);
    private static final int USERS_MAX = 10_000;
    private static final long FRESH_NANOS = 1_000_000_000;
    private static final long AWAY_NANOS = 200_000_000;
    private static final long PATIENCE_NANOS = 100_000_000;
    private static final String ASK = "SELECT rolpassword FROM pg_catalog.pg_authid WHERE rolname = ? AND rolcanlogin";

    /// What was found about a user.
    sealed interface Found {
        /// @param text as in `pg_authid.rolpassword`
        record Verifier(String text) implements Found {}

        /// No such user, or one without a password.
        record Nobody() implements Found {}

        /// No server could be asked and nothing is known from before.
        record Away(String why) implements Found {}
    }

    private record Known(Found found, long atNanos) {}

    private final Supplier<View> view;
    private final Ticker ticker;
    private final ReentrantLock lock = new ReentrantLock();
    private final Map<String, Known> known = new ConcurrentHashMap<>(); // written under lock, as all below
    private @Nullable Connection connection;
    private View.@Nullable Target target;
    private View.@Nullable Login login;
    private @Nullable String away;
    private long awayAtNanos;

    Verifiers(Supplier<View> view, Ticker ticker) {
        this.view = view;
        this.ticker = ticker;
    }

    /// Waits for the server, a few seconds at most; for users that are known, hardly at all.
    Found find(String user) throws InterruptedException {
        Known before = known.get(user);
        if (before == null) lock.lock();
        else if (!lock.tryLock(PATIENCE_NANOS, TimeUnit.NANOSECONDS)) return before.found;
        try {
            before = known.get(user);
            if (before != null && ticker.nanos() - before.atNanos < FRESH_NANOS) return before.found;
            Found found = ask(user);
            if (found instanceof Found.Away) return before == null ? found : before.found;
            known.remove(user);
            if (known.size() >= USERS_MAX)
                known.remove(known.keySet().iterator().next());
            known.put(user, new Known(found, ticker.nanos()));
            return found;
        } finally {
            lock.unlock();
        }
    }

    /// A login failed: the next asks the server, whatever is known.
    void doubt(String user) {
        lock.lock();
        try {
            Known before = known.get(user);
            if (before != null) known.put(user, new Known(before.found, ticker.nanos() - FRESH_NANOS));
        } finally {
            lock.unlock();
        }
    }

    private Found ask(String user) {
        if (away != null && ticker.nanos() - awayAtNanos < AWAY_NANOS) return new Found.Away(away);
        try {
            Connection open = connected();
            try (PreparedStatement statement = open.prepareStatement(ASK)) {
                statement.setString(1, user);
                try (ResultSet rows = statement.executeQuery()) {
                    String text = rows.next() ? rows.getString(1) : null;
                    return text == null || text.isEmpty() ? new Found.Nobody() : new Found.Verifier(text);
                }
            }
        } catch (SQLException failed) {
            disconnect();
            away = String.valueOf(failed.getMessage());
            awayAtNanos = ticker.nanos();
            LOG.info("Users of PostgreSQL cannot be looked up: {}", away);
            return new Found.Away(away);
        }
    }

    private Connection connected() throws SQLException {
        View now = view.get();
        View.Target wanted = now.readable();
        if (wanted == null || now.login() == null) throw new SQLException("there is no server to ask");
        Connection open = connection;
        if (open != null && wanted.equals(target) && now.login().equals(login)) return open;
        disconnect();
        Properties properties = new Properties();
        properties.setProperty("user", now.login().user());
        properties.setProperty("password", now.login().password());
        properties.setProperty("connectTimeout", "2");
        properties.setProperty("socketTimeout", "3");
        properties.setProperty("ApplicationName", "holdfast proxy");
        String address = wanted.address().contains(":") ? "[" + wanted.address() + "]" : wanted.address();
        String url = "jdbc:postgresql://" + address + ":" + wanted.port() + "/postgres";
        open = DriverManager.getConnection(url, properties);
        connection = open;
        target = wanted;
        login = now.login();
        return open;
    }

    /// The server may be another: the connection is not used again.
    void disconnect() {
        lock.lock();
        try {
            Connection open = connection;
            connection = null;
            away = null;
            if (open != null) open.close();
        } catch (SQLException failed) {
            LOG.debug("A connection did not close: {}", failed.getMessage());
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void close() {
        disconnect();
    }
}
