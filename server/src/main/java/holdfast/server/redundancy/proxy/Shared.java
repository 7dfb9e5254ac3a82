package holdfast.server.redundancy.proxy;

import holdfast.server.base.Ticker;
import java.util.concurrent.atomic.AtomicInteger;

/// What all desks of a proxy have in common.
///
/// @param clients those that are admitted, of all desks
record Shared(
        ProxyConfig config,
        ProxyMetrics metrics,
        Ticker ticker,
        ServiceWatch watch,
        Reception reception,
        AtomicInteger clients) {}
