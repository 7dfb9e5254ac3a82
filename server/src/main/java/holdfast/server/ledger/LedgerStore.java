package holdfast.server.ledger;

import holdfast.core.base.Bytes;
import holdfast.core.base.KeyRange;
import holdfast.core.base.NodeId;
import holdfast.core.base.Outcome;
import holdfast.core.base.Reason;
import holdfast.core.healing.Incident;
import holdfast.core.healing.OperatorOrder;
import holdfast.core.healing.Write;
import holdfast.core.healing.fleet.Endpoint;
import holdfast.core.healing.fleet.Fleet;
import holdfast.core.healing.isolate.Action;
import holdfast.server.client.Answer;
import holdfast.server.client.Etcd;
import holdfast.server.client.Pair;
import holdfast.server.client.Snapshot;
import holdfast.server.client.Txn;
import holdfast.server.client.Watch;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// Reads and writes the ledger. Every call waits for the store, at most its client's limit; any thread.
public final class LedgerStore {
    /// etcd takes 128 operations in one transaction.
    private static final int WRITES_MAX = 120;

    private static final int LEASE_TRIES_MAX = 3;

    private final Etcd etcd;

    public LedgerStore(Etcd etcd) {
        this.etcd = etcd;
    }

    /// What comes out of [#follow].
    public sealed interface News {
        /// All facts of whole revisions, the last of which is `revision`.
        record Learned(long revision, List<Fact> facts) implements News {}

        /// Too far behind: read everything anew. Last news.
        record Lost(long compactRevision) implements News {}
    }

    /// Reads everything at one revision.
    public Answer<Seen> read() {
        return etcd.range(Keys.below(Keys.PREFIX), 0)
                .map(snapshot -> Seen.of(snapshot.revision(), snapshot.pairs(), new Facts()));
    }

    /// Follows everything after what was seen.
    public Watch follow(String name, Seen seen, Consumer<News> tell) {
        return follow(name, seen, Keys.below(Keys.PREFIX), tell);
    }

    /// Follows one range of keys after what was seen.
    public Watch follow(String name, Seen seen, KeyRange keys, Consumer<News> tell) {
        Facts facts = new Facts();
        seen.ledger().hosts().forEach(host -> facts.registeredBefore(host.host(), host.createRevision()));
        return Watch.open(etcd, name, keys, seen.revision() + 1, news -> {
            switch (news) {
                case Watch.News.Changed(long revision, List<Watch.Change> changes) ->
                    tell.accept(new News.Learned(
                            revision,
                            changes.stream()
                                    .flatMap(change -> facts.of(change).stream())
                                    .toList()));
                case Watch.News.Compacted(long compactRevision) -> tell.accept(new News.Lost(compactRevision));
            }
        });
    }

    /// Who leads now: the oldest candidate.
    ///
    /// @param epoch create revision of its key
    public record Leading(Leader leader, long epoch) {}

    public Answer<Optional<Leading>> leading() {
        return etcd.range(Keys.below(Keys.LEADER), 0)
                .map(snapshot -> snapshot.pairs().stream()
                        .min(Comparator.comparingLong(Pair::createRevision))
                        .flatMap(pair -> Facts.read(pair, Leader.class)
                                .map(leader -> new Leading(leader, pair.createRevision()))));
    }

    // ---- what the loop's leader writes -----------------------------------------------------------------------------

    /// Writes all of it in one transaction while the leader's key has the epoch; refused with `deposed` when it
    /// has not. More than 120 writes go in several transactions, the incident in the first.
    public Outcome journal(Leadership leadership, @Nullable Incident incident, List<Write> writes) {
        Outcome last = new Outcome.Done(0);
        for (int from = 0; from == 0 || from < writes.size(); from += WRITES_MAX) {
            List<Write> part = writes.subList(from, Math.min(writes.size(), from + WRITES_MAX));
            last = journalPart(leadership, from == 0 ? incident : null, part);
            if (!(last instanceof Outcome.Done)) return last;
        }
        return last;
    }

    private Outcome journalPart(Leadership leadership, @Nullable Incident incident, List<Write> writes) {
        Outcome last = new Outcome.Done(0);
        for (int tries = 0; tries < LEASE_TRIES_MAX; tries++) {
            Answer<SortedMap<String, Long>> leases = leases(writes);
            if (!(leases instanceof Answer.Done<SortedMap<String, Long>>(SortedMap<String, Long> byHost))) {
                return leases.outcome(_ -> 0L);
            }
            Txn txn = leadership.guarded();
            if (incident != null) txn.put(Keys.incident(incident.id()), LedgerJson.write(incident));
            for (Write write : writes) add(txn, write, byHost);
            if (txn.isEmpty()) return new Outcome.Done(0);
            last = guarded(etcd.commit(txn), leadership);
            if (last instanceof Outcome.Done) revoke(writes, byHost);
            boolean leaseEnded =
                    last instanceof Outcome.Refused(Reason why) && why.code().equals("not-found");
            if (!leaseEnded) return last; // else a host's lease ended since it was read: leave its endpoint out
        }
        return last;
    }

