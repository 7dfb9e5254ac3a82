package holdfast.server.healing.agent;

import holdfast.core.base.Reason;
import holdfast.core.healing.fleet.Assignment;
import holdfast.core.healing.fleet.Fleet;
import holdfast.core.healing.fleet.Part;
import holdfast.core.healing.fleet.Registration;
import holdfast.core.healing.isolate.Action;
import holdfast.server.base.Threads;
import holdfast.server.client.Answer;
import holdfast.server.client.Etcd;
import holdfast.server.client.Lease;
import holdfast.server.client.Watch;
import holdfast.server.ledger.Fact;
import holdfast.server.ledger.HostLedger;
import holdfast.server.ledger.Keys;
import holdfast.server.ledger.LedgerStore;
import holdfast.server.ledger.Seen;
import java.util.Collection;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The host's standing with the store, as one thread that waits: take or resume the lease, register, read what
/// is ours, reconcile, follow; when the lease falls into doubt freeze first and ask afterwards.
final class Session implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Session.class);
    private static final int EVENTS_MAX = 4_096;
    private static final long RETRY_NANOS = 200_000_000;
    private static final long LOOK_NANOS = 1_000_000_000;

    /// What the rest of the agent is told. Calls come one at a time.
    interface Listener {
        /// The fleet and every assignment, whenever either changed.
        void learned(@Nullable Fleet fleet, Collection<Assignment> assignments);

        void ordered(Action action);

        void leadersChanged();
    }

    private sealed interface Event {
        record LeaseNews(Lease lease, Lease.News news) implements Event {}

        record Learned(List<Fact> facts) implements Event {}

        /// The watch is too far behind.
        record Behind() implements Event {}
    }

    private final AgentConfig config;
    private final Etcd etcd;
    private final LedgerStore ledger;
    private final HostLedger hostLedger;
    private final AgentMemory memory;
    private final Supervisor supervisor;
    private final Reporter reporter;
    private final Listener listener;
    private final String agentAddress;
    private final Thread thread;
    private final BlockingQueue<Event> events = new ArrayBlockingQueue<>(EVENTS_MAX);
    private final SortedMap<Part.Instance, Assignment> assignments = new TreeMap<>();
    private @Nullable Fleet fleet;
    private volatile @Nullable Lease lease;
    private volatile long createRevision;
    private volatile boolean closed;

    /// @param agentAddress `IP:PORT` where witnesses knock
    Session(
            AgentConfig config,
            String agentAddress,
            Etcd etcd,
            AgentMemory memory,
            Supervisor supervisor,
            Reporter reporter,
            Listener listener) {
        this.config = config;
        this.agentAddress = agentAddress;
        this.etcd = etcd;
        this.ledger = new LedgerStore(etcd);
        this.hostLedger = new HostLedger(etcd, config.host());
        this.memory = memory;
        this.supervisor = supervisor;
        this.reporter = reporter;
        this.listener = listener;
        this.thread = Threads.start("session", this::run);
    }

    /// Whether this host may act now: registered under a lease that cannot have ended yet.
    boolean sure() {
        Lease held = lease;
        return held != null && held.sure() && createRevision != 0 && supervisor.isOpen();
    }

    /// Create revision of the registration; 0 while there is none.
    long registration() {
        return createRevision;
    }

    private void run() {
        try {
            resume();
            while (!closed) {
                if (lease == null) takeLease();
                Lease held = lease;
                if (held != null && register(held)) follow(held);
                if (!closed) TimeUnit.NANOSECONDS.sleep(RETRY_NANOS);
            }
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
    }

    /// A lease that the former agent held and that still lives: nobody need notice that this is another process.
    /// While the store does not say, the instances that were taken over stay frozen.
    private void resume() throws InterruptedException {
        long former = memory.leaseId();
        while (former != 0 && !closed && lease == null) {
            switch (Lease.resume(etcd, config.host().name(), former, this::tell)) {
                case Answer.Done<Lease>(Lease resumed) -> {
                    lease = resumed;
                    LOG.info("Resumed the lease {} of {}.", Long.toHexString(former), config.host());
                }
                case Answer.Refused<Lease>(Reason why) -> {
                    supervisor.freeze(why);
                    if (why.code().equals("lease-gone")) former = 0;
                }
                case Answer.Unknown<Lease>(Reason why) -> supervisor.freeze(why);
            }
            if (former != 0 && lease == null) TimeUnit.NANOSECONDS.sleep(RETRY_NANOS);
        }
    }

    private void takeLease() throws InterruptedException {
        switch (Lease.grant(etcd, config.host().name(), config.leaseTtl(), this::tell)) {
            case Answer.Done<Lease>(Lease granted) -> {
                lease = granted;
                memory.rememberLease(granted.id());
            }
            case Answer.Refused<Lease>(Reason why) -> LOG.debug("No lease: {}", why);
            case Answer.Unknown<Lease>(Reason why) -> LOG.debug("No lease: {}", why);
        }
    }

    /// Freezes on the lease's own thread, whatever this session is waiting for.
    private void tell(Lease.News news) {
        switch (news) {
            case Lease.News.Unsure(Reason why) -> supervisor.freeze(why);
            case Lease.News.Gone(Reason why) -> supervisor.freeze(why);
            case Lease.News.SureAgain() -> LOG.info("The lease of {} is sure again.", config.host());
        }
        Lease held = lease;
        if (held != null) offer(new Event.LeaseNews(held, news));
    }

    private void offer(Event event) {
        try {
            events.put(event);
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
    }

    private boolean register(Lease held) {
        Registration facts = new Registration(
                config.host(),
                config.address(),
                agentAddress,
                memory.incarnation(),
                0,
                held.ttl().toNanos());
        switch (hostLedger.register(facts, held.id())) {
            case Answer.Done<Registration>(Registration done) -> {
                createRevision = done.createRevision();
                reporter.registered(createRevision);
                LOG.info(
                        "Registered {} at {} (incarnation {}, revision {}, lease {} for {} ms).",
                        config.host(),
                        agentAddress,
                        memory.incarnation(),
                        createRevision,
                        Long.toHexString(held.id()),
                        held.ttl().toMillis());
                return true;
            }
            case Answer.Refused<Registration>(Reason why) -> LOG.warn("Not registered: {}", why);
            case Answer.Unknown<Registration>(Reason why) -> LOG.warn("Not registered: {}", why);
        }
        if (!held.sure()) drop(held);
        return false;
    }

    private void drop(Lease held) {
        held.close();
        lease = null;
        createRevision = 0;
    }

    /// Reads, reconciles and follows until the registration is lost or this is closed.
    private void follow(Lease held) throws InterruptedException {
        while (!closed && lease != null) {
            events.removeIf(event -> !(event instanceof Event.LeaseNews));
            if (!(ledger.read() instanceof Answer.Done<Seen>(Seen seen))) {
                if (!stillRegistered(held)) return;
                TimeUnit.NANOSECONDS.sleep(RETRY_NANOS);
                continue;
            }
            if (!settle(held, seen)) return;
            try (Watch _ = ledger.follow("hosts of " + config.host(), seen, Keys.fleetAndHosts(), this::news);
                    Watch _ = ledger.follow("orders of " + config.host(), seen, Keys.instancesToOrders(), this::news)) {
                if (!listen(held)) return;
            }
        }
    }

    private void news(LedgerStore.News news) {
        offer(
                switch (news) {
                    case LedgerStore.News.Learned(long _, List<Fact> facts) -> new Event.Learned(facts);
                    case LedgerStore.News.Lost(long _) -> new Event.Behind();
                });
    }

    /// Takes over what was read; false when the registration in it is not ours.
    private boolean settle(Lease held, Seen seen) {
        boolean ours = seen.ledger().hosts().stream()
                .anyMatch(host -> host.host().equals(config.host()) && host.createRevision() == createRevision);
        if (!ours) {
            lose(held, gone());
            return false;
        }
        if (!held.sure()) return true; // the lease's news say what follows
        assignments.clear();
        seen.ledger().assignments().forEach(one -> assignments.put(one.instance(), one));
        fleet = seen.ledger().fleet();
        supervisor.reconcile(mine());
        if (!held.sure()) supervisor.freeze(new Reason("lease-unsure", "The lease fell into doubt meanwhile."));
        listener.learned(fleet, List.copyOf(assignments.values()));
        listener.leadersChanged();
        seen.actions().stream()
                .filter(action -> action.on().equals(config.host()))
                .forEach(listener::ordered);
        return true;
    }

    private List<Assignment> mine() {
        return assignments.values().stream()
                .filter(one -> one.host().equals(config.host()))
                .toList();
    }

    private Reason gone() {
        return new Reason(
                "registration-gone",
                "The registration of %s from revision %d is gone: this host was given up by the loop."
                        .formatted(config.host(), createRevision));
    }

    private void lose(Lease held, Reason why) {
        LOG.warn("{}", why);
        supervisor.freeze(why);
        drop(held);
    }

    /// False when the registration is lost; true when everything should be read anew.
    private boolean listen(Lease held) throws InterruptedException {
        while (!closed) {
            switch (events.poll(LOOK_NANOS, TimeUnit.NANOSECONDS)) {
                case null -> {
                    if (held.gone()) {
                        lose(held, gone());
                        return false;
                    }
                    if (!supervisor.isOpen() && held.sure()) return true; // frozen and no word since: look again
                }
                case Event.Behind() -> {
                    return true;
                }
                case Event.Learned(List<Fact> facts) -> {
                    for (Fact fact : facts) if (!take(held, fact)) return false;
                }
                case Event.LeaseNews(Lease of, Lease.News news) -> {
                    if (of != held) continue;
                    switch (news) {
                        case Lease.News.Unsure _ -> {}
                        case Lease.News.SureAgain() -> {
                            return true;
                        }
                        case Lease.News.Gone(Reason why) -> {
                            lose(held, why);
                            return false;
                        }
                    }
                }
            }
        }
        return false;
    }

    private boolean stillRegistered(Lease held) {
        for (Event event = events.poll(); event != null; event = events.poll()) {
            if (event instanceof Event.LeaseNews(Lease of, Lease.News.Gone(Reason why)) && of == held) {
                lose(held, why);
                return false;
            }
        }
        return true;
    }

    /// False when the fact ends our registration.
    private boolean take(Lease held, Fact fact) {
        switch (fact) {
            case Fact.FleetApplied(Fleet applied, long _) -> {
                fleet = applied;
                listener.learned(fleet, List.copyOf(assignments.values()));
            }
            case Fact.Assigned(Assignment assignment) -> {
                assignments.put(assignment.instance(), assignment);
                listener.learned(fleet, List.copyOf(assignments.values()));
            }
            case Fact.Unassigned(Part.Instance instance) -> {
                assignments.remove(instance);
                listener.learned(fleet, List.copyOf(assignments.values()));
            }
            case Fact.Ordered(Action action) -> listener.ordered(action);
            case Fact.LeadersChanged() -> listener.leadersChanged();
            case Fact.HostGone(var host, long _) -> {
                if (host.equals(config.host())) {
                    lose(held, gone());
                    return false;
                }
            }
            case Fact.HostRegistered _,
                    Fact.Published _,
                    Fact.Withdrawn _,
                    Fact.Reported _,
                    Fact.IncidentWritten _,
                    Fact.Asked _ -> {}
        }
        return true;
    }

    /// Leaves the lease to end by itself or to be resumed, and the instances as they are.
    @Override
    public void close() {
        closed = true;
        thread.interrupt();
        Lease held = lease;
        if (held != null) held.close();
    }
}
