package holdfast.server.start;

import static holdfast.server.start.Settings.key;

import holdfast.core.base.Require;
import holdfast.core.base.Require.BadValue;
import holdfast.server.base.tls.LiveTls;
import holdfast.server.truth.etcd.EtcdConfig;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import javax.net.ssl.SSLSocketFactory;
import org.jspecify.annotations.Nullable;

/// The keys of encryption and of what one client's connection may do.
final class DoorKeys {
    static final List<Settings.Key> KEYS = List.of(
            key("client-cert-file", "FILE", null, "Certificate shown to clients (PEM); plain text if not given."),
            key("client-key-file", "FILE", null, "Its key (PEM, PKCS #8)."),
            key("client-ca-file", "FILE", null, "Authority that clients' certificates must come from (PEM)."),
            key("client-crl-file", "FILE", null, "Clients' certificates that are refused all the same (CRL)."),
            key(
                    "client-cert-allowed-hostname",
                    "NAME,...",
                    null,
                    "Hosts of which a client's certificate must hold one."),
            key("peer-cert-file", "FILE", null, "Certificate shown to members (PEM); plain text if not given."),
            key("peer-key-file", "FILE", null, "Its key (PEM, PKCS #8)."),
            key("peer-ca-file", "FILE", null, "Authority that members' certificates must come from (PEM)."),
            key(
                    "peer-cert-check",
                    "on|off",
                    "on",
                    "Whether members check each other's certificates; off only hides what they say."),
            key("peer-crl-file", "FILE", null, "Members' certificates that are refused all the same (CRL)."),
            key("peer-cert-allowed-cn", "NAME,...", null, "Common names that a member's certificate may have."),
            key("peer-cert-allowed-hostname", "NAME,...", null, "Hosts of which a member's certificate must hold one."),
            key("tls-min-version", "VERSION", "TLS1.2", "Oldest TLS that clients may speak: TLS1.2 or TLS1.3."),
            key(
                    "tls-max-version",
                    "VERSION",
                    "TLS1.3",
                    "Newest TLS that clients may speak; members speak TLS1.3 only."),
            key(
                    "cipher-suites",
                    "NAME,...",
                    null,
                    "What TLS 1.2 may be encrypted with, by IANA names; Java's if not given."),
            key("ping-min", "TIME", "5s", "A client that pings more often is sent away; 0s bears it."),
            key("ping-every", "TIME", "2h", "How often a client is asked whether it is still there."),
            key("ping-limit", "TIME", "20s", "A client that does not answer for so long is gone."));

    private static final List<String> VERSIONS = List.of("TLS1.2", "TLS1.3");
    private static final String NEWEST = "TLSv1.3";

    /// TLS 1.3 has its own, which nobody needs to choose from.
    private static final List<String> NEWEST_SUITES =
            List.of("TLS_AES_256_GCM_SHA384", "TLS_AES_128_GCM_SHA256", "TLS_CHACHA20_POLY1305_SHA256");

    private DoorKeys() {}

    /// @param side `client` or `peer`
    static LiveTls.@Nullable Pem files(Settings settings, String side) {
        List<String> names = List.of(side + "-cert-file", side + "-key-file", side + "-ca-file");
        List<String> rules = new ArrayList<>(List.of(side + "-crl-file", side + "-cert-allowed-hostname"));
        if (side.equals("peer")) rules.add("peer-cert-allowed-cn");
        for (String rule : rules) {
            if (settings.has(rule) && !settings.has(names.get(2))) {
                throw new BadValue(rule + " is " + settings.text(rule) + "; it must be given with " + names.get(2)
                        + ": without it nobody is asked for a certificate");
            }
        }
        if (names.stream().noneMatch(settings::has)) return null;
        // members check each other unless told not to; the loop is a client of its own store: both need the authority
        boolean needsAll = UpkeepKeys.onOff(settings, side.equals("peer") ? "peer-cert-check" : "loop");
        for (String name : names.subList(0, needsAll ? 3 : 2)) {
            if (!settings.has(name))
                throw new BadValue(name + " is missing; " + String.join(", ", names) + " go together");
        }
        if (side.equals("peer") && !needsAll && settings.has(names.get(2))) {
            throw new BadValue("peer-ca-file is " + settings.text(names.get(2))
                    + "; it must be left out where peer-cert-check is off: nobody would be checked by it");
        }
        List<String> commonNames = side.equals("peer") ? list(settings, "peer-cert-allowed-cn") : List.of();
        List<String> hosts = list(settings, side + "-cert-allowed-hostname");
        Require.that(
                "peer-cert-allowed-cn",
                commonNames,
                commonNames.isEmpty() || hosts.isEmpty(),
                "given without peer-cert-allowed-hostname");
        return new LiveTls.Pem(
                Path.of(settings.text(names.get(0))),
                Path.of(settings.text(names.get(1))),
                file(settings, names.get(2)),
                file(settings, side + "-crl-file"),
                commonNames,
                hosts);
    }

    private static @Nullable Path file(Settings settings, String name) {
        return settings.has(name) ? Path.of(settings.text(name)) : null;
    }

    private static List<String> list(Settings settings, String name) {
        if (!settings.has(name)) return List.of();
        return Arrays.stream(settings.text(name).split(",", -1))
                .map(String::strip)
                .toList();
    }

    /// @param peersEncrypt whether members use TLS
    static ServerConfig.DoorRules rules(Settings settings, boolean peersEncrypt) {
        int oldest = version(settings, "tls-min-version");
        int newest = version(settings, "tls-max-version");
        Require.that(
                "tls-min-version",
                VERSIONS.get(oldest),
                oldest <= newest,
                "tls-max-version, " + VERSIONS.get(newest) + ", at most");
        Require.that(
                "tls-max-version",
                VERSIONS.get(newest),
                !peersEncrypt || newest == VERSIONS.size() - 1,
                "TLS1.3 where there is a peer-cert-file: members speak nothing else");
        List<String> versions = VERSIONS.subList(oldest, newest + 1).stream()
                .map(name -> name.replace("TLS", "TLSv"))
                .toList();
        return new ServerConfig.DoorRules(
                versions,
                suites(settings, versions),
                new EtcdConfig.Connections(
                        EtcdConfig.Connections.DEFAULT.silenceMax(),
                        settings.length("ping-min"),
                        settings.length("ping-every"),
                        settings.length("ping-limit")));
    }

    private static int version(Settings settings, String name) {
        String value = settings.text(name);
        Require.that(name, value, VERSIONS.contains(value), "TLS1.2 or TLS1.3");
        return VERSIONS.indexOf(value);
    }

    /// Empty for Java's own.
    private static List<String> suites(Settings settings, List<String> versions) {
        List<String> chosen = list(settings, "cipher-suites");
        if (chosen.isEmpty()) return List.of();
        List<String> known = List.of(((SSLSocketFactory) SSLSocketFactory.getDefault()).getSupportedCipherSuites());
        List<String> suites = new ArrayList<>();
        for (String name : chosen) {
            Require.that("cipher-suites", name, known.contains(name), "a list of suites that this Java knows");
            if (!NEWEST_SUITES.contains(name)) suites.add(name);
        }
        boolean older = versions.size() > 1 || !versions.contains(NEWEST);
        Require.that("cipher-suites", String.join(",", chosen), older, "left out where only TLS1.3 is spoken");
        if (versions.contains(NEWEST)) suites.addAll(0, NEWEST_SUITES);
        return List.copyOf(suites);
    }
}
