package holdfast.server.redundancy.redis;

import holdfast.core.redundancy.resp.Frames;
import holdfast.server.redundancy.proxy.Pursuit;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.net.NetSocket;
import org.jspecify.annotations.Nullable;

/// The way to a client: replies that it must not see yet are kept back, and what comes behind them too.
final class Outlet {
    private static final int KEPT_BYTES_MAX = 64 << 20;

    private final NetSocket client;
    private Buffer kept = Buffer.buffer();
    private long keptSinceNanos;

    Outlet(NetSocket client) {
        this.client = client;
    }

    /// @param keep until [#flush]
    /// @param chunk that may be passed on itself instead of a copy; null for none
    void write(Frames frames, int from, int to, boolean keep, @Nullable Buffer chunk) {
        if (to <= from) return;
        Buffer bytes = Pursuit.slice(frames, from, to, chunk);
        if (keep) kept.appendBuffer(bytes);
        else client.write(bytes);
    }

    /// From now on something is kept.
    void keepFrom(long nowNanos) {
        keptSinceNanos = nowNanos;
    }

    /// How long something has been kept, while it is.
    long keptNanos(long nowNanos) {
        return nowNanos - keptSinceNanos;
    }

    boolean isTooMuch() {
        return kept.length() > KEPT_BYTES_MAX;
    }

    /// What was kept goes to the client.
    void flush() {
        if (kept.length() == 0) return;
        client.write(kept);
        kept = Buffer.buffer();
    }
}
