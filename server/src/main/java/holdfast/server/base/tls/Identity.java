package holdfast.server.base.tls;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import javax.net.ssl.SSLContext;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;
import org.bouncycastle.pkcs.jcajce.JcaPKCS10CertificationRequestBuilder;

/// One host's key and certificate, and the authority that it trusts: three PEM files in one folder.
///
/// @param certificateFile this host's certificate, then the authority's, as a server shows them
/// @param keyFile PKCS #8; it never leaves this host
public record Identity(Path authorityFile, Path certificateFile, Path keyFile) {

    /// A key pair that has no certificate yet.
    ///
    /// @param requestPem the certificate request to send to the authority
    public record Applicant(String keyPem, String requestPem) {
        public static Applicant create(String host) throws GeneralSecurityException, IOException {
            KeyPair pair = Authority.newKeyPair();
            try {
                byte[] request = new JcaPKCS10CertificationRequestBuilder(new X500Name("CN=" + host), pair.getPublic())
                        .build(new JcaContentSignerBuilder("SHA256withECDSA").build(pair.getPrivate()))
                        .getEncoded();
                return new Applicant(
                        PemFile.encode("PRIVATE KEY", pair.getPrivate().getEncoded()),
                        PemFile.encode("CERTIFICATE REQUEST", request));
            } catch (OperatorCreationException failed) {
                throw new GeneralSecurityException(failed);
            }
        }
    }

    public static Identity in(Path folder) {
        return new Identity(
                folder.resolve(Authority.CERTIFICATE_FILE), folder.resolve("host.pem"), folder.resolve("host-key.pem"));
    }

    public static boolean liesIn(Path folder) {
        Identity identity = in(folder);
        return Files.exists(identity.certificateFile) && Files.exists(identity.keyFile);
    }

    /// Keeps what the authority answered. The certificate goes last: it is what says that the rest is whole.
    public static Identity save(Path folder, String authorityPem, String certificatePem, String keyPem)
            throws IOException {
        Files.createDirectories(folder);
        Identity identity = in(folder);
        PemFile.write(identity.authorityFile, authorityPem);
        PemFile.write(identity.keyFile, keyPem);
        PemFile.write(identity.certificateFile, certificatePem + authorityPem);
        return identity;
    }

    /// Mutual TLS with this identity: trusts the cluster's authority and nothing else. Files that change later count
    /// for
    /// the handshakes after that.
    public SSLContext sslContext() throws IOException, GeneralSecurityException {
        return LiveTls.open(LiveTls.Pem.of(certificateFile, keyFile, authorityFile))
                .context();
    }
}
