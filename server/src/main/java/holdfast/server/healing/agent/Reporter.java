package holdfast.server.healing.agent;

import holdfast.core.base.Outcome;
import holdfast.core.base.Reason;
import holdfast.server.base.Threads;
import holdfast.server.ledger.HostLedger;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Takes outcomes to the store under this host's registration, again and again until the store has them or says
/// that the registration is gone; then they wait for the next one. Any thread.
final class Reporter implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Reporter.class);
    private static final int WAITING_MAX = 10_000;
    private static final long RETRY_NANOS = 100_000_000;

    private final HostLedger ledger;
    private final Map<String, Outcome> waiting = new LinkedHashMap<>(); // under `this`
    private final Thread thread;
    private long createRevision; // of the registration; 0 while there is none; under `this`
    private boolean closed; // under `this`

    Reporter(HostLedger ledger) {
        this.ledger = ledger;
        this.thread = Threads.start("reporter", this::run);
    }

    /// From now on outcomes go under this registration.
    synchronized void registered(long revision) {
        createRevision = revision;
        notifyAll();
    }

    synchronized void report(String actionId, Outcome outcome) {
        if (waiting.size() >= WAITING_MAX)
            waiting.remove(waiting.keySet().iterator().next()); // it is on disk
        waiting.put(actionId, outcome);
        notifyAll();
    }

    private record Next(String actionId, Outcome outcome, long createRevision) {}

    private synchronized Optional<Next> next() throws InterruptedException {
        while (!closed && (waiting.isEmpty() || createRevision == 0)) wait();
        if (closed) return Optional.empty();
        Map.Entry<String, Outcome> first = waiting.entrySet().iterator().next();
        return Optional.of(new Next(first.getKey(), first.getValue(), createRevision));
    }

    private void run() {
        try {
            for (Optional<Next> next = next(); next.isPresent(); next = next()) send(next.get());
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
    }

    private void send(Next next) throws InterruptedException {
        switch (ledger.report(next.createRevision, next.actionId, next.outcome)) {
            case Outcome.Done _ -> sent(next);
            case Outcome.Refused(Reason why)
            when why.code().equals("registration-gone") -> {
                LOG.warn("{}", why);
                registrationGone(next.createRevision);
            }
            case Outcome.Refused(Reason why) -> later(next, why);
            case Outcome.Unknown(Reason why) -> later(next, why); // writing it again does no harm: it is create-only
        }
    }

    private synchronized void sent(Next next) {
        waiting.remove(next.actionId, next.outcome);
    }

    private synchronized void registrationGone(long revision) {
        if (createRevision == revision) createRevision = 0;
    }

    private static void later(Next next, Reason why) throws InterruptedException {
        LOG.debug("The outcome of {} waits: {}", next.actionId, why);
        TimeUnit.NANOSECONDS.sleep(RETRY_NANOS);
    }

    @Override
    public synchronized void close() {
        closed = true;
        notifyAll();
        thread.interrupt();
    }
}
