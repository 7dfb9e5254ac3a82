package holdfast.server.base.tls;

import holdfast.server.base.Ticker;
import java.io.IOException;
import java.math.BigInteger;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.MessageDigest;
import java.security.PrivateKey;
import java.security.SecureRandom;
import java.security.cert.X509Certificate;
import java.security.spec.ECGenParameterSpec;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Date;
import java.util.List;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.BasicConstraints;
import org.bouncycastle.asn1.x509.ExtendedKeyUsage;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.asn1.x509.KeyPurposeId;
import org.bouncycastle.asn1.x509.KeyUsage;
import org.bouncycastle.asn1.x509.SubjectPublicKeyInfo;
import org.bouncycastle.cert.X509v3CertificateBuilder;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;
import org.bouncycastle.operator.jcajce.JcaContentVerifierProviderBuilder;
import org.bouncycastle.pkcs.PKCS10CertificationRequest;
import org.bouncycastle.pkcs.PKCSException;

/// The cluster's own certificate authority: an EC P-256 key that signs one certificate for each host. Its key lies on
/// the voters, so that each of them can admit the next host.
public final class Authority {
    static final String CERTIFICATE_FILE = "ca.pem";
    static final String KEY_FILE = "ca-key.pem";
    private static final Duration AUTHORITY_LIFE = Duration.ofDays(3650);
    /// A host's certificate outlives any forgotten host; a joiner asks anew with a fresh token.
    private static final Duration HOST_LIFE = Duration.ofDays(1825);
    /// Hosts whose clocks lag by less than this accept a fresh certificate.
    private static final Duration BACKDATED = Duration.ofHours(1);

    private static final String SIGNATURE = "SHA256withECDSA";
    private static final SecureRandom RANDOM = new SecureRandom();

    private final X509Certificate certificate;
    private final String certificatePem;
    private final PrivateKey key;
    private final String keyPem;

    private Authority(String certificatePem, String keyPem) throws IOException, GeneralSecurityException {
        this.certificatePem = certificatePem;
        this.keyPem = keyPem;
        this.certificate = PemFile.certificate(certificatePem);
        this.key = PemFile.privateKey(keyPem);
    }

    /// Makes a new authority. Keys are kept only where [#save] puts them.
    public static Authority create(String clusterName, Ticker ticker) throws IOException, GeneralSecurityException {
        KeyPair pair = newKeyPair();
        X500Name name = new X500Name("CN=holdfast " + clusterName);
        Instant now = ticker.now();
        X509v3CertificateBuilder builder = builder(
                name, name, SubjectPublicKeyInfo.getInstance(pair.getPublic().getEncoded()), now, AUTHORITY_LIFE);
        builder.addExtension(Extension.basicConstraints, true, new BasicConstraints(0));
        builder.addExtension(Extension.keyUsage, true, new KeyUsage(KeyUsage.keyCertSign | KeyUsage.cRLSign));
        String keyPem = PemFile.encode("PRIVATE KEY", pair.getPrivate().getEncoded());
        return new Authority(sign(builder, pair.getPrivate()), keyPem);
    }

    /// The authority whose files lie in `folder`.
    public static Authority load(Path folder) throws IOException, GeneralSecurityException {
        return new Authority(PemFile.read(folder.resolve(CERTIFICATE_FILE)), PemFile.read(folder.resolve(KEY_FILE)));
    }

    public static boolean liesIn(Path folder) {
        return Files.exists(folder.resolve(KEY_FILE));
    }

    /// The authority as another voter sent it.
    public static Authority of(String certificatePem, String keyPem) throws IOException, GeneralSecurityException {
        return new Authority(certificatePem, keyPem);
    }

    public void save(Path folder) throws IOException {
        Files.createDirectories(folder);
        PemFile.write(folder.resolve(CERTIFICATE_FILE), certificatePem);
        PemFile.write(folder.resolve(KEY_FILE), keyPem);
    }

    public String certificatePem() {
        return certificatePem;
    }

    public String keyPem() {
        return keyPem;
    }

    /// SHA-256 of the certificate's bytes: what a join token carries.
    public byte[] fingerprint() throws GeneralSecurityException {
        return fingerprint(certificate);
    }

    static byte[] fingerprint(X509Certificate certificate) throws GeneralSecurityException {
        return MessageDigest.getInstance("SHA-256").digest(certificate.getEncoded());
    }

    /// Signs the key of a certificate request for `host`, whatever names the request itself asks for.
    ///
    /// @param addresses IP addresses and DNS names that the host is reached by
    /// @return the certificate as PEM
    public String sign(String requestPem, String host, List<String> addresses, Ticker ticker)
            throws IOException, GeneralSecurityException {
        PKCS10CertificationRequest request = new PKCS10CertificationRequest(PemFile.decode(requestPem));
        if (!provesItsKey(request)) throw new GeneralSecurityException("the request is not signed by its own key");
        List<GeneralName> names = new ArrayList<>();
        names.add(new GeneralName(GeneralName.dNSName, host));
        names.add(new GeneralName(GeneralName.dNSName, "localhost"));
        names.add(new GeneralName(GeneralName.iPAddress, "127.0.0.1"));
        for (String address : addresses) {
            boolean ip = address.matches("[0-9.]+") || address.contains(":");
            names.add(new GeneralName(ip ? GeneralName.iPAddress : GeneralName.dNSName, address));
        }
        X509v3CertificateBuilder builder = builder(
                new X500Name(certificate.getSubjectX500Principal().getName()),
                new X500Name("CN=" + host),
                request.getSubjectPublicKeyInfo(),
                ticker.now(),
                HOST_LIFE);
        builder.addExtension(Extension.basicConstraints, true, new BasicConstraints(false));
        builder.addExtension(Extension.keyUsage, true, new KeyUsage(KeyUsage.digitalSignature));
        KeyPurposeId[] both = {KeyPurposeId.id_kp_serverAuth, KeyPurposeId.id_kp_clientAuth};
        builder.addExtension(Extension.extendedKeyUsage, false, new ExtendedKeyUsage(both));
        builder.addExtension(
                Extension.subjectAlternativeName, false, new GeneralNames(names.toArray(GeneralName[]::new)));
        return sign(builder, key);
    }

    static KeyPair newKeyPair() throws GeneralSecurityException {
        KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
        generator.initialize(new ECGenParameterSpec("secp256r1"), RANDOM);
        return generator.generateKeyPair();
    }

    private static boolean provesItsKey(PKCS10CertificationRequest request) throws GeneralSecurityException {
        try {
            return request.isSignatureValid(
                    new JcaContentVerifierProviderBuilder().build(request.getSubjectPublicKeyInfo()));
        } catch (PKCSException | OperatorCreationException broken) {
            throw new GeneralSecurityException("the certificate request cannot be checked", broken);
        }
    }

    private static X509v3CertificateBuilder builder(
            X500Name issuer, X500Name subject, SubjectPublicKeyInfo publicKey, Instant now, Duration life) {
        return new X509v3CertificateBuilder(
                issuer,
                new BigInteger(120, RANDOM),
                Date.from(now.minus(BACKDATED)),
                Date.from(now.plus(life)),
                subject,
                publicKey);
    }

    private static String sign(X509v3CertificateBuilder builder, PrivateKey key)
            throws IOException, GeneralSecurityException {
        try {
            return PemFile.encode(
                    "CERTIFICATE",
                    builder.build(new JcaContentSignerBuilder(SIGNATURE).build(key))
                            .getEncoded());
        } catch (OperatorCreationException failed) {
            throw new GeneralSecurityException(failed);
        }
    }
}
