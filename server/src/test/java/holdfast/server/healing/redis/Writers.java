package holdfast.server.healing.redis;

import holdfast.server.peers.Processes;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import redis.clients.jedis.Jedis;
import redis.clients.jedis.exceptions.JedisException;

/// Three clients for each host. Two go straight to its server and write numbers of their own wherever that is allowed:
/// one follows each write by `WAIT 1` and counts on those that a replica has, the other believes the server; a server
/// that should not acknowledge is so found out. The third goes through the host's proxy, and believes it.
final class Writers implements AutoCloseable {
    private static final String SAFE = "safe";
    private static final String PLAIN = "plain";
    private static final String PROXIED = "proxied";
    private static final int WAIT_MILLIS = 1_000;

    private record Acknowledged(String number, int host, long nanos) {}

    private final RedisHosts hosts;
    private final Queue<Acknowledged> safe = new ConcurrentLinkedQueue<>();
    private final Queue<Acknowledged> plain = new ConcurrentLinkedQueue<>();
    private final Queue<Acknowledged> proxied = new ConcurrentLinkedQueue<>();
    private final List<Thread> threads = new ArrayList<>();
    private volatile boolean closed;

    Writers(RedisHosts hosts) {
        this.hosts = hosts;
        for (int host = 1; host <= 3; host++) {
            int which = host;
            threads.add(Thread.ofPlatform().daemon().start(() -> write(which, SAFE, safe)));
            threads.add(Thread.ofPlatform().daemon().start(() -> write(which, PLAIN, plain)));
            threads.add(Thread.ofPlatform().daemon().start(() -> write(which, PROXIED, proxied)));
        }
    }

    private void write(int host, String set, Queue<Acknowledged> acknowledged) {
        long number = System.nanoTime();
        while (!closed) {
            try (Jedis jedis = set.equals(PROXIED) ? hosts.connectToProxy(host) : hosts.connect(host)) {
                while (!closed) {
                    String value = host + "-" + ++number;
                    jedis.sadd(set, value);
                    boolean done = !set.equals(SAFE) || jedis.waitReplicas(1, WAIT_MILLIS) >= 1;
                    if (done) acknowledged.add(new Acknowledged(value, host, System.nanoTime()));
                    TimeUnit.MILLISECONDS.sleep(5);
                }
            } catch (JedisException _) {
                pause(); // a replica, or nobody there
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

    /// Waits until `more` further writes are acknowledged by a replica.
    void awaitMore(int more) {
        int wanted = safe.size() + more;
        int wantedByProxy = proxied.size() + more;
        hosts.await(more + " more writes", () -> safe.size() >= wanted && proxied.size() >= wantedByProxy);
    }

    /// The longest time without an acknowledgement.
    Duration longestGap() {
        List<Long> times = safe.stream().map(Acknowledged::nanos).sorted().toList();
        long longest = 0;
        for (int index = 1; index < times.size(); index++)
            longest = Math.max(longest, times.get(index) - times.get(index - 1));
        return Duration.ofNanos(longest);
    }

    /// Stops writing; what a replica had acknowledged, or a proxy, and the present primary does not have.
    Set<String> lost() {
        close();
        Set<String> lost = missing(SAFE, safe);
        lost.addAll(missing(PROXIED, proxied));
        return lost;
    }

    /// Stops writing; what only the server had acknowledged and the present primary does not have.
    Set<String> lostWithoutWait() {
        close();
        return missing(PLAIN, plain);
    }

    private Set<String> missing(String set, Queue<Acknowledged> acknowledged) {
        Set<String> missing =
                new TreeSet<>(acknowledged.stream().map(Acknowledged::number).toList());
        hosts.await("the set can be read", () -> {
            int primary = hosts.primary();
            if (primary == 0) return false;
            try (Jedis jedis = hosts.connect(primary)) {
                Set<String> there = jedis.smembers(set);
                missing.removeAll(there);
                return true;
            } catch (JedisException _) {
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
