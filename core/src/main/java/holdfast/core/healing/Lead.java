package holdfast.core.healing;

import holdfast.core.base.Fence;
import holdfast.core.base.NodeId;
import holdfast.core.healing.detect.Jury;
import holdfast.core.healing.detect.Probe;
import holdfast.core.healing.fleet.Assignment;
import holdfast.core.healing.fleet.Endpoint;
import holdfast.core.healing.fleet.Part;
import holdfast.core.healing.fleet.Registration;
import holdfast.core.healing.fleet.ServiceSpec;
import holdfast.core.healing.isolate.Action;
import holdfast.core.healing.isolate.Step;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// One time of leading: the fence, what is known, and the orders of the present turn. Thrown away when deposed.
final class Lead {
    final Fence fence;
    final String me;
    final LoopConfig config;
    final Book book;
    final Jury jury;
    final long electedNanos;
    final long electedMillis;

    private final long wallMillisAtZero;
    private long nowNanos;
    private long count;
    private List<Order> orders = new ArrayList<>();

    Lead(Input.Elected elected, LoopConfig config, long nowNanos) {
        this.fence = elected.fence();
        this.me = elected.me();
        this.config = config;
        this.book = new Book(elected.restored());
        this.wallMillisAtZero = elected.wallMillisAtZero();
        this.nowNanos = nowNanos;
        this.electedNanos = nowNanos;
        this.electedMillis = millis();
        this.jury = new Jury(config.detect(), book.fleet, "e" + fence.epoch(), nowNanos);
        elected.restored().hosts().forEach(jury::register);
        for (Assignment assignment : book.assignments.values()) watch(assignment);
        for (Assignment assignment : book.assignments.values()) {
            boolean done = book.outcomes.get(assignment.run()) instanceof holdfast.core.base.Outcome.Done;
            // A proven run whose outcome was forgotten did start.
            if (done
                    || (assignment.proven() && !book.sent.contains(assignment.run()) && !isPlanned(assignment.run()))) {
                started(assignment);
            }
            boolean routed = assignment.port() == 0 || book.endpoints.containsKey(assignment.instance());
            boolean isPending = book.incidentOf(assignment.instance()).isPresent();
            if (assignment.proven() && routed && !isPending) jury.inherit(assignment.instance());
        }
    }

    private boolean isPlanned(String actionId) {
        return book.open().stream()
                .flatMap(incident -> incident.deeds().stream())
                .anyMatch(deed -> deed.action().id().equals(actionId) && deed.status() == Incident.Deed.Status.PLANNED);
    }

    void at(long nanos) {
        nowNanos = Math.max(nowNanos, nanos);
    }

    long now() {
        return nowNanos;
    }

    /// Wall clock, for people and for what must outlive this leader.
    long millis() {
        return millisAt(nowNanos);
    }

    long millisAt(long nanos) {
        return wallMillisAtZero + nanos / 1_000_000;
    }

    /// Unique for ever: no two leaders share an epoch.
    String nextId(String kind) {
        count++;
        return kind + fence.epoch() + "-" + count;
    }

    Action action(String id, Step step, NodeId on, String incident) {
        return new Action(id, step, on, fence, incident);
    }

    /// One guarded transaction; nothing when there is nothing to write.
    void journal(@Nullable Incident incident, List<Write> writes) {
        if (incident == null && writes.isEmpty()) return;
        if (incident != null) book.put(incident);
        for (Write write : writes) {
            book.apply(write);
            if (write instanceof Write.Assign(Assignment assignment)) watch(assignment);
            if (write instanceof Write.Unassign(Part.Instance instance)) jury.unassign(instance);
        }
        orders.add(new Order.Journal(incident, writes));
    }

    void act(Action action) {
        book.sent.add(action.id());
        orders.add(new Order.Act(action));
    }

    void ask(Probe probe) {
        orders.add(new Order.Ask(probe));
    }

    List<Order> takeOrders() {
        List<Order> taken = orders;
        orders = new ArrayList<>();
        return taken;
    }

    private void watch(Assignment assignment) {
        long patience =
                config.actionPatience().plus(assignment.spec().stopWithin()).toNanos();
        jury.assign(
                assignment,
                nowNanos + patience + assignment.spec().startWithin().toNanos());
    }

    void started(Assignment assignment) {
        long limitNanos = nowNanos + assignment.spec().startWithin().toNanos();
        jury.started(assignment.instance(), assignment.run(), limitNanos);
    }

    /// Where clients reach it, as long as its host's present registration lasts.
    Endpoint endpoint(Assignment assignment) {
        long registration = jury.registration(assignment.host())
                .map(Registration::createRevision)
                .orElse(0L);
        return new Endpoint(assignment.instance(), assignment.target(), assignment.host(), registration);
    }

    /// The same instance, started anew as `run`.
    Assignment renew(Assignment former, NodeId host, ServiceSpec spec, String run) {
        boolean same = former.spec().runsLike(spec);
        String address = book.fleet.host(host).map(known -> known.address()).orElse(former.address());
        return new Assignment(
                former.instance(),
                host,
                address,
                spec.portOf(former.instance().number()),
                spec,
                same ? former.fleetRevision() : book.fleetRevision,
                Assignment.Desired.RUN,
                run,
                fence,
                same && former.proven(),
                same ? former.change() : holdfast.core.healing.recover.Rollout.change(former, spec),
                former.restartsMillis(),
                former.movesMillis());
    }
}