    /// Lease ids of the hosts that `writes` publish on or deregister.
    private Answer<SortedMap<String, Long>> leases(List<Write> writes) {
        boolean needed =
                writes.stream().anyMatch(write -> write instanceof Write.Publish || write instanceof Write.Deregister);
        if (!needed) return new Answer.Done<>(new TreeMap<>());
        return etcd.range(Keys.below(Keys.HOSTS), 0).map(snapshot -> {
            SortedMap<String, Long> byHost = new TreeMap<>();
            for (Pair pair : snapshot.pairs()) {
                byHost.put(Keys.lastName(pair.key().utf8()), pair.lease());
            }
            return byHost;
        });
    }

    private static void add(Txn txn, Write write, SortedMap<String, Long> leases) {
        switch (write) {
            case Write.Assign(var assignment) ->
                txn.put(Keys.instance(assignment.instance()), LedgerJson.write(assignment));
            case Write.Unassign(var instance) -> txn.delete(Keys.instance(instance));
            case Write.Publish(Endpoint endpoint) -> {
                Long lease = leases.get(endpoint.host().name());
                if (lease != null) txn.put(Keys.endpoint(endpoint.instance()), LedgerJson.write(endpoint), lease);
            }
            case Write.Withdraw(var instance) -> txn.delete(Keys.endpoint(instance));
            case Write.Deregister(NodeId host) -> txn.delete(Keys.host(host));
            case Write.Forget(NodeId host, String actionId) ->
                txn.delete(Keys.order(host, actionId)).delete(Keys.outcome(actionId));
        }
    }

    private void revoke(List<Write> writes, SortedMap<String, Long> leases) {
        for (Write write : writes) {
            if (!(write instanceof Write.Deregister(NodeId host))) continue;
            Long lease = leases.get(host.name());
            if (lease != null && lease != 0) etcd.revoke(lease); // if it fails, the registration is gone all the same
        }
    }

    private static Outcome guarded(Answer<Etcd.Committed> answer, Leadership leadership) {
        return switch (answer) {
            case Answer.Done<Etcd.Committed>(Etcd.Committed done)
            when done.succeeded() -> new Outcome.Done(done.revision());
            case Answer.Done<Etcd.Committed> _ -> new Outcome.Refused(deposed(leadership));
            case Answer.Refused<Etcd.Committed>(Reason why) -> new Outcome.Refused(why);
            case Answer.Unknown<Etcd.Committed>(Reason why) -> new Outcome.Unknown(why);
        };
    }

    private static Reason deposed(Leadership leadership) {
        return new Reason(
                "deposed",
                "The leader's key no longer has epoch %d: nothing was written."
                        .formatted(leadership.fence().epoch()));
    }

    /// Puts the action under its host's orders unless it was put or answered before, which is done as well.
    public Outcome act(Leadership leadership, Action action) {
        Bytes order = Keys.order(action.on(), action.id());
        Txn txn = leadership
                .guarded()
                .ifAbsent(order)
                .ifAbsent(Keys.outcome(action.id()))
                .put(order, LedgerJson.write(action))
                .elseGet(leadership.key());
        return switch (etcd.commit(txn)) {
            case Answer.Done<Etcd.Committed>(Etcd.Committed done) -> {
                boolean leading = done.succeeded()
                        || done.found().stream()
                                .anyMatch(pair -> pair.createRevision()
                                        == leadership.fence().epoch());
                yield leading ? new Outcome.Done(done.revision()) : new Outcome.Refused(deposed(leadership));
            }
            case Answer.Refused<Etcd.Committed>(Reason why) -> new Outcome.Refused(why);
            case Answer.Unknown<Etcd.Committed>(Reason why) -> new Outcome.Unknown(why);
        };
    }

    /// Says who leads from now on, so that the next leader knows whom it follows.
    public Outcome led(Leadership leadership, Led led) {
        return guarded(etcd.commit(leadership.guarded().put(Bytes.utf8(Keys.LED), LedgerJson.write(led))), leadership);
    }

    /// Leaves office on purpose.
    public Outcome resign(Leadership leadership) {
        return guarded(etcd.commit(leadership.guarded().delete(Bytes.utf8(Keys.LED))), leadership);
    }

    /// The loop was told of it.
    public Outcome took(Leadership leadership, String askId) {
        return guarded(etcd.commit(leadership.guarded().delete(Keys.ask(askId))), leadership);
    }

    // ---- what people write -----------------------------------------------------------------------------------------

    /// The fleet as applied.
    ///
    /// @param revision its mod revision; 0 when there is none
    public record Applied(Optional<Fleet> fleet, long revision) {}

    public Answer<Applied> fleet() {
        return etcd.get(Keys.fleet()).map(LedgerStore::applied);
    }

    private static Applied applied(Snapshot snapshot) {
        return snapshot.first()
                .map(pair -> new Applied(Facts.read(pair, Fleet.class), pair.modRevision()))
                .orElse(new Applied(Optional.empty(), 0));
    }

    /// Stores the fleet if nobody changed it since `formerRevision`; refused with `condition` otherwise.
    public Outcome apply(Fleet fleet, long formerRevision) {
        Txn txn = new Txn().ifModRevision(Keys.fleet(), formerRevision).put(Keys.fleet(), LedgerJson.write(fleet));
        return etcd.write(txn, "somebody applied another fleet since revision " + formerRevision);
    }

    /// Asks the loop's leader for something.
    public Outcome ask(String askId, OperatorOrder order) {
        Txn txn = new Txn().ifAbsent(Keys.ask(askId)).put(Keys.ask(askId), LedgerJson.write(order));
        return etcd.write(txn, "there is an ask " + askId + " already");
    }
}
