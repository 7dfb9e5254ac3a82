package holdfast.server.truth.auth;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.nio.charset.StandardCharsets.UTF_8;

import holdfast.core.base.Bytes;
import holdfast.server.base.Threads;
import java.security.SecureRandom;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicInteger;
import org.bouncycastle.crypto.generators.OpenBSDBCrypt;

/// Hashes and checks passwords by bcrypt (Provos, Mazieres 1999). That is slow on purpose, so it happens on threads of
/// its own and never on more than half of the processors.
public final class Passwords {
    /// bcrypt takes no more.
    public static final int BYTES_MAX = 72;

    private static final String VERSION = "2a"; // what etcd writes
    private static final int SALT_BYTES = 16;
    private static final int HASH_BYTES = 60;
    private static final int WAITING_MAX = 1_000;

    private final int cost;
    private final SecureRandom random = new SecureRandom();
    private final Semaphore slots =
            new Semaphore(Math.max(1, Runtime.getRuntime().availableProcessors() / 2));
    private final AtomicInteger waiting = new AtomicInteger();

    public Passwords(int cost) {
        this.cost = cost;
    }

    /// Runs `task`, which hashes or checks, on a thread of its own.
    ///
    /// @return false when too many wait
    public boolean start(Runnable task) {
        if (waiting.incrementAndGet() > WAITING_MAX) {
            waiting.decrementAndGet();
            return false;
        }
        Thread _ = Threads.start("password", () -> {
            slots.acquireUninterruptibly();
            try {
                task.run();
            } finally {
                slots.release();
                waiting.decrementAndGet();
            }
        });
        return true;
    }

    /// @param password at most [#BYTES_MAX] bytes in UTF-8
    public Bytes hash(String password) {
        byte[] salt = new byte[SALT_BYTES];
        random.nextBytes(salt);
        return Bytes.wrap(OpenBSDBCrypt.generate(VERSION, password.getBytes(UTF_8), salt, cost)
                .getBytes(US_ASCII));
    }

    public static boolean fits(String password) {
        return password.getBytes(UTF_8).length <= BYTES_MAX;
    }

    /// False also when the hash is none.
    public static boolean matches(Bytes hash, String password) {
        if (hash.size() != HASH_BYTES || !fits(password)) return false;
        try {
            return OpenBSDBCrypt.checkPassword(hash.utf8(), password.getBytes(UTF_8));
        } catch (IllegalArgumentException _) { // whoever may set hashes may set any text
            return false;
        }
    }
}
