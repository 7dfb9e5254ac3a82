package holdfast.server.cli.etcd;

import holdfast.core.base.Require.BadValue;
import holdfast.server.base.Ticker;
import holdfast.server.base.tls.LiveTls;
import holdfast.server.base.tls.SelfSigned;
import java.io.IOException;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/// `--auto-tls`: encryption for clients by a certificate that nobody vouches for, made at the first start and
/// kept where etcd keeps its own, in `DATA-DIR/fixtures/client`.
final class AutoTls {
    private AutoTls() {}

    /// The settings with the files that were made, or as they are when nothing is to be made.
    static EtcdSettings filled(EtcdSettings settings, Ticker ticker) {
        List<String> urls = new ArrayList<>(settings.urls("listen-client-urls"));
        urls.addAll(settings.urls("listen-client-http-urls"));
        boolean wanted = settings.isYes("auto-tls")
                && settings.text("cert-file").isEmpty()
                && urls.stream().anyMatch(url -> url.startsWith("https://"));
        if (!wanted) return settings;
        urls.addAll(settings.urls("advertise-client-urls"));
        Set<String> hosts = new LinkedHashSet<>(List.of("localhost", "127.0.0.1"));
        for (String url : urls) hosts.add(EtcdSettings.host(url));
        try {
            Path folder = settings.dataDir().resolve("fixtures").resolve("client");
            LiveTls.Pem made = SelfSigned.in(folder, "etcd", List.copyOf(hosts), ticker);
            Map<String, String> files = new LinkedHashMap<>();
            files.put("cert-file", made.certificate().toString());
            files.put("key-file", made.key().toString());
            return settings.with(files);
        } catch (IOException | GeneralSecurityException failed) {
            throw new BadValue("--auto-tls cannot make a certificate: " + failed.getMessage());
        }
    }
}
