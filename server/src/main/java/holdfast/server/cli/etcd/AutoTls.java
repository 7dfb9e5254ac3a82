package holdfast.server.cli.etcd;

import holdfast.core.base.Require.BadValue;
import holdfast.server.base.Ticker;
import holdfast.server.base.tls.Identity;
import holdfast.server.base.tls.LiveTls;
import holdfast.server.base.tls.SelfSigned;
import java.io.IOException;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/// `--auto-tls` and `--peer-auto-tls`: encryption by a certificate that nobody vouches for, made at the first start
/// and kept where etcd keeps its own, in `DATA-DIR/fixtures/client` and `peer`.
final class AutoTls {
    private static final Side CLIENT =
            new Side("client", "", List.of("listen-client-urls", "listen-client-http-urls"), "advertise-client-urls");
    private static final Side PEER =
            new Side("peer", "peer-", List.of("listen-peer-urls"), "initial-advertise-peer-urls");

    private final EtcdLog log;
    private final Ticker ticker;

    /// @param prefix of its flags
    private record Side(String name, String prefix, List<String> listens, String advertises) {}

    private AutoTls(EtcdLog log, Ticker ticker) {
        this.log = log;
        this.ticker = ticker;
    }

    /// The settings with the files that were made, or as they are when nothing is to be made. A side whose files
    /// were given is no longer automatic.
    static EtcdSettings filled(EtcdSettings settings, EtcdLog log, Ticker ticker) {
        AutoTls auto = new AutoTls(log, ticker);
        return auto.filled(auto.filled(settings, CLIENT), PEER);
    }

    private EtcdSettings filled(EtcdSettings settings, Side side) {
        String flag = side.prefix + "auto-tls";
        String certificate = side.prefix + "cert-file";
        String key = side.prefix + "key-file";
        if (!settings.isYes(flag)) return settings;
        if (!settings.text(certificate).isEmpty() || !settings.text(key).isEmpty()) {
            log.warn("ignoring " + side.name + " auto TLS since certs given");
            return settings.with(Map.of(flag, "false"));
        }
        List<String> urls = new ArrayList<>();
        for (String listen : side.listens) urls.addAll(settings.urls(listen));
        if (urls.stream().noneMatch(url -> url.startsWith("https://"))) return settings;
        urls.addAll(settings.urls(side.advertises));
        Set<String> hosts = new LinkedHashSet<>(List.of("localhost", "127.0.0.1"));
        for (String url : urls) hosts.add(EtcdSettings.host(url));
        try {
            LiveTls.Pem made = made(settings.dataDir().resolve("fixtures").resolve(side.name), List.copyOf(hosts));
            return settings.with(Map.of(
                    certificate, made.certificate().toString(), key, made.key().toString()));
        } catch (IOException | GeneralSecurityException failed) {
            throw new BadValue("--" + flag + " cannot make a certificate: " + failed.getMessage());
        }
    }

    private LiveTls.Pem made(Path folder, List<String> hosts) throws IOException, GeneralSecurityException {
        boolean fresh = !Identity.liesIn(folder);
        LiveTls.Pem made = SelfSigned.in(folder, "etcd", hosts, ticker);
        if (!fresh) return made;
        log.warn(
                "automatically generate certificates",
                "certificate-validity-bound-not-after",
                LiveTls.open(made).holdsUntil());
        log.info("created cert file", "path", made.certificate());
        log.info("created key file", "path", made.key());
        return made;
    }
}
