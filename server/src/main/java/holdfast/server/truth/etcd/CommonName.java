package holdfast.server.truth.etcd;

import java.security.cert.Certificate;
import java.security.cert.X509Certificate;
import javax.naming.InvalidNameException;
import javax.naming.ldap.LdapName;
import javax.naming.ldap.Rdn;
import javax.net.ssl.SSLPeerUnverifiedException;
import javax.net.ssl.SSLSession;
import javax.security.auth.x500.X500Principal;
import org.jspecify.annotations.Nullable;

/// Reads the common name out of a client's verified certificate.
final class CommonName {
    private CommonName() {}

    /// Null without TLS or a certificate; empty when it has none.
    static @Nullable String of(@Nullable SSLSession session) {
        if (session == null) return null;
        try {
            Certificate[] chain = session.getPeerCertificates();
            return chain.length > 0 && chain[0] instanceof X509Certificate certificate
                    ? of(certificate.getSubjectX500Principal())
                    : null;
        } catch (SSLPeerUnverifiedException _) {
            return null;
        }
    }

    private static String of(X500Principal subject) {
        try {
            for (Rdn part : new LdapName(subject.getName(X500Principal.RFC2253)).getRdns()) {
                if (part.getType().equalsIgnoreCase("CN") && part.getValue() instanceof String name) return name;
            }
        } catch (InvalidNameException _) {
            // as if it named nobody
        }
        return "";
    }
}
