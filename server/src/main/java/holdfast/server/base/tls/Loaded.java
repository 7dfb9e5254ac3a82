package holdfast.server.base.tls;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.Signature;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509CRL;
import java.security.cert.X509Certificate;
import java.util.Collection;
import java.util.List;
import javax.naming.InvalidNameException;
import javax.naming.ldap.LdapName;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509ExtendedTrustManager;
import org.jspecify.annotations.Nullable;

/// What the files of a [LiveTls] held at one time.
///
/// @param rules null where nobody is asked for a certificate
/// @param revoked null without a list
record Loaded(
        int generation,
        List<X509Certificate> chain,
        PrivateKey key,
        @Nullable X509ExtendedTrustManager rules,
        @Nullable X509CRL revoked) {

    static Loaded from(LiveTls.Pem files, int generation) throws IOException, GeneralSecurityException {
        List<X509Certificate> chain = certificates(files.certificate());
        PrivateKey key = key(files.key());
        if (!fits(key, chain.getFirst())) {
            throw new IOException(files.key() + " is not the key of the certificate in " + files.certificate());
        }
        Path authority = files.authority();
        Path revoked = files.revoked();
        return new Loaded(
                generation,
                chain,
                key,
                authority == null ? null : rules(certificates(authority)),
                revoked == null ? null : list(revoked));
    }

    String alias() {
        return "generation-" + generation;
    }

    /// @param keyType a name of JSSE, such as `EC` or `RSA`
    boolean hasKeyOf(String keyType) {
        String ours = key.getAlgorithm();
        return keyType.equals(ours)
                || (keyType.startsWith("EC") && ours.equals("EC"))
                || (keyType.equals("RSASSA-PSS") && ours.equals("RSA"))
                || (keyType.startsWith("Ed") && ours.startsWith("Ed"));
    }

    /// What the authorities' signatures do not say.
    void checkOurRules(LiveTls.Pem files, X509Certificate[] chain) throws CertificateException {
        for (X509Certificate each : chain) {
            if (revoked != null && revoked.getRevokedCertificate(each.getSerialNumber()) != null) {
                throw new CertificateException("certificate "
                        + each.getSerialNumber().toString(16) + " is on the list of revoked ones, " + files.revoked());
            }
        }
        String name = commonName(chain[0]);
        if (!files.allowedNames().isEmpty() && !files.allowedNames().contains(name)) {
            throw new CertificateException("common name " + name + " is none of " + files.allowedNames());
        }
        if (!files.allowedHosts().isEmpty() && !names(chain[0], files.allowedHosts())) {
            throw new CertificateException("its hosts are none of " + files.allowedHosts());
        }
    }

    private static List<X509Certificate> certificates(Path file) throws IOException {
        try {
            List<X509Certificate> found = List.of(PemFile.certificates(PemFile.read(file)));
            if (!found.isEmpty()) return found;
        } catch (IOException | GeneralSecurityException broken) {
            throw new IOException(file + " cannot be read: " + broken.getMessage(), broken);
        }
        throw new IOException(file + " holds no certificate");
    }

    private static PrivateKey key(Path file) throws IOException {
        try {
            return PemFile.privateKey(PemFile.read(file));
        } catch (IOException | GeneralSecurityException broken) {
            throw new IOException(file + " cannot be read: " + broken.getMessage(), broken);
        }
    }

    private static X509CRL list(Path file) throws IOException {
        try {
            return (X509CRL) CertificateFactory.getInstance("X.509")
                    .generateCRL(new ByteArrayInputStream(Files.readAllBytes(file)));
        } catch (IOException | GeneralSecurityException broken) {
            throw new IOException(file + " cannot be read: " + broken.getMessage(), broken);
        }
    }

    private static boolean fits(PrivateKey key, X509Certificate certificate) throws GeneralSecurityException {
        String algorithm = switch (key.getAlgorithm()) {
            case "EC" -> "SHA256withECDSA";
            case "RSA" -> "SHA256withRSA";
            default -> key.getAlgorithm();
        };
        if (!key.getAlgorithm().equals(certificate.getPublicKey().getAlgorithm())) return false;
        byte[] something = {1, 2, 3};
        Signature signing = Signature.getInstance(algorithm);
        signing.initSign(key);
        signing.update(something);
        byte[] signed = signing.sign();
        signing.initVerify(certificate.getPublicKey());
        signing.update(something);
        return signing.verify(signed);
    }

    private static X509ExtendedTrustManager rules(List<X509Certificate> authorities)
            throws IOException, GeneralSecurityException {
        KeyStore trusted = KeyStore.getInstance("PKCS12");
        trusted.load(null, null);
        for (X509Certificate authority : authorities) {
            trusted.setCertificateEntry("authority-" + trusted.size(), authority);
        }
        TrustManagerFactory managers = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        managers.init(trusted);
        for (TrustManager manager : managers.getTrustManagers()) {
            if (manager instanceof X509ExtendedTrustManager rules) return rules;
        }
        throw new GeneralSecurityException("this Java has no rules for X.509");
    }

    private static String commonName(X509Certificate certificate) {
        try {
            return new LdapName(certificate.getSubjectX500Principal().getName())
                    .getRdns().stream()
                            .filter(part -> part.getType().equalsIgnoreCase("CN"))
                            .map(part -> String.valueOf(part.getValue()))
                            .findFirst()
                            .orElse("");
        } catch (InvalidNameException _) {
            return "";
        }
    }

    /// Whether the certificate is one of any of these hosts, by its alternative names; `*` stands for a first label.
    private static boolean names(X509Certificate certificate, List<String> hosts) throws CertificateException {
        Collection<List<?>> names = certificate.getSubjectAlternativeNames();
        if (names == null) return false;
        return names.stream()
                .map(name -> String.valueOf(name.get(1)))
                .anyMatch(name -> hosts.stream().anyMatch(host -> names(name, host)));
    }

    private static boolean names(String name, String host) {
        if (name.equalsIgnoreCase(host)) return true;
        int dot = host.indexOf('.');
        return name.startsWith("*.") && dot > 0 && name.substring(1).equalsIgnoreCase(host.substring(dot));
    }
}
