package holdfast.server.base.tls;

import holdfast.core.base.Bytes;
import holdfast.core.base.Require;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.zip.CRC32;
import javax.net.ssl.SSLContext;
import javax.net.ssl.X509TrustManager;

/// What a new host shows to be let in, once: which secret, the secret, and the hash of the authority that it will meet,
/// so that the joiner knows the cluster before it says anything (as kubeadm's discovery token hash).
///
/// @param id 8 bytes, public: under which the store keeps the secret's hash
/// @param secret 16 bytes
/// @param fingerprint 32 bytes, SHA-256 of the authority's certificate
public record JoinToken(Bytes id, Bytes secret, Bytes fingerprint) {
    private static final String PREFIX = "hf1";
    private static final int BODY_BYTES = 8 + 16 + 32;
    private static final SecureRandom RANDOM = new SecureRandom();

    public static JoinToken create(Authority authority) throws GeneralSecurityException {
        return new JoinToken(random(8), random(16), Bytes.wrap(authority.fingerprint()));
    }

    /// Reads what [#toString] wrote. A mistyped one is refused by its checksum.
    public static JoinToken parse(String text) {
        String shown = text.length() <= 12 ? text : text.substring(0, 12) + "...";
        Require.that("--token", shown, text.startsWith(PREFIX), "a join token, which begins with " + PREFIX);
        String hex = text.substring(PREFIX.length());
        int wanted = 2 * (BODY_BYTES + 2);
        Require.that(
                "--token",
                shown,
                hex.length() == wanted && hex.matches("[0-9a-f]*"),
                PREFIX + " and " + wanted + " digits of 0-9 a-f; this one has " + hex.length());
        byte[] all = HexFormat.of().parseHex(hex);
        byte[] body = Arrays.copyOf(all, BODY_BYTES);
        Require.that(
                "--token",
                shown,
                Arrays.equals(checksum(body), Arrays.copyOfRange(all, BODY_BYTES, all.length)),
                "typed as it was printed; its checksum does not fit");
        Bytes bytes = Bytes.wrap(body);
        return new JoinToken(bytes.slice(0, 8), bytes.slice(8, 24), bytes.slice(24, BODY_BYTES));
    }

    /// What the store keeps: the secret itself is nowhere but in the token.
    public Bytes secretHash() throws GeneralSecurityException {
        return Bytes.wrap(MessageDigest.getInstance("SHA-256").digest(secret.toArray()));
    }

    /// A context that trusts exactly the authority that the token names, before any certificate of ours exists.
    public SSLContext sslContext() throws GeneralSecurityException {
        SSLContext context = SSLContext.getInstance("TLSv1.3");
        context.init(null, new X509TrustManager[] {new OneAuthority(fingerprint)}, null);
        return context;
    }

    @Override
    public String toString() {
        byte[] body = id.concat(secret).concat(fingerprint).toArray();
        return PREFIX + HexFormat.of().formatHex(body) + HexFormat.of().formatHex(checksum(body));
    }

    private static byte[] checksum(byte[] body) {
        CRC32 crc = new CRC32();
        crc.update(body);
        return new byte[] {(byte) (crc.getValue() >>> 8), (byte) crc.getValue()};
    }

    private static Bytes random(int count) {
        byte[] bytes = new byte[count];
        RANDOM.nextBytes(bytes);
        return Bytes.wrap(bytes);
    }

    /// Accepts a server whose chain ends in the authority with this fingerprint, properly signed and in date.
    private record OneAuthority(Bytes fingerprint) implements X509TrustManager {
        @Override
        public void checkServerTrusted(X509Certificate[] chain, String authType) throws CertificateException {
            X509Certificate last = chain[chain.length - 1];
            try {
                if (!MessageDigest.isEqual(Authority.fingerprint(last), fingerprint.toArray())) {
                    throw new CertificateException("the host shows another cluster's authority than the token names");
                }
                for (int index = 0; index < chain.length - 1; index++) {
                    chain[index].checkValidity();
                    chain[index].verify(chain[index + 1].getPublicKey());
                }
                last.checkValidity();
            } catch (CertificateException refused) {
                throw refused;
            } catch (GeneralSecurityException broken) {
                throw new CertificateException("the host's certificate is not signed by the token's authority", broken);
            }
            if (chain.length < 2) throw new CertificateException("the host shows no certificate of its own");
        }

        @Override
        public void checkClientTrusted(X509Certificate[] chain, String authType) throws CertificateException {
            throw new CertificateException("a joiner serves nobody");
        }

        @Override
        public X509Certificate[] getAcceptedIssuers() {
            return new X509Certificate[0];
        }
    }
}
