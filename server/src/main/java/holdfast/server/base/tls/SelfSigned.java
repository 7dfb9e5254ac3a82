package holdfast.server.base.tls;

import holdfast.server.base.Ticker;
import java.io.IOException;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.util.List;

/// A certificate for whoever wants TLS and brings none: signed by an authority that nobody knows and whose key is
/// thrown away, so it hides what is said but proves nothing.
public final class SelfSigned {
    private SelfSigned() {}

    /// The files in `folder`, made there at the first start.
    ///
    /// @param hosts IP addresses and DNS names that the server is reached by
    public static LiveTls.Pem in(Path folder, String name, List<String> hosts, Ticker ticker)
            throws IOException, GeneralSecurityException {
        if (!Identity.liesIn(folder)) {
            Authority authority = Authority.create("auto-tls of " + name, ticker);
            Identity.Applicant applicant = Identity.Applicant.create(name);
            String certificate = authority.sign(applicant.requestPem(), name, hosts, ticker);
            Identity.save(folder, authority.certificatePem(), certificate, applicant.keyPem());
        }
        Identity made = Identity.in(folder);
        return LiveTls.Pem.of(made.certificateFile(), made.keyFile(), null);
    }
}
