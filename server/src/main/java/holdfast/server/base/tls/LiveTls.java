package holdfast.server.base.tls;

import java.io.IOException;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.security.GeneralSecurityException;
import java.security.Principal;
import java.security.PrivateKey;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import javax.net.ssl.KeyManager;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.TrustManager;
import javax.net.ssl.X509ExtendedKeyManager;
import javax.net.ssl.X509ExtendedTrustManager;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The key and certificates that one side of TLS shows, and the authorities that it trusts, from files. Each handshake
/// looks whether a file has changed, so that whoever connects after a change meets the new one. New files that do not
/// fit together, or are none, are named in the log once, and the old ones stay. From any thread.
public final class LiveTls {
    private static final Logger LOG = LoggerFactory.getLogger(LiveTls.class);

    /// Generations whose keys are still at hand, for handshakes that began before a change.
    private static final int KEPT_MAX = 3;

    /// PEM files.
    ///
    /// @param certificate what is shown, then the certificates between it and its authority
    /// @param key of the certificate: PKCS #8, PKCS #1 or SEC 1
    /// @param authority certificates that the other side's must come from; null asks for none
    /// @param revoked list (CRL) of certificates that are refused though their authority is trusted; null for none
    /// @param allowedNames common names that the other side may have; empty allows all
    /// @param allowedHosts DNS names or addresses of which its certificate must hold one; empty allows all
    public record Pem(
            Path certificate,
            Path key,
            @Nullable Path authority,
            @Nullable Path revoked,
            List<String> allowedNames,
            List<String> allowedHosts) {

        public static Pem of(Path certificate, Path key, @Nullable Path authority) {
            return new Pem(certificate, key, authority, null, List.of(), List.of());
        }

        List<Path> all() {
            List<Path> files = new ArrayList<>(List.of(certificate, key));
            if (authority != null) files.add(authority);
            if (revoked != null) files.add(revoked);
            return files;
        }
    }

    /// By what a changed file is known.
    private record Stamp(Object modified, long bytes, String inode) {
        static Stamp of(Path file) {
            try {
                BasicFileAttributes facts = Files.readAttributes(file, BasicFileAttributes.class);
                return new Stamp(facts.lastModifiedTime(), facts.size(), String.valueOf(facts.fileKey()));
            } catch (IOException gone) {
                return new Stamp("", 0, "");
            }
        }
    }

    private final Pem files;
    private List<Stamp> stamps;
    private List<Loaded> generations; // the newest first

    private LiveTls(Pem files) throws IOException, GeneralSecurityException {
        this.files = files;
        stamps = stamps(files);
        generations = List.of(Loaded.from(files, 0));
    }

    /// Reads the files.
    ///
    /// @throws IOException for a file that cannot be read or does not hold what it should, by name
    public static LiveTls open(Pem files) throws IOException, GeneralSecurityException {
        return new LiveTls(files);
    }

    public Pem files() {
        return files;
    }

    private static List<Stamp> stamps(Pem files) {
        return files.all().stream().map(Stamp::of).toList();
    }

    private synchronized Loaded current() {
        List<Stamp> now = stamps(files);
        if (now.equals(stamps)) return generations.getFirst();
        stamps = now;
        try {
            List<Loaded> kept = new ArrayList<>();
            kept.add(Loaded.from(files, generations.getFirst().generation() + 1));
            kept.addAll(generations.subList(0, Math.min(generations.size(), KEPT_MAX - 1)));
            generations = List.copyOf(kept);
            LOG.info("Read the changed files of TLS: {}.", files.certificate());
        } catch (IOException | GeneralSecurityException broken) {
            LOG.warn("The changed files of TLS are not used: {}. What was read before stays.", broken.getMessage());
        }
        return generations.getFirst();
    }

    private synchronized @Nullable Loaded byAlias(String alias) {
        return generations.stream()
                .filter(each -> each.alias().equals(alias))
                .findFirst()
                .orElse(null);
    }

    public X509ExtendedKeyManager keys() {
        return new Keys();
    }

    /// Who is trusted; nobody where the files name no authority.
    public X509ExtendedTrustManager trust() {
        return new Trust();
    }

    /// Mutual TLS 1.3 by these files.
    public SSLContext context() throws GeneralSecurityException {
        SSLContext context = SSLContext.getInstance("TLSv1.3");
        context.init(new KeyManager[] {keys()}, new TrustManager[] {trust()}, null);
        return context;
    }

