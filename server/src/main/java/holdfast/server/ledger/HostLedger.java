package holdfast.server.ledger;

import holdfast.core.base.Bytes;
import holdfast.core.base.NodeId;
import holdfast.core.base.Outcome;
import holdfast.core.base.Reason;
import holdfast.core.healing.fleet.Registration;
import holdfast.server.client.Answer;
import holdfast.server.client.Etcd;
import holdfast.server.client.Pair;
import holdfast.server.client.Snapshot;
import holdfast.server.client.Txn;
import java.util.Optional;

/// What one host's agent writes: its registration, and outcomes guarded by it.
public final class HostLedger {
    private final Etcd etcd;
    private final NodeId host;

    public HostLedger(Etcd etcd, NodeId host) {
        this.etcd = etcd;
        this.host = host;
    }

    /// The registration in the store with the lease that it is bound to, if there is one.
    public record Registered(Registration registration, long leaseId) {}

    public Answer<Optional<Registered>> registered() {
        return etcd.get(Keys.host(host)).map(HostLedger::registered);
    }

    private static Optional<Registered> registered(Snapshot snapshot) {
        return snapshot.first()
                .flatMap(pair -> Facts.read(pair, Registration.class)
                        .map(registration -> new Registered(Facts.dated(registration, pair), pair.lease())));
    }

    /// Writes the registration, bound to `leaseId`. One that is bound to the same lease is overwritten and
    /// keeps its create revision; another's is left alone and refuses this with `host-taken`.
    ///
    /// @return with its create revision filled in
    public Answer<Registration> register(Registration registration, long leaseId) {
        Bytes key = Keys.host(host);
        Bytes value = LedgerJson.write(registration);
        Answer<Optional<Pair>> before = etcd.get(key).map(Snapshot::first);
        return before.then(found -> {
            if (found.isPresent() && found.get().lease() != leaseId) return new Answer.Refused<>(taken(found.get()));
            long modRevision = found.map(Pair::modRevision).orElse(0L);
            Txn txn = new Txn().ifModRevision(key, modRevision).put(key, value, leaseId);
            return etcd.commit(txn).then(done -> {
                if (!done.succeeded()) {
                    return new Answer.Refused<>(
                            new Reason("condition", "The registration of " + host + " changed meanwhile."));
                }
                long createRevision = found.map(Pair::createRevision).orElse(done.revision());
                return new Answer.Done<>(new Registration(
                        registration.host(),
                        registration.address(),
                        registration.agentAddress(),
                        registration.incarnation(),
                        createRevision,
                        registration.ttlNanos()));
            });
        });
    }

    private Reason taken(Pair found) {
        return new Reason(
                "host-taken",
                "Host %s is registered by another agent (lease %s, since revision %d)."
                        .formatted(host, Long.toHexString(found.lease()), found.createRevision()));
    }

    /// Writes what became of an action, once, while this host's registration is the one created at
    /// `createRevision`. Done as well when an outcome is there already or the order is gone: nobody waits for it.
    /// Refused with `registration-gone` when the store has another registration or none.
    public Outcome report(long createRevision, String actionId, Outcome outcome) {
        Bytes key = Keys.outcome(actionId);
        Txn txn = new Txn()
                .ifCreateRevision(Keys.host(host), createRevision)
                .ifPresent(Keys.order(host, actionId)) // else the loop has forgotten it and nobody would clean up
                .ifAbsent(key)
                .put(key, LedgerJson.write(outcome))
                .elseGet(Keys.host(host))
                .elseGet(key);
        return switch (etcd.commit(txn)) {
            case Answer.Done<Etcd.Committed>(Etcd.Committed done) -> {
                if (done.succeeded()) yield new Outcome.Done(done.revision());
                long now = done.found().stream()
                        .filter(pair -> pair.key().equals(Keys.host(host)))
                        .mapToLong(Pair::createRevision)
                        .findFirst()
                        .orElse(0);
                if (now == createRevision) yield new Outcome.Done(done.revision());
                yield new Outcome.Refused(new Reason(
                        "registration-gone",
                        "The store refused the outcome of %s: the registration of %s from revision %d is gone (now %d)."
                                .formatted(actionId, host, createRevision, now)));
            }
            case Answer.Refused<Etcd.Committed>(Reason why) -> new Outcome.Refused(why);
            case Answer.Unknown<Etcd.Committed>(Reason why) -> new Outcome.Unknown(why);
        };
    }
}
