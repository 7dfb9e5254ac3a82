package holdfast.server.start;

import holdfast.core.base.Require;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Every place where one server listens and is told of; the first of each list is the one that it uses itself.
///
/// @param metrics where `/metrics` and the health pages are served besides, and nothing else
public record Listening(
        List<Url> clients, List<Url> advertisedClients, List<Url> peers, List<Url> advertisedPeers, List<Url> metrics) {
    /// @param secure TLS; what was given without a scheme has it when there is a certificate
    public record Url(boolean secure, Address address) {
        @Override
        public String toString() {
            return (secure ? "https://" : "http://") + address;
        }
    }

    private static final String PLAIN = "http://";
    private static final String SECURE = "https://";

    public Listening {
        clients = List.copyOf(clients);
        advertisedClients = List.copyOf(advertisedClients);
        peers = List.copyOf(peers);
        advertisedPeers = List.copyOf(advertisedPeers);
        metrics = List.copyOf(metrics);
    }

    static Listening of(Settings settings, boolean clientTls, boolean peerTls) {
        List<Url> clients = urls("listen-client", settings.text("listen-client"), clientTls);
        List<Url> peers = urls("listen-peer", settings.text("listen-peer"), peerTls);
        @Nullable String advertisedClients = settings.optional("advertise-client");
        @Nullable String advertisedPeers = settings.optional("advertise-peer");
        @Nullable String metrics = settings.optional("listen-metrics");
        return new Listening(
                clients,
                advertisedClients == null ? clients : urls("advertise-client", advertisedClients, clientTls),
                peers,
                advertisedPeers == null ? peers : urls("advertise-peer", advertisedPeers, peerTls),
                metrics == null ? List.of() : urls("listen-metrics", metrics, clientTls));
    }

    /// `HOST:PORT`, `http://HOST:PORT` or `https://HOST:PORT`, several separated by commas.
    private static List<Url> urls(String key, String text, boolean secure) {
        List<Url> urls = new ArrayList<>();
        for (String part : text.split(",", -1)) {
            String url = part.strip();
            boolean isSecure = url.startsWith(SECURE) || (secure && !url.startsWith(PLAIN));
            String address =
                    url.startsWith(SECURE) || url.startsWith(PLAIN) ? url.substring(url.indexOf("//") + 2) : url;
            urls.add(new Url(isSecure, Address.parse(key, address)));
        }
        return urls;
    }

    /// Refuses encryption without a certificate, and members that are partly encrypted: they share one socket each.
    void check(boolean clientTls, boolean peerTls) {
        for (Url url : clients) Require.that("listen-client", url, clientTls || !url.secure(), say("client"));
        for (Url url : metrics) Require.that("listen-metrics", url, clientTls || !url.secure(), say("client"));
        for (Url url : peers) {
            Require.that("listen-peer", url, peerTls || !url.secure(), say("peer"));
            Require.that("listen-peer", url, !peerTls || url.secure(), "https, since there is a peer-cert-file");
        }
    }

    private static String say(String side) {
        return "http, unless " + side + "-cert-file and " + side + "-key-file are given";
    }

    static List<String> say(List<Url> urls) {
        return urls.stream().map(Url::toString).toList();
    }
}
