package holdfast.server.start.join;

import static org.assertj.core.api.Assertions.assertThat;

import holdfast.core.base.Outcome;
import holdfast.core.base.Reason;
import holdfast.server.base.Ticker;
import holdfast.server.base.tls.Authority;
import holdfast.server.base.tls.Identity;
import holdfast.server.base.tls.JoinToken;
import holdfast.server.client.Answer;
import holdfast.server.client.Endpoint;
import holdfast.server.client.Etcd;
import holdfast.server.client.EtcdConfig;
import holdfast.server.peers.RealEtcd;
import holdfast.server.start.join.Admission.Member;
import holdfast.server.start.join.Admission.Role;
import io.vertx.core.Vertx;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The desk and its callers over real TLS, with the roll in a real etcd. The consensus group is a list here: its own
/// tests are those of the store.
final class JoinDeskTest {
    private static final Admission.Ports PORTS = new Admission.Ports(2379, 2380, 2376);

    @TempDir
    private Path folder;

    private final Vertx vertx = Vertx.vertx();
    private final List<Integer> learners = Collections.synchronizedList(new ArrayList<>());
    private RealEtcd etcd;
    private Etcd store;
    private Authority authority;
    private Roll roll;
    private JoinDesk desk;

    @BeforeEach
    void open() throws Exception {
        etcd = RealEtcd.start(Files.createDirectory(folder.resolve("etcd")), 1);
        store = Etcd.open(vertx, EtcdConfig.of(List.of(Endpoint.parse(etcd.url()))), Ticker.system());
        authority = Authority.create("test", Ticker.system());
        roll = new Roll(store);
        Member first = new Member(1, "h1", "127.0.0.1", true, PORTS);
        assertThat(roll.found(first)).isInstanceOf(Outcome.Done.class);
        Identity.Applicant applicant = Identity.Applicant.create("h1");
        String certificate = authority.sign(applicant.requestPem(), "h1", List.of("127.0.0.1"), Ticker.system());
        Identity own = Identity.save(folder.resolve("h1"), authority.certificatePem(), certificate, applicant.keyPem());
        Membership group = new Membership() {
            @Override
            public Outcome addLearner(int id, String host, String peerAddress, String clientUrl) {
                learners.add(id);
                return new Outcome.Done(0);
            }

            @Override
            public Outcome promote(int id) {
                return learners.contains(id)
                        ? new Outcome.Done(0)
                        : new Outcome.Refused(new Reason("not-a-learner", id + " is no learner."));
            }
        };
        desk = JoinDesk.open(vertx, "127.0.0.1", 0, own, "test", authority, roll, group, Ticker.system());
    }

    @AfterEach
    void close() throws Exception {
        if (desk != null) desk.close();
        if (store != null) store.close();
        vertx.close().toCompletionStage().toCompletableFuture().get();
        if (etcd != null) etcd.close();
    }

    @Test
    void firstThreeHosts_becomeVoters_andTheFourthAnAgent() throws Exception {
        assertThat(done(join("h2", token(), Role.AUTO)).you().voter()).isTrue();
        assertThat(done(join("h3", token(), Role.AUTO)).authorityKey()).isNotNull();
        Admission.Reply fourth = done(join("h4", token(), Role.AUTO));
        assertThat(fourth.you().voter()).isFalse();
        assertThat(fourth.authorityKey()).isNull();
        assertThat(fourth.members()).extracting(Member::host).containsExactly("h1", "h2", "h3", "h4");
        assertThat(learners).containsExactly(2, 3);
        assertThat(done(join("h5", token(), Role.VOTER)).you().voter()).isTrue();
    }

    @Test
    void joiner_withItsCertificate_isPromotedAndMakesTokens() throws Exception {
        Identity.Applicant applicant = Identity.Applicant.create("h2");
        Admission.Reply reply = done(join("h2", token(), Role.AUTO, applicant));
        Identity own = Identity.save(folder.resolve("h2"), reply.authority(), reply.certificate(), applicant.keyPem());
        JoinCall call = JoinCall.by(address(), own);
        assertThat(done(call.promote()).id()).isEqualTo(2);
        JoinToken next = JoinToken.parse(done(call.token(Duration.ofMinutes(1))));
        assertThat(join("h3", next, Role.AGENT)).isInstanceOf(Answer.Done.class);
    }

