package holdfast.server.healing;

import holdfast.core.base.Bytes;
import holdfast.core.base.Fence;
import holdfast.core.base.Outcome;
import holdfast.core.base.Reason;
import holdfast.core.healing.HealingLoop;
import holdfast.core.healing.Incident;
import holdfast.core.healing.Input;
import holdfast.core.healing.Order;
import holdfast.server.base.Driver;
import holdfast.server.base.Mailbox;
import holdfast.server.base.Ticker;
import holdfast.server.client.Answer;
import holdfast.server.client.Lead;
import holdfast.server.client.Watch;
import holdfast.server.ledger.Fact;
import holdfast.server.ledger.Leadership;
import holdfast.server.ledger.Led;
import holdfast.server.ledger.LedgerStore;
import holdfast.server.ledger.Seen;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Steps the loop on one thread: drains the mailbox, steps it with the time, carries out its orders in order.
/// Journal before act: what is not known to be written stops the turn, and this node gives up its office.
final class HealingDriver implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(HealingDriver.class);
    private static final int MAIL_MAX = 20_000;
    private static final int MAIL_PER_TURN_MAX = 1_000;
    private static final long TURN_NANOS_MAX = 50_000_000;

    private sealed interface Mail {
        record In(Input input) implements Mail {}

        record Won(Fence fence, Bytes key) implements Mail {}

        record Lost(Reason why) implements Mail {}

        record FromStore(long epoch, LedgerStore.News news) implements Mail {}
    }

    private final String node;
    private final HealingLoop loop;
    private final LedgerStore ledger;
    private final Attachments attachments;
    private final Ticker ticker;
    private final long leaseTtlNanos;
    private final Numbers numbers;
    private final Mailbox<Mail> mailbox = new Mailbox<>(MAIL_MAX);
    private final SortedMap<String, Incident.State> told = new TreeMap<>();
    private @Nullable Consumer<Reason> stepDown;
    private @Nullable Leadership office;
    private @Nullable Watch watch;
    private @Nullable Driver driver;

    HealingDriver(
            String node,
            HealingLoop loop,
            LedgerStore ledger,
            Attachments attachments,
            Ticker ticker,
            long leaseTtlNanos,
            Numbers numbers) {
        this.node = node;
        this.loop = loop;
        this.ledger = ledger;
        this.attachments = attachments;
        this.ticker = ticker;
        this.leaseTtlNanos = leaseTtlNanos;
        this.numbers = numbers;
    }

    /// @param giveUp gives up the present term in the election
    void start(Consumer<Reason> giveUp, Runnable onBug) {
        stepDown = giveUp;
        driver = new Driver("healing loop", this::turn, onBug);
    }

    /// Takes something heard; never waits. What does not fit is dropped and counted: signals may be lost.
    void hear(Input input) {
        if (!mailbox.offer(new Mail.In(input))) numbers.dropped().inc();
    }

    /// Takes news of the election, which must not be lost.
    void election(Lead.News news) {
        put(
                switch (news) {
                    case Lead.News.Elected(Fence fence, Bytes key) -> new Mail.Won(fence, key);
                    case Lead.News.Deposed(Reason why) -> new Mail.Lost(why);
                });
    }

    private void put(Mail mail) {
        if (mailbox.offer(mail)) return;
        try {
            mailbox.put(mail);
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
    }

    private void turn() throws InterruptedException {
        List<Input> inputs = new ArrayList<>();
        for (Mail mail : mailbox.drain(MAIL_PER_TURN_MAX, TURN_NANOS_MAX)) {
            switch (mail) {
                case Mail.In(Input input) -> inputs.add(input);
                case Mail.Won(Fence fence, Bytes key) ->
                    takeOffice(new Leadership(fence, key)).ifPresent(inputs::add);
                case Mail.Lost(Reason why) -> depose(why);
                case Mail.FromStore(long epoch, LedgerStore.News news) -> learn(epoch, news, inputs);
            }
        }
        long startNanos = ticker.nanos();
        carryOut(loop.step(inputs, startNanos));
        numbers.turnSeconds().observe((ticker.nanos() - startNanos) / 1e9);
    }

    // ---- office ----------------------------------------------------------------------------------------------------

    private Optional<Input> takeOffice(Leadership won) {
        Answer<Seen> read = ledger.read();
        if (!(read instanceof Answer.Done<Seen>(Seen seen))) {
            giveUp(won, new Reason("cannot-read", node + " was elected but cannot read the ledger: " + read));
            return Optional.empty();
        }
        Outcome led = ledger.led(won, new Led(node, won.fence().epoch(), ticker.wallMillis()));
        if (!(led instanceof Outcome.Done)) {
            giveUp(won, new Reason("cannot-lead", node + " was elected but cannot write: " + led));
            return Optional.empty();
        }
        office = won;
        long epoch = won.fence().epoch();
        watch = ledger.follow("ledger", seen, news -> put(new Mail.FromStore(epoch, news)));
        attachments.open(won.fence());
        told.clear();
        seen.asks().forEach(ask -> put(new Mail.FromStore(epoch, new LedgerStore.News.Learned(0, List.of(ask)))));
        String former = seen.led().map(Led::node).orElse("");
        LOG.info(
                "{} leads the loop (epoch {}): {} hosts, {} instances, {} open incidents{}.",
                node,
                epoch,
                seen.ledger().hosts().size(),
                seen.ledger().assignments().size(),
                seen.ledger().incidents().size(),
                former.isEmpty() ? "" : "; " + former + " led before and did not resign");
        // The former leader's key ended with its lease, so it had not renewed for at least that long.
        return Optional.of(new Input.Elected(
                won.fence(),
                seen.ledger(),
                ticker.wallMillis() - ticker.nanos() / 1_000_000,
                node,
                former,
                former.isEmpty() ? 0 : leaseTtlNanos));
    }

    private void depose(Reason why) {
        if (office == null) return;
        if (why.code().equals("gave-way")) ledger.resign(office); // its successor need not look for a fault
        LOG.warn(
                "{} no longer leads the loop (epoch {}): {}",
                node,
                office.fence().epoch(),
                why);
        office = null;
        if (watch != null) watch.close();
        watch = null;
        attachments.close("This node no longer leads.");
        loop.step(List.of(new Input.Deposed()), ticker.nanos());
    }

    private void giveUp(Leadership term, Reason why) {
        office = term;
        depose(why);
        if (stepDown != null) stepDown.accept(why);
    }

    boolean leads() {
        return loop.isLeading();
    }

    // ---- orders ----------------------------------------------------------------------------------------------------

    private void carryOut(List<Order> orders) {
        for (Order order : orders) {
            Leadership term = office;
            if (term == null) return; // deposed meanwhile: nothing behind it starts
            Outcome outcome = switch (order) {
                case Order.Journal(var incident, var writes) -> {
                    Outcome written = ledger.journal(term, incident, writes);
                    if (incident != null && written instanceof Outcome.Done) tell(incident);
                    yield written;
                }
                case Order.Act(var action) -> ledger.act(term, action);
                case Order.Ask(var probe) -> {
                    attachments.ask(probe);
                    yield new Outcome.Done(0);
                }
            };
            switch (outcome) {
                case Outcome.Done _ -> {}
                case Outcome.Refused(Reason why) -> giveUp(term, why);
                case Outcome.Unknown(Reason why) -> giveUp(term, why);
            }
        }
    }

    private void tell(Incident incident) {
        Incident.State before = told.put(incident.id(), incident.state());
        if (before == incident.state() || incident.entries().isEmpty()) return;
        numbers.incidents().labelValues(incident.state().name()).inc();
        LOG.info(
                "Incident {} on {} is {}: {}",
                incident.id(),
                incident.subject(),
                incident.state(),
                incident.entries().getLast().what().sentence());
        if (incident.state() == Incident.State.CLOSED) told.remove(incident.id());
    }

    // ---- facts -----------------------------------------------------------------------------------------------------

    private void learn(long epoch, LedgerStore.News news, List<Input> inputs) {
        Leadership term = office;
        if (term == null || term.fence().epoch() != epoch) return; // of a former term
        switch (news) {
            case LedgerStore.News.Lost(long compactRevision) ->
                giveUp(
                        term,
                        new Reason(
                                "behind", node + " is too far behind: revision " + compactRevision + " is compacted."));
            case LedgerStore.News.Learned(long _, List<Fact> facts) -> {
                for (Fact fact : facts) input(term, fact).ifPresent(inputs::add);
            }
        }
    }

    private Optional<Input> input(Leadership term, Fact fact) {
        return switch (fact) {
            case Fact.FleetApplied(var fleet, long revision) ->
                Optional.of(new Input.Changed(new Input.News.FleetApplied(fleet, revision)));
            case Fact.HostRegistered(var registration) ->
                Optional.of(new Input.Changed(new Input.News.HostRegistered(registration)));
            case Fact.HostGone(var host, long createRevision) ->
                Optional.of(new Input.Changed(new Input.News.HostGone(host, createRevision)));
            case Fact.Reported(String actionId, Outcome outcome) -> Optional.of(new Input.Reported(actionId, outcome));
            case Fact.Asked(String askId, var order) -> {
                Outcome taken = ledger.took(term, askId); // first: asked twice is worse than asked in vain
                yield taken instanceof Outcome.Done ? Optional.of(new Input.Asked(order)) : Optional.empty();
            }
            // what the loop itself writes
            case Fact.Assigned _,
                    Fact.Unassigned _,
                    Fact.Published _,
                    Fact.Withdrawn _,
                    Fact.Ordered _,
                    Fact.IncidentWritten _,
                    Fact.LeadersChanged _ -> Optional.empty();
        };
    }

    /// Ends after the turn under way. A leader says that it resigns, so that its successor looks for no fault.
    @Override
    public void close() {
        if (driver != null) driver.close();
        Leadership term = office;
        if (term != null) ledger.resign(term);
        depose(new Reason("resigned", node + " resigned."));
    }
}
