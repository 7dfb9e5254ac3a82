package holdfast.server.truth.auth;

import holdfast.core.base.Bytes;
import holdfast.server.base.Ticker;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.Comparator;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/// The simple tokens that this member knows, in memory. Every member hears of every token through the log, and each
/// counts its life on its own: a use renews it here only. From any thread.
public final class SimpleTokens {
    private static final int TOKENS_MAX = 200_000;
    private static final long SWEEP_EVERY_NANOS = 1_000_000_000;
    private static final int PREFIX_LETTERS = 16;
    private static final String LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

    private static final class Token {
        final Bytes user;
        volatile long endNanos;

        Token(Bytes user, long endNanos) {
            this.user = user;
            this.endNanos = endNanos;
        }
    }

    private final Ticker ticker;
    private final long lifeNanos;
    private final SecureRandom random = new SecureRandom();
    private final Map<String, Token> tokens = new ConcurrentHashMap<>();
    private long sweptNanos; // the thread that ticks only

    public SimpleTokens(Ticker ticker, Duration life) {
        this.ticker = ticker;
        lifeNanos = life.toNanos();
        sweptNanos = ticker.nanos();
    }

    /// What a new token begins with.
    public String newPrefix() {
        StringBuilder prefix = new StringBuilder(PREFIX_LETTERS);
        for (int count = 0; count < PREFIX_LETTERS; count++)
            prefix.append(LETTERS.charAt(random.nextInt(LETTERS.length())));
        return prefix.toString();
    }

    /// When there are too many, the one that would end first goes.
    public void give(String token, Bytes user) {
        if (tokens.size() >= TOKENS_MAX) {
            Optional<Map.Entry<String, Token>> first =
                    tokens.entrySet().stream().min(Comparator.comparingLong(entry -> entry.getValue().endNanos));
            first.ifPresent(entry -> tokens.remove(entry.getKey()));
        }
        tokens.put(token, new Token(user, ticker.nanos() + lifeNanos));
    }

    /// Whose it is, null when it is nobody's. Renews it.
    public @Nullable Bytes use(String token) {
        Token known = tokens.get(token);
        if (known == null) return null;
        long now = ticker.nanos();
        if (now - known.endNanos >= 0) return null;
        known.endNanos = now + lifeNanos;
        return known.user;
    }

    /// The index of the log entry that gave it, -1 when it is no token.
    public static long indexOf(String token) {
        String[] parts = token.split("\\.", -1);
        if (parts.length != 2 || !parts[1].matches("\\d{1,18}")) return -1;
        return Long.parseLong(parts[1]);
    }

    /// The user is gone, or has another password.
    public void forget(Bytes user) {
        tokens.values().removeIf(token -> token.user.equals(user));
    }

    public void forgetAll() {
        tokens.clear();
    }

    /// Drops those whose time is over, now and then. Always from the same thread.
    public void tick() {
        long now = ticker.nanos();
        if (now - sweptNanos < SWEEP_EVERY_NANOS) return;
        sweptNanos = now;
        tokens.values().removeIf(token -> now - token.endNanos >= 0);
    }
}