    @Test
    void token_usedTwice_admitsOnce() throws Exception {
        JoinToken token = token();
        done(join("h2", token, Role.AUTO));
        assertThat(code(join("h3", token, Role.AUTO))).isEqualTo("bad-token");
    }

    @Test
    void token_usedByTwoAtOnce_admitsExactlyOne() throws Exception {
        JoinToken token = token();
        List<Answer<Admission.Reply>> answers = Collections.synchronizedList(new ArrayList<>());
        List<Thread> joiners = new ArrayList<>();
        for (String host : List.of("h2", "h3", "h4", "h5")) {
            joiners.add(Thread.ofVirtual().start(() -> {
                try {
                    answers.add(join(host, token, Role.AGENT));
                } catch (Exception failed) {
                    throw new IllegalStateException(failed);
                }
            }));
        }
        for (Thread joiner : joiners) joiner.join();
        assertThat(answers).hasSize(4);
        assertThat(answers.stream().filter(Answer.Done.class::isInstance)).hasSize(1);
        assertThat(done(roll.members())).hasSize(2);
    }

    @Test
    void token_withAnotherSecret_isRefused() throws Exception {
        JoinToken token = token();
        JoinToken forged = new JoinToken(token.id(), JoinToken.create(authority).secret(), token.fingerprint());
        assertThat(code(join("h2", forged, Role.AUTO))).isEqualTo("bad-token");
    }

    @Test
    void token_outOfDate_isRefused() throws Exception {
        JoinToken token = done(roll.issue(authority, Duration.ofSeconds(1)));
        long deadline = System.nanoTime() + Duration.ofSeconds(20).toNanos();
        String key = "/holdfast/tokens/";
        while (!done(store.range(holdfast.core.base.KeyRange.prefix(holdfast.core.base.Bytes.utf8(key)), 0))
                .pairs()
                .isEmpty()) {
            assertThat(System.nanoTime()).as("the token's lease ends").isLessThan(deadline);
        }
        assertThat(code(join("h2", token, Role.AUTO))).isEqualTo("bad-token");
    }

    @Test
    void name_ofAnotherHost_isRefusedAndTheTokenStays() throws Exception {
        JoinToken token = token();
        assertThat(code(join("h1", token, Role.AUTO))).isEqualTo("name-taken");
        assertThat(join("h2", token, Role.AUTO)).isInstanceOf(Answer.Done.class);
    }

    @Test
    void desk_ofAnotherCluster_hearsNoSecret() throws Exception {
        JoinToken foreign = JoinToken.create(Authority.create("other", Ticker.system()));
        assertThat(code(join("h2", foreign, Role.AUTO))).isEqualTo("tls");
    }

    @Test
    void stranger_withoutOurCertificate_isRefusedByTheDesk() throws Exception {
        Authority other = Authority.create("other", Ticker.system());
        Identity.Applicant applicant = Identity.Applicant.create("h9");
        String certificate = other.sign(applicant.requestPem(), "h9", List.of(), Ticker.system());
        Identity stranger =
                Identity.save(folder.resolve("h9"), other.certificatePem(), certificate, applicant.keyPem());
        Files.writeString(stranger.authorityFile(), authority.certificatePem()); // trusts us; we do not trust it
        assertThat(JoinCall.by(address(), stranger).promote()).isNotInstanceOf(Answer.Done.class);
    }

    private JoinToken token() throws Exception {
        return done(roll.issue(authority, Duration.ofMinutes(1)));
    }

    private Answer<Admission.Reply> join(String host, JoinToken token, Role role) throws Exception {
        return join(host, token, role, Identity.Applicant.create(host));
    }

    private Answer<Admission.Reply> join(String host, JoinToken token, Role role, Identity.Applicant applicant)
            throws Exception {
        return JoinCall.join(address(), token, host, "127.0.0.1", applicant, role, PORTS);
    }

    private String address() {
        return "127.0.0.1:" + desk.port();
    }

    private static <T> T done(Answer<T> answer) {
        assertThat(answer).isInstanceOf(Answer.Done.class);
        return ((Answer.Done<T>) answer).value();
    }

    private static String code(Answer<?> answer) {
        assertThat(answer).isInstanceOf(Answer.Refused.class);
        return ((Answer.Refused<?>) answer).why().code();
    }
}
