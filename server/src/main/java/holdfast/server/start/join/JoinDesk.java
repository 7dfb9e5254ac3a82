package holdfast.server.start.join;

import holdfast.core.base.NodeId;
import holdfast.core.base.Outcome;
import holdfast.core.base.Reason;
import holdfast.core.base.Require;
import holdfast.server.base.Threads;
import holdfast.server.base.Ticker;
import holdfast.server.base.tls.Authority;
import holdfast.server.base.tls.Identity;
import holdfast.server.client.Answer;
import holdfast.server.start.join.Admission.Member;
import io.vertx.core.Context;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.ClientAuth;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.net.PemKeyCertOptions;
import io.vertx.core.net.PemTrustOptions;
import java.io.IOException;
import java.security.GeneralSecurityException;
import java.security.cert.X509Certificate;
import java.util.List;
import java.util.concurrent.ExecutionException;
import javax.net.ssl.SSLPeerUnverifiedException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.json.JsonMapper;

/// Admits hosts, on every voter: HTTPS with the cluster's own certificates.
///
/// `POST /v1/join` takes a token; `POST /v1/promote`, `POST /v1/token` and `GET /v1/members` take a certificate of the
/// cluster. Bodies are JSON, at most 64 KiB. 200 done, 400 not understood, 403 refused, 503 unknown: look before trying
/// again.
public final class JoinDesk implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(JoinDesk.class);
    private static final int BODY_BYTES_MAX = 64 * 1024;
    static final JsonMapper JSON = JsonMapper.builder().build();

    private final String storeCluster;
    private final Authority authority;
    private final Roll roll;
    private final Membership membership;
    private final Ticker ticker;
    private final HttpServer server;

    private JoinDesk(
            Vertx vertx,
            HttpServerOptions options,
            String storeCluster,
            Authority authority,
            Roll roll,
            Membership membership,
            Ticker ticker) {
        this.storeCluster = storeCluster;
        this.authority = authority;
        this.roll = roll;
        this.membership = membership;
        this.ticker = ticker;
        this.server = vertx.createHttpServer(options).requestHandler(request -> take(vertx, request));
    }

    /// Listens on `host:port`; throws [IOException] when it cannot.
    public static JoinDesk open(
            Vertx vertx,
            String host,
            int port,
            Identity identity,
            String storeCluster,
            Authority authority,
            Roll roll,
            Membership membership,
            Ticker ticker)
            throws IOException, InterruptedException {
        HttpServerOptions options = new HttpServerOptions()
                .setHost(host)
                .setPort(port)
                .setSsl(true)
                .setClientAuth(ClientAuth.REQUEST)
                .setKeyCertOptions(new PemKeyCertOptions()
                        .addCertPath(identity.certificateFile().toString())
                        .addKeyPath(identity.keyFile().toString()))
                .setTrustOptions(new PemTrustOptions()
                        .addCertPath(identity.authorityFile().toString()));
        JoinDesk desk = new JoinDesk(vertx, options, storeCluster, authority, roll, membership, ticker);
        try {
            desk.server.listen().toCompletionStage().toCompletableFuture().get();
        } catch (ExecutionException failed) {
            throw new IOException("cannot listen on " + host + ":" + port + ": " + failed.getCause(), failed);
        }
        return desk;
    }

    public int port() {
        return server.actualPort();
    }

    private void take(Vertx vertx, HttpServerRequest request) {
        Context context = vertx.getOrCreateContext();
        if (bodyBytes(request) > BODY_BYTES_MAX) {
            request.response().setStatusCode(413).end();
            return;
        }
        request.body()
                .onSuccess(body -> Threads.start("join desk", () -> {
                    Said said = answer(request, body);
                    context.runOnContext(_ -> request.response()
                            .setStatusCode(said.status)
                            .putHeader("content-type", "application/json")
                            .end(Buffer.buffer(JSON.writeValueAsBytes(said.body))));
                }));
    }

    /// What the request says it sends; more than any bound when it does not say, or not in a number.
    private static long bodyBytes(HttpServerRequest request) {
        String length = request.getHeader("content-length");
        if (length == null) return request.method().equals(HttpMethod.GET) ? 0 : Long.MAX_VALUE;
        return length.matches("[0-9]{1,9}") ? Long.parseLong(length) : Long.MAX_VALUE;
    }

    private record Said(int status, Object body) {}

    private Said answer(HttpServerRequest request, Buffer body) {
        try {
            return switch (String.valueOf(request.path())) {
                case "/v1/join" -> join(JSON.readValue(body.getBytes(), Admission.Request.class));
                case "/v1/promote" -> promote(caller(request));
                case "/v1/token" -> {
                    caller(request);
                    yield token(JSON.readValue(body.getBytes(), TokenRequest.class));
                }
                case "/v1/members" -> {
                    caller(request);
                    yield said(roll.members());
                }
                default -> refused(404, "not-found", "There is nothing at " + request.path() + ".");
            };
        } catch (SSLPeerUnverifiedException _) {
            return refused(403, "no-certificate", "This needs a certificate of the cluster.");
        } catch (JacksonException | IllegalArgumentException bad) {
            return refused(400, "bad-request", "The request is not understood: " + bad.getMessage());
        } catch (GeneralSecurityException | IOException bad) {
            return refused(
                    400, "bad-certificate-request", "The certificate request is not usable: " + bad.getMessage());
        }
    }

    /// @param lifeSeconds 1 to a week
    record TokenRequest(long lifeSeconds) {
        TokenRequest {
            Require.between("--token-ttl", lifeSeconds, 1, 7 * 24 * 3600);
        }
    }

    record TokenReply(String token) {}

    private Said token(TokenRequest request) throws GeneralSecurityException {
        return said(roll.issue(authority, java.time.Duration.ofSeconds(request.lifeSeconds))
                .map(token -> new TokenReply(token.toString())));
    }

    private Said join(Admission.Request request) throws GeneralSecurityException, IOException {
        String certificate = authority.sign(request.request(), request.host(), List.of(request.address()), ticker);
        return said(roll.admit(request)
                .then(member -> learner(member)
                        .then(_ -> roll.members().map(members -> {
                            LOG.info(
                                    "{} joined from {} as {}.",
                                    member.host(),
                                    member.address(),
                                    member.voter() ? "voter " + member.id() : "agent");
                            return new Admission.Reply(
                                    storeCluster,
                                    authority.certificatePem(),
                                    certificate,
                                    member.voter() ? authority.keyPem() : null,
                                    member,
                                    members);
                        }))));
    }

    private Answer<Member> learner(Member member) {
        if (!member.voter()) return new Answer.Done<>(member);
        return answer(
                membership.addLearner(member.id(), member.host(), member.peerAddress(), member.clientUrl()), member);
    }

    private Said promote(NodeId caller) {
        return said(roll.members()
                .then(members -> members.stream()
                        .filter(member -> member.host().equals(caller.name()))
                        .findFirst()
                        .<Answer<Member>>map(member -> answer(membership.promote(member.id()), member))
                        .orElseGet(() -> new Answer.Refused<>(
                                new Reason("not-a-member", "No host named " + caller + " is in the cluster.")))));
    }

    private static <T> Answer<T> answer(Outcome outcome, T value) {
        return switch (outcome) {
            case Outcome.Done _ -> new Answer.Done<>(value);
            case Outcome.Refused(Reason why) -> new Answer.Refused<>(why);
            case Outcome.Unknown(Reason why) -> new Answer.Unknown<>(why);
        };
    }

    private static Said said(Answer<?> answer) {
        return switch (answer) {
            case Answer.Done<?>(Object value) -> new Said(200, value);
            case Answer.Refused<?>(Reason why) -> refused(403, why.code(), why.sentence());
            case Answer.Unknown<?>(Reason why) -> refused(503, why.code(), why.sentence());
        };
    }

    private static Said refused(int status, String code, String sentence) {
        return new Said(status, new Admission.Refusal(code, sentence));
    }

    /// The name in the caller's certificate, which our authority signed.
    private static NodeId caller(HttpServerRequest request) throws SSLPeerUnverifiedException {
        X509Certificate certificate =
                (X509Certificate) request.connection().sslSession().getPeerCertificates()[0];
        return new NodeId(certificate.getSubjectX500Principal().getName().substring("CN=".length()));
    }

    @Override
    public void close() {
        server.close();
    }
}
