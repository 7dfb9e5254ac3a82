package holdfast.server.healing.failover;

import holdfast.core.base.NodeId;
import holdfast.core.base.Outcome;
import holdfast.core.base.Reason;
import holdfast.core.healing.fleet.ClusterSpec;
import holdfast.core.healing.recover.failover.ClusterState;
import holdfast.core.healing.recover.failover.Holder;
import holdfast.core.healing.recover.failover.Member;
import holdfast.core.healing.recover.failover.Rule;
import holdfast.core.healing.recover.failover.Wish;
import holdfast.server.client.Answer;
import holdfast.server.client.Etcd;
import holdfast.server.client.Pair;
import holdfast.server.client.Snapshot;
import holdfast.server.client.Txn;
import holdfast.server.ledger.LedgerJson;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/// What a person can see of a cluster and ask of it, from anywhere. Any thread; each call waits for the store.
public final class Operator {
    private final Etcd etcd;
    private final ClusterKeys keys;

    /// @param kind of the cluster
    /// @param service name of the cluster in the fleet
    public Operator(Etcd etcd, ClusterSpec.Kind kind, String service) {
        this.etcd = etcd;
        this.keys = new ClusterKeys(kind, service);
    }

    /// A cluster at one revision.
    ///
    /// @param stateRevision when the state was last written, 0 for never
    public record Cluster(
            @Nullable ClusterState state,
            long stateRevision,
            @Nullable Holder holder,
            List<Member> members,
            List<Turn> history,
            @Nullable Wish wish) {}

    public Answer<Cluster> read() {
        return etcd.range(keys.all(), 0).map(this::cluster);
    }

    private Cluster cluster(Snapshot snapshot) {
        @Nullable ClusterState state = null;
        @Nullable Holder holder = null;
        @Nullable Wish wish = null;
        long stateRevision = 0;
        List<Member> members = new ArrayList<>();
        List<Turn> history = new ArrayList<>();
        for (Pair pair : snapshot.pairs()) {
            if (pair.key().equals(keys.state())) {
                state = LedgerJson.read(pair.value(), ClusterState.class).orElse(null);
                stateRevision = pair.modRevision();
            } else if (pair.key().equals(keys.leader())) {
                holder = Desk.holder(pair).orElse(null);
            } else if (pair.key().equals(keys.request())) {
                wish = LedgerJson.read(pair.value(), Wish.class).orElse(null);
            } else if (keys.isMember(pair.key())) {
                LedgerJson.read(pair.value(), Member.class).ifPresent(members::add);
            } else if (keys.isHistory(pair.key())) {
                LedgerJson.read(pair.value(), Turn.class).ifPresent(history::add);
            }
        }
        return new Cluster(state, stateRevision, holder, members, history, wish);
    }

    /// Asks the primary to hand over; refused while another wish waits.
    public Outcome ask(Wish wish) {
        return etcd.write(
                new Txn().ifAbsent(keys.request()).put(keys.request(), LedgerJson.write(wish)),
                "another request waits; `holdfast " + keys.kind().command() + " switchover --cancel` takes it back");
    }

    /// Takes a wish back. Done as well when there was none.
    public Outcome cancel() {
        return etcd.write(new Txn().delete(keys.request()), "never");
    }

    /// Why a wish was not granted; empty while there is no word.
    public Answer<Optional<Reason>> answered(Wish wish) {
        return etcd.get(keys.answer(wish.id()))
                .map(found -> found.first().flatMap(pair -> LedgerJson.read(pair.value(), Reason.class)));
    }

    /// Nobody is elected, started or stopped while it is paused. The primary goes on.
    public Outcome pause(boolean paused) {
        return change(state -> state.withPaused(paused));
    }

    /// Lets a replica be elected though it may lack what was acknowledged. Refused while there is a primary.
    ///
    /// @param to who; empty for the one that has most
    public Outcome force(String to) {
        return switch (read()) {
            case Answer.Done<Cluster>(Cluster cluster) -> force(to, cluster);
            case Answer.Refused<Cluster>(Reason why) -> new Outcome.Refused(why);
            case Answer.Unknown<Cluster>(Reason why) -> new Outcome.Unknown(why);
        };
    }

    private Outcome force(String to, Cluster cluster) {
        if (cluster.holder() != null) {
            return refused(
                    "has-primary",
                    cluster.holder().host() + " is the primary; use `holdfast "
                            + keys.kind().command() + " switchover`.");
        }
        Optional<Member> chosen = cluster.members().stream()
                .filter(member -> member.role() == Member.Role.REPLICA)
                .filter(member -> to.isEmpty() || member.host().name().equals(to))
                .max(Comparator.comparing(Member::position));
        if (chosen.isEmpty()) {
            return refused("no-replica", (to.isEmpty() ? "No member" : to) + " is a replica that runs now.");
        }
        NodeId host = chosen.get().host();
        return change(
                state -> state.withRules(List.of(Rule.of(List.of(host), 1))).forced(host.name()));
    }

    private static Outcome refused(String code, String sentence) {
        return new Outcome.Refused(new Reason(code, sentence));
    }

    /// The state must not have changed since it was read.
    private Outcome change(UnaryOperator<ClusterState> how) {
        return switch (read()) {
            case Answer.Done<Cluster>(Cluster cluster) -> {
                ClusterState state = cluster.state();
                if (state == null) yield refused("no-cluster", "There is no cluster of that name yet.");
                yield etcd.write(
                        new Txn()
                                .ifModRevision(keys.state(), cluster.stateRevision())
                                .put(keys.state(), LedgerJson.write(how.apply(state))),
                        "the cluster changed meanwhile; try again");
            }
            case Answer.Refused<Cluster>(Reason why) -> new Outcome.Refused(why);
            case Answer.Unknown<Cluster>(Reason why) -> new Outcome.Unknown(why);
        };
    }

    /// Asks one member to do something to its server.
    public Outcome command(NodeId host, Task task) {
        return etcd.write(
                new Txn().ifAbsent(keys.task(host)).put(keys.task(host), LedgerJson.write(task)),
                host + " has a task already");
    }
}