    /// TLS 1.3 that hides what is said from whoever only listens: by these files, with anybody at the other end.
    public SSLContext uncheckedContext() throws GeneralSecurityException {
        SSLContext context = SSLContext.getInstance("TLSv1.3");
        context.init(new KeyManager[] {keys()}, new TrustManager[] {new Anybody()}, null);
        return context;
    }

    /// The last moment at which the certificate that is shown holds.
    public Instant holdsUntil() {
        return current().chain().getFirst().getNotAfter().toInstant();
    }

    private final class Keys extends X509ExtendedKeyManager {
        private @Nullable String alias(String... keyTypes) {
            Loaded loaded = current();
            for (String keyType : keyTypes) {
                if (loaded.hasKeyOf(keyType)) return loaded.alias();
            }
            return null;
        }

        @Override
        public @Nullable String chooseEngineServerAlias(
                String keyType, Principal @Nullable [] issuers, SSLEngine engine) {
            return alias(keyType);
        }

        @Override
        public @Nullable String chooseServerAlias(String keyType, Principal @Nullable [] issuers, Socket socket) {
            return alias(keyType);
        }

        @Override
        public @Nullable String chooseEngineClientAlias(
                String[] keyTypes, Principal @Nullable [] issuers, SSLEngine engine) {
            return alias(keyTypes);
        }

        @Override
        public @Nullable String chooseClientAlias(String[] keyTypes, Principal @Nullable [] issuers, Socket socket) {
            return alias(keyTypes);
        }

        @Override
        public String @Nullable [] getClientAliases(String keyType, Principal @Nullable [] issuers) {
            return getServerAliases(keyType, issuers);
        }

        @Override
        public String @Nullable [] getServerAliases(String keyType, Principal @Nullable [] issuers) {
            String alias = alias(keyType);
            return alias == null ? null : new String[] {alias};
        }

        @Override
        public X509Certificate @Nullable [] getCertificateChain(String alias) {
            Loaded loaded = byAlias(alias);
            return loaded == null ? null : loaded.chain().toArray(X509Certificate[]::new);
        }

        @Override
        public @Nullable PrivateKey getPrivateKey(String alias) {
            Loaded loaded = byAlias(alias);
            return loaded == null ? null : loaded.key();
        }
    }

    private final class Trust extends X509ExtendedTrustManager {
        @FunctionalInterface
        private interface Verdict {
            void on(X509ExtendedTrustManager rules) throws CertificateException;
        }

        private void check(X509Certificate[] chain, Verdict verdict) throws CertificateException {
            Loaded loaded = current();
            X509ExtendedTrustManager rules = loaded.rules();
            if (rules == null) throw new CertificateException("no authority is configured to trust anybody by");
            verdict.on(rules);
            loaded.checkOurRules(files, chain);
        }

        @Override
        public void checkClientTrusted(X509Certificate[] chain, String authType, SSLEngine engine)
                throws CertificateException {
            check(chain, rules -> rules.checkClientTrusted(chain, authType, engine));
        }

        @Override
        public void checkClientTrusted(X509Certificate[] chain, String authType, Socket socket)
                throws CertificateException {
            check(chain, rules -> rules.checkClientTrusted(chain, authType, socket));
        }

        @Override
        public void checkClientTrusted(X509Certificate[] chain, String authType) throws CertificateException {
            check(chain, rules -> rules.checkClientTrusted(chain, authType));
        }

        @Override
        public void checkServerTrusted(X509Certificate[] chain, String authType, SSLEngine engine)
                throws CertificateException {
            check(chain, rules -> rules.checkServerTrusted(chain, authType, engine));
        }

        @Override
        public void checkServerTrusted(X509Certificate[] chain, String authType, Socket socket)
                throws CertificateException {
            check(chain, rules -> rules.checkServerTrusted(chain, authType, socket));
        }

        @Override
        public void checkServerTrusted(X509Certificate[] chain, String authType) throws CertificateException {
            check(chain, rules -> rules.checkServerTrusted(chain, authType));
        }

        @Override
        public X509Certificate[] getAcceptedIssuers() {
            X509ExtendedTrustManager rules = current().rules();
            return rules == null ? new X509Certificate[0] : rules.getAcceptedIssuers();
        }
    }
}
