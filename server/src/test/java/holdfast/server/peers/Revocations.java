package holdfast.server.peers;

import holdfast.server.base.tls.Authority;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.StringReader;
import java.math.BigInteger;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.PrivateKey;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.util.Base64;
import java.util.Date;
import org.bouncycastle.asn1.pkcs.PrivateKeyInfo;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.CRLReason;
import org.bouncycastle.cert.X509v2CRLBuilder;
import org.bouncycastle.openssl.PEMParser;
import org.bouncycastle.openssl.jcajce.JcaPEMKeyConverter;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;

/// Lists of revoked certificates, as an authority signs them.
public final class Revocations {
    private Revocations() {}

    /// Writes a list with one number into `file`, in PEM.
    public static void write(Path file, Authority authority, BigInteger serial)
            throws IOException, CertificateException, OperatorCreationException {
        Date now = new Date();
        PrivateKey key;
        try (PEMParser parser = new PEMParser(new StringReader(authority.keyPem()))) {
            key = new JcaPEMKeyConverter().getPrivateKey((PrivateKeyInfo) parser.readObject());
        }
        String issuer = certificate(authority.certificatePem())
                .getSubjectX500Principal()
                .getName();
        X509v2CRLBuilder builder = new X509v2CRLBuilder(new X500Name(issuer), now);
        builder.addCRLEntry(serial, now, CRLReason.keyCompromise);
        byte[] made = builder.build(new JcaContentSignerBuilder("SHA256withECDSA").build(key))
                .getEncoded();
        String text = Base64.getMimeEncoder().encodeToString(made);
        Files.writeString(file, "-----BEGIN X509 CRL-----\n" + text + "\n-----END X509 CRL-----\n");
    }

    /// The number of the first certificate in `file`.
    public static BigInteger serial(Path file) throws IOException, CertificateException {
        return certificate(Files.readString(file)).getSerialNumber();
    }

    private static X509Certificate certificate(String pem) throws CertificateException {
        return (X509Certificate)
                CertificateFactory.getInstance("X.509").generateCertificate(new ByteArrayInputStream(pem.getBytes()));
    }
}
