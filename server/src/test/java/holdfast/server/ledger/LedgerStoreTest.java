package holdfast.server.ledger;

import static org.assertj.core.api.Assertions.assertThat;

import holdfast.core.base.Bytes;
import holdfast.core.base.Fence;
import holdfast.core.base.Outcome;
import holdfast.core.base.Reason;
import holdfast.core.healing.Incident;
import holdfast.core.healing.Write;
import holdfast.core.healing.fleet.Registration;
import holdfast.server.base.Ticker;
import holdfast.server.client.Answer;
import holdfast.server.client.Endpoint;
import holdfast.server.client.Etcd;
import holdfast.server.client.EtcdConfig;
import holdfast.server.client.Lease;
import holdfast.server.client.Txn;
import holdfast.server.client.Watch;
import holdfast.server.peers.RealEtcd;
import io.vertx.core.Vertx;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The ledger over a real etcd.
final class LedgerStoreTest {
    private static final Bytes LEADER = Bytes.utf8(Keys.LEADER + "1");

    @TempDir
    Path folder;

    private RealEtcd cluster;
    private Vertx vertx;
    private Etcd etcd;
    private LedgerStore ledger;
    private HostLedger host;
    private Leadership leadership;

    @BeforeEach
    void open() throws Exception {
        cluster = RealEtcd.start(folder, 1);
        vertx = Vertx.vertx();
        etcd = Etcd.open(vertx, EtcdConfig.of(Endpoint.parseAll(cluster.url())), Ticker.system());
        ledger = new LedgerStore(etcd);
        host = new HostLedger(etcd, Samples.H1);
        leadership = new Leadership(new Fence(lead()), LEADER);
    }

    @AfterEach
    void close() throws Exception {
        if (cluster == null) return;
        etcd.close();
        vertx.close().toCompletionStage().toCompletableFuture().get(10, TimeUnit.SECONDS);
        cluster.close();
    }

    private long lead() {
        Leader leader = new Leader("s1", "127.0.0.1:1", false);
        return done(etcd.commit(new Txn().put(LEADER, LedgerJson.write(leader))))
                .revision();
    }

    private static <T> T done(Answer<T> answer) {
        assertThat(answer).isInstanceOf(Answer.Done.class);
        return ((Answer.Done<T>) answer).value();
    }

    private Lease lease() {
        return done(Lease.grant(etcd, "test", Duration.ofSeconds(60), _ -> {}));
    }

    @Test
    void everything_writtenByTheLeader_isReadAtOneRevision() {
        try (Lease lease = lease()) {
            Registration registration = done(host.register(Samples.REGISTRATION, lease.id()));
            assertThat(ledger.apply(Samples.fleet(), 0)).isInstanceOf(Outcome.Done.class);
            Incident open = Samples.incident(Incident.State.RECOVERING);
            assertThat(ledger.journal(
                            leadership,
                            open,
                            List.of(new Write.Assign(Samples.assignment()), new Write.Publish(Samples.ENDPOINT))))
                    .isInstanceOf(Outcome.Done.class);
            assertThat(ledger.act(leadership, Samples.start(9, "a-1"))).isInstanceOf(Outcome.Done.class);
            Seen seen = done(ledger.read());
            assertThat(seen.ledger().fleet()).isEqualTo(Samples.fleet());
            assertThat(seen.ledger().hosts()).containsExactly(registration);
            assertThat(seen.ledger().assignments()).containsExactly(Samples.assignment());
            assertThat(seen.ledger().endpoints()).containsExactly(Samples.ENDPOINT);
            assertThat(seen.ledger().orders()).containsExactly("a-1");
            assertThat(seen.ledger().incidents()).containsExactly(open);
            assertThat(seen.leaderEpoch()).isEqualTo(leadership.fence().epoch());
        }
    }

    @Test
    void leader_deposed_canWriteNothing() {
        done(etcd.commit(new Txn().delete(LEADER)));
        long later = lead();
        assertThat(later).isGreaterThan(leadership.fence().epoch());
        assertThat(ledger.journal(leadership, Samples.incident(Incident.State.CONFIRMED), List.of()))
                .isInstanceOfSatisfying(
                        Outcome.Refused.class,
                        refused -> assertThat(refused.why().code()).isEqualTo("deposed"));
        assertThat(ledger.act(leadership, Samples.start(9, "a-1"))).isInstanceOf(Outcome.Refused.class);
        assertThat(done(ledger.read()).ledger().incidents()).isEmpty();
        assertThat(done(ledger.read()).ledger().orders()).isEmpty();
    }

