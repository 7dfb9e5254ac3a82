package holdfast.server.healing.postgres;

import holdfast.server.peers.Processes;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;

/// One client for each host, straight to its server: each inserts rows of its own wherever that is allowed, and keeps
/// those that
/// were acknowledged. A server that should not acknowledge is so found out.
final class Writers implements AutoCloseable {
    /// @param number of the row, never used twice
    /// @param host that acknowledged it
    /// @param nanos when
    record Acknowledged(long number, int host, long nanos) {}

    private final PostgresHosts hosts;
    private final Queue<Acknowledged> acknowledged = new ConcurrentLinkedQueue<>();
    private final List<Thread> threads = new ArrayList<>();
    private volatile boolean closed;

    Writers(PostgresHosts hosts) {
        this.hosts = hosts;
        hosts.await("the table", this::makeTable);
        for (int host = 1; host <= 3; host++) {
            int which = host;
            threads.add(Thread.ofPlatform().daemon().start(() -> write(which)));
        }
    }

    private boolean makeTable() {
        int primary = hosts.primary();
        if (primary == 0) return false;
        try (Connection connection = hosts.connect(primary);
                Statement statement = connection.createStatement()) {
            statement.execute("CREATE TABLE IF NOT EXISTS ledger (number bigint PRIMARY KEY)");
            return true;
        } catch (SQLException _) {
            return false;
        }
    }

    private void write(int host) {
        long number = host * 1_000_000_000_000L + System.nanoTime() % 1_000_000_000_000L;
        while (!closed) {
            try (Connection connection = hosts.connect(host);
                    PreparedStatement insert = connection.prepareStatement("INSERT INTO ledger VALUES (?)")) {
                while (!closed) {
                    insert.setLong(1, ++number);
                    insert.executeUpdate();
                    acknowledged.add(new Acknowledged(number, host, System.nanoTime()));
                    TimeUnit.MILLISECONDS.sleep(10);
                }
            } catch (SQLException _) {
                pause(); // a standby, or nobody there
            } catch (InterruptedException _) {
                return;
            }
        }
    }

    private static void pause() {
        try {
            TimeUnit.MILLISECONDS.sleep(20);
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
    }

    int count() {
        return acknowledged.size();
    }

    /// Waits until `more` further rows are acknowledged.
    void awaitMore(int more) {
        int wanted = count() + more;
        hosts.await(more + " more rows", () -> count() >= wanted);
    }

    /// The longest time without an acknowledgement.
    Duration longestGap() {
        List<Long> times =
                acknowledged.stream().map(Acknowledged::nanos).sorted().toList();
        long longest = 0;
        for (int index = 1; index < times.size(); index++)
            longest = Math.max(longest, times.get(index) - times.get(index - 1));
        return Duration.ofNanos(longest);
    }

    List<Acknowledged> all() {
        return List.copyOf(acknowledged);
    }

    /// Stops writing; the acknowledged rows that the present primary does not have.
    Set<Long> lost() {
        close();
        Set<Long> missing =
                new TreeSet<>(acknowledged.stream().map(Acknowledged::number).toList());
        hosts.await("the rows can be read", () -> {
            int primary = hosts.primary();
            if (primary == 0) return false;
            try (Connection connection = hosts.connect(primary);
                    Statement statement = connection.createStatement();
                    ResultSet rows = statement.executeQuery("SELECT number FROM ledger")) {
                Set<Long> there = new TreeSet<>();
                while (rows.next()) there.add(rows.getLong(1));
                missing.removeAll(there);
                return true;
            } catch (SQLException _) {
                return false;
            }
        });
        return missing;
    }

    @Override
    public void close() {
        closed = true;
        for (Thread thread : threads) {
            try {
                thread.join(Duration.ofSeconds(10));
            } catch (InterruptedException bug) {
                throw new IllegalStateException(bug);
            }
        }
        Processes.await(
                "the writers end",
                Duration.ofSeconds(10),
                () -> threads.stream().noneMatch(Thread::isAlive));
    }
}
