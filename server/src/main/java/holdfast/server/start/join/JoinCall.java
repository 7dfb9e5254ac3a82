package holdfast.server.start.join;

import holdfast.core.base.Reason;
import holdfast.server.base.tls.Identity;
import holdfast.server.base.tls.JoinToken;
import holdfast.server.client.Answer;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpTimeoutException;
import java.security.GeneralSecurityException;
import java.security.cert.CertificateException;
import java.time.Duration;
import java.util.HexFormat;
import java.util.Map;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLException;
import tools.jackson.core.JacksonException;

/// The joiner's side of [JoinDesk]. Every call waits, at most 30 s.
public final class JoinCall {
    private static final Duration LIMIT = Duration.ofSeconds(30);

    private final String desk;
    private final SSLContext tls;

    private JoinCall(String desk, SSLContext tls) {
        this.desk = desk;
        this.tls = tls;
    }

    /// Asks to be let in: trusts only the authority that `token` names.
    ///
    /// @param desk `HOST:PORT`
    public static Answer<Admission.Reply> join(
            String desk,
            JoinToken token,
            String host,
            String address,
            Identity.Applicant applicant,
            Admission.Role role,
            Admission.Ports ports)
            throws GeneralSecurityException, InterruptedException {
        HexFormat hex = HexFormat.of();
        Admission.Request request = new Admission.Request(
                hex.formatHex(token.id().toArray()),
                hex.formatHex(token.secret().toArray()),
                host,
                address,
                applicant.requestPem(),
                role,
                ports);
        return new JoinCall(desk, token.sslContext()).post("/v1/join", request, Admission.Reply.class);
    }

    /// A member's calls, with its certificate.
    public static JoinCall by(String desk, Identity identity) throws GeneralSecurityException, IOException {
        return new JoinCall(desk, identity.sslContext());
    }

    /// Asks for the vote; refused with `not-caught-up` while the log is not here yet.
    public Answer<Admission.Member> promote() throws InterruptedException {
        return post("/v1/promote", Map.of(), Admission.Member.class);
    }

    public Answer<String> token(Duration life) throws InterruptedException {
        return post("/v1/token", new JoinDesk.TokenRequest(life.toSeconds()), JoinDesk.TokenReply.class)
                .map(JoinDesk.TokenReply::token);
    }

    private <T> Answer<T> post(String path, Object body, Class<T> type) throws InterruptedException {
        HttpRequest request = HttpRequest.newBuilder(URI.create("https://" + desk + path))
                .timeout(LIMIT)
                .header("content-type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofByteArray(JoinDesk.JSON.writeValueAsBytes(body)))
                .build();
        try (HttpClient client = HttpClient.newBuilder()
                .version(HttpClient.Version.HTTP_1_1)
                .connectTimeout(LIMIT)
                .sslContext(tls)
                .build()) {
            HttpResponse<byte[]> response = client.send(request, HttpResponse.BodyHandlers.ofByteArray());
            if (response.statusCode() == 200) return new Answer.Done<>(JoinDesk.JSON.readValue(response.body(), type));
            Admission.Refusal refusal = JoinDesk.JSON.readValue(response.body(), Admission.Refusal.class);
            Reason why = new Reason(refusal.code(), refusal.sentence());
            return response.statusCode() == 503 ? new Answer.Unknown<>(why) : new Answer.Refused<>(why);
        } catch (SSLException refused) {
            return new Answer.Refused<>(new Reason("tls", desk + " is not trusted: " + cause(refused) + "."));
        } catch (java.net.ConnectException unreachable) {
            return new Answer.Refused<>(new Reason("unreachable", "Nothing answers at " + desk + "."));
        } catch (HttpTimeoutException slow) {
            return new Answer.Unknown<>(new Reason("timeout", desk + " did not answer within 30 s."));
        } catch (IOException | JacksonException broken) {
            return new Answer.Unknown<>(new Reason("broken", desk + " gave no usable answer: " + broken.getMessage()));
        }
    }

    private static String cause(Throwable failure) {
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            if (cause instanceof CertificateException && cause.getMessage() != null) return cause.getMessage();
        }
        return String.valueOf(failure.getMessage());
    }
}