    @Test
    void action_sentOrAnsweredBefore_isNotSentAgain() {
        try (Lease lease = lease()) {
            long created = done(host.register(Samples.REGISTRATION, lease.id())).createRevision();
            assertThat(ledger.act(leadership, Samples.start(9, "a-1"))).isInstanceOf(Outcome.Done.class);
            long before = done(ledger.read()).revision();
            assertThat(ledger.act(leadership, Samples.start(9, "a-1"))).isInstanceOf(Outcome.Done.class);
            assertThat(done(ledger.read()).revision()).isEqualTo(before);
            assertThat(host.report(created, "a-1", new Outcome.Done(0))).isInstanceOf(Outcome.Done.class);
            done(etcd.commit(new Txn().delete(Keys.order(Samples.H1, "a-1"))));
            assertThat(ledger.act(leadership, Samples.start(9, "a-1"))).isInstanceOf(Outcome.Done.class);
            assertThat(done(ledger.read()).ledger().orders()).isEmpty();
        }
    }

    @Test
    void outcome_isWrittenOnce_andOnlyUnderTheHostsOwnRegistration() {
        try (Lease lease = lease()) {
            long created = done(host.register(Samples.REGISTRATION, lease.id())).createRevision();
            ledger.act(leadership, Samples.start(9, "a-1"));
            ledger.act(leadership, Samples.start(9, "a-2"));
            Outcome.Refused first = new Outcome.Refused(new Reason("first", "First."));
            assertThat(host.report(created, "a-1", first)).isInstanceOf(Outcome.Done.class);
            assertThat(host.report(created, "a-1", new Outcome.Done(0))).isInstanceOf(Outcome.Done.class);
            assertThat(done(ledger.read()).ledger().outcomes()).containsEntry("a-1", first);
            assertThat(ledger.journal(leadership, null, List.of(new Write.Deregister(Samples.H1))))
                    .isInstanceOf(Outcome.Done.class);
            assertThat(host.report(created, "a-2", new Outcome.Done(0)))
                    .isInstanceOfSatisfying(
                            Outcome.Refused.class,
                            refused -> assertThat(refused.why().sentence())
                                    .contains("registration of h1", "revision " + created, "is gone (now 0)"));
            assertThat(done(ledger.read()).ledger().outcomes()).doesNotContainKey("a-2");
        }
    }

    @Test
    void registration_ofAnotherLease_isNotOverwritten_andOneOfTheSameKeepsItsRevision() {
        try (Lease mine = lease();
                Lease other = lease()) {
            Registration first = done(host.register(Samples.REGISTRATION, mine.id()));
            assertThat(done(host.register(Samples.REGISTRATION, mine.id()))).isEqualTo(first);
            assertThat(host.register(Samples.REGISTRATION, other.id()))
                    .isInstanceOfSatisfying(
                            Answer.Refused.class,
                            refused -> assertThat(refused.why().code()).isEqualTo("host-taken"));
        }
    }

    @Test
    void endpoint_ofAHostThatIsGone_isLeftOutAndTheRestStands() {
        assertThat(ledger.journal(
                        leadership,
                        Samples.incident(Incident.State.ISOLATED),
                        List.of(new Write.Publish(Samples.ENDPOINT))))
                .isInstanceOf(Outcome.Done.class);
        Seen seen = done(ledger.read());
        assertThat(seen.ledger().endpoints()).isEmpty();
        assertThat(seen.ledger().incidents()).hasSize(1);
    }

    @Test
    void fleet_appliedTwiceFromOneRevision_secondIsRefused() {
        assertThat(ledger.apply(Samples.fleet(), 0)).isInstanceOf(Outcome.Done.class);
        assertThat(ledger.apply(Samples.fleet(), 0)).isInstanceOf(Outcome.Refused.class);
        assertThat(done(ledger.fleet()).fleet()).contains(Samples.fleet());
    }

    @Test
    void follower_seesEachChangeAsAFact_withWhatWasDeleted() throws Exception {
        try (Lease lease = lease()) {
            Registration registration = done(host.register(Samples.REGISTRATION, lease.id()));
            Seen seen = done(ledger.read());
            BlockingQueue<LedgerStore.News> news = new LinkedBlockingQueue<>();
            try (Watch _ = ledger.follow("test", seen, news::add)) {
                ledger.apply(Samples.fleet(), 0);
                ledger.journal(leadership, null, List.of(new Write.Assign(Samples.assignment())));
                ledger.act(leadership, Samples.start(9, "a-1"));
                host.report(registration.createRevision(), "a-1", new Outcome.Done(0));
                etcd.revoke(lease.id());
                List<Fact> facts = new ArrayList<>();
                while (facts.size() < 5) {
                    LedgerStore.News next = news.poll(10, TimeUnit.SECONDS);
                    assertThat(next).as("after %s", facts).isInstanceOf(LedgerStore.News.Learned.class);
                    facts.addAll(((LedgerStore.News.Learned) next).facts());
                }
                assertThat(facts.get(0)).isInstanceOf(Fact.FleetApplied.class);
                assertThat(facts.get(1)).isEqualTo(new Fact.Assigned(Samples.assignment()));
                assertThat(facts.get(2)).isEqualTo(new Fact.Ordered(Samples.start(9, "a-1")));
                assertThat(facts.get(3)).isInstanceOf(Fact.Reported.class);
                assertThat(facts.get(4)).isEqualTo(new Fact.HostGone(Samples.H1, registration.createRevision()));
            }
        }
    }
}
