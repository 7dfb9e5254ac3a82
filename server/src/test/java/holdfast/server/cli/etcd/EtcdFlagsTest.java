package holdfast.server.cli.etcd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import holdfast.core.base.Require.BadValue;
import holdfast.server.peers.RealEtcd;
import holdfast.server.start.ServerConfig;
import holdfast.server.start.Settings;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// The table of etcd's flags against the real program, and how values are read.
final class EtcdFlagsTest {
    private static final Pattern IN_HELP = Pattern.compile("(?m)^  --([a-z0-9.-]+)(?: '(.*)'| (\\d+))?$");

    /// Defaults that the help words otherwise.
    private static final List<String> WORDED =
            List.of("data-dir", "max-concurrent-streams", "backend-bbolt-freelist-type", "backend-batch-interval");

    @Test
    void everyFlag_ofTheRealProgram_isKnown() throws IOException, InterruptedException {
        List<String> missing = new ArrayList<>();
        Matcher flags = IN_HELP.matcher(realHelp());
        int count = 0;
        while (flags.find()) {
            count++;
            if (EtcdFlags.find(flags.group(1)) == null) missing.add(flags.group(1));
        }
        assertThat(count).isGreaterThan(120);
        assertThat(missing).isEmpty();
    }

    @Test
    void numbersAndChoices_inTheTable_haveTheRealDefaults() throws IOException, InterruptedException {
        List<String> different = new ArrayList<>();
        Matcher flags = IN_HELP.matcher(realHelp());
        while (flags.find()) {
            EtcdFlag flag = EtcdFlags.find(flags.group(1));
            String real = flags.group(2) == null ? flags.group(3) : flags.group(2);
            if (flag == null || real == null || WORDED.contains(flag.name())) continue;
            boolean counts = flag.kind() == EtcdFlag.Kind.COUNT || flag.kind() == EtcdFlag.Kind.YES_NO;
            boolean names = flag.name().startsWith("initial-") || flag.name().startsWith("listen-");
            if ((counts || names) && !real.equals(flag.standard())) different.add(flag.name() + ": " + real);
        }
        assertThat(different).isEmpty();
    }

    @Test
    void everyMeaning_pointsToSomethingThatIsThere() {
        List<String> keys = ServerConfig.KEYS.stream().map(Settings.Key::name).toList();
        for (EtcdFlag flag : EtcdFlags.ALL.values()) {
            switch (flag.meaning()) {
                case EtcdFlag.Meaning.Key(String key) ->
                    assertThat(keys).as(flag.name()).contains(key);
                case EtcdFlag.Meaning.Formerly(String today) ->
                    assertThat(EtcdFlags.find(today)).as(flag.name()).isNotNull();
                case EtcdFlag.Meaning.Nothing(String why) ->
                    assertThat(why).as(flag.name()).hasSizeGreaterThan(10);
                case EtcdFlag.Meaning.Woven _ -> {}
            }
        }
    }

    @Test
    void flags_inEveryWriting_areRead() {
        GoFlags.Parsed parsed = GoFlags.parse(List.of(
                "--name=a",
                "-data-dir",
                "/d",
                "--pre-vote",
                "-initial-election-tick-advance=false",
                "rest",
                "--name=b"));

        assertThat(parsed)
                .isEqualTo(new GoFlags.Parsed.Given(
                        Map.of(
                                "name", "a",
                                "data-dir", "/d",
                                "pre-vote", "true",
                                "initial-election-tick-advance", "false"),
                        List.of("rest", "--name=b")));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "--nosuch | flag provided but not defined: -nosuch",
                "--name | flag needs an argument: -name",
                "---name | bad flag syntax: ---name",
                "--snapshot-count=x | invalid value \"x\" for flag -snapshot-count: parse error",
                "--pre-vote=maybe | invalid boolean value \"maybe\" for -pre-vote: parse error",
                "--initial-cluster-state=old | invalid value \"old\" for flag -initial-cluster-state: invalid value",
                "--listen-peer-urls=h:1 | invalid value \"h:1\" for flag -listen-peer-urls: URL scheme must be http, https,"
                        + " unix, or unixs: h:1",
            })
    void badFlag_isRefused_inTheWordsOfEtcd(String argument, String why) {
        assertThat(GoFlags.parse(List.of(argument))).isEqualTo(new GoFlags.Parsed.Wrong(why));
    }

    @Test
    void lengths_asGoWritesThem_areRead() {
        assertThat(GoValue.length("1h2m3.5s")).isEqualTo(Duration.ofMillis(3_723_500));
        assertThat(GoValue.length("100ms")).isEqualTo(Duration.ofMillis(100));
        assertThat(GoValue.length("0")).isZero();
        assertThat(GoValue.number("0x10")).isEqualTo(16);
        assertThat(GoValue.number("1_000")).isEqualTo(1_000);
        assertThatThrownBy(() -> GoValue.length("5")).isInstanceOf(BadValue.class);
    }

    @Test
    void longerElections_stretchOurTimes_andShorterOnesDoNot() {
        assertThat(woven(Map.of()))
                .containsEntry("leader-timeout", "600ms")
                .containsEntry("lease-ttl-min", "2000ms")
                .containsEntry("request-timeout", "7000ms");
        assertThat(woven(Map.of("election-timeout", "5000", "heartbeat-interval", "500")))
                .containsEntry("heartbeat-every", "200ms")
                .containsEntry("leader-timeout", "3000ms")
                .containsEntry("lease-ttl-min", "8000ms");
        assertThat(woven(Map.of("election-timeout", "500", "heartbeat-interval", "50")))
                .containsEntry("heartbeat-every", "40ms")
                .containsEntry("leader-timeout", "600ms")
                .containsEntry("lease-ttl-min", "1000ms");
    }

    @Test
    void largeRequests_getFilesOfTheLogThatHoldFour() {
        assertThat(woven(Map.of())).doesNotContainKey("log-file-bytes");
        Map<String, String> flags = woven(Map.of("max-request-bytes", "10485760"));
        assertThat(flags).containsEntry("log-file-bytes", "42991616");
        assertThat(ServerConfig.of(flags, null).requestBytesMax()).isEqualTo(10 << 20);
        assertThat(ServerConfig.of(woven(Map.of("max-request-bytes", "256")), null)
                        .requestBytesMax())
                .isEqualTo(256);
    }

    @Test
    void cluster_thatDoesNotFitTheAdvertisedUrls_isRefusedAsEtcdDoes() {
        assertThatThrownBy(() -> woven(Map.of("name", "a", "initial-cluster", "b=http://127.0.0.1:2380")))
                .hasMessage("couldn't find local name \"a\" in the initial cluster configuration");
        assertThatThrownBy(() -> woven(Map.of("name", "a", "initial-cluster", "a=http://127.0.0.1:1")))
                .hasMessageStartingWith(
                        "--initial-cluster has a=http://127.0.0.1:1 but missing from --initial-advertise-peer-urls=");
    }

    @Test
    void whomTheAuthorityVouchesFor_isNarrowedByEtcdsFlags() {
        Map<String, String> flags = woven(secure(Map.of(
                "client-crl-file", "r",
                "client-cert-allowed-hostname", "h1,h2",
                "peer-crl-file", "p",
                "peer-cert-allowed-cn", "m1,m2",
                "tls-min-version", "TLS1.3",
                "tls-max-version", "")));
        ServerConfig config = ServerConfig.of(flags, null);
        assertThat(config.clientTls().revoked()).isEqualTo(Path.of("r"));
        assertThat(config.clientTls().allowedHosts()).containsExactly("h1", "h2");
        assertThat(config.peerTls().revoked()).isEqualTo(Path.of("p"));
        assertThat(config.peerTls().allowedNames()).containsExactly("m1", "m2");
        assertThat(config.doors().tlsVersions()).containsExactly("TLSv1.3");
        assertThatThrownBy(() -> woven(secure(Map.of("client-crl-file", "r", "trusted-ca-file", ""))))
                .hasMessage("--client-crl-file needs --trusted-ca-file");
        assertThatThrownBy(() -> woven(secure(Map.of("peer-cert-allowed-cn", "m", "peer-cert-allowed-hostname", "h"))))
                .hasMessageContaining("without peer-cert-allowed-hostname");
        assertThat(Weaving.of(new EtcdSettings(Map.of("client-crl-file", "r"), false), true)
                        .warnings())
                .contains("--client-crl-file is ignored: the scheme of client url is HTTP");
    }

    @Test
    void peerAutoTls_besideAnAuthority_isRefused_sinceItWouldCheckNobody() {
        Map<String, String> given = Map.of("peer-auto-tls", "true", "peer-trusted-ca-file", "a");
        assertThat(new EtcdSettings(given, false).refusal()).contains("nobody is checked by it");
        Map<String, String> flags =
                woven(secure(Map.of("peer-auto-tls", "true", "peer-trusted-ca-file", "", "tls-max-version", "")));
        assertThat(ServerConfig.of(flags, null).peerTls().authority()).isNull();
        assertThatThrownBy(() -> woven(secure(Map.of("peer-trusted-ca-file", ""))))
                .hasMessageStartingWith("--peer-trusted-ca-file is missing");
    }

    private static Map<String, String> secure(Map<String, String> more) {
        Map<String, String> all = new HashMap<>();
        for (String side : List.of("", "peer-")) {
            all.put(side + "cert-file", "c");
            all.put(side + "key-file", "k");
            all.put(side + "trusted-ca-file", "a");
        }
        all.put("listen-client-urls", "https://127.0.0.1:2379");
        all.put("advertise-client-urls", "https://127.0.0.1:2379");
        all.put("listen-peer-urls", "https://127.0.0.1:2380");
        all.put("initial-advertise-peer-urls", "https://127.0.0.1:2380");
        all.put("initial-cluster", "default=https://127.0.0.1:2380");
        all.putAll(more);
        return all;
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "tls-min-version=TLS1.0 | unexpected TLS version \"TLS1.0\" (must be one of: TLS1.2, TLS1.3)",
                "tls-min-version=TLS1.3,tls-max-version=TLS1.2 | min version (TLS1.3) is greater than max version (TLS1.2)",
                "tls-min-version=TLS1.3,cipher-suites=X | cipher suites cannot be configured when only TLS1.3 is enabled",
            })
    void badTls_isRefused_inTheWordsOfEtcd(String given, String why) {
        Map<String, String> flags = new HashMap<>();
        for (String pair : given.split(",", -1)) flags.put(pair.split("=", -1)[0], pair.split("=", -1)[1]);
        assertThat(new EtcdSettings(flags, false).refusal()).isEqualTo(why);
    }

    @Test
    void pings_areEtcds_andItsLibrarysWhereNoneAreGiven() {
        assertThat(woven(Map.of()))
                .containsEntry("ping-min", "5000ms")
                .containsEntry("ping-every", "7200000ms")
                .containsEntry("ping-limit", "20000ms");
        assertThat(woven(Map.of("grpc-keepalive-min-time", "0s", "grpc-keepalive-interval", "10ms")))
                .containsEntry("ping-min", "300000ms")
                .containsEntry("ping-every", "1000ms");
        assertThat(woven(Map.of("grpc-keepalive-timeout", "0s"))).doesNotContainKeys("ping-every", "ping-limit");
    }

    private static Map<String, String> woven(Map<String, String> given) {
        Map<String, String> flags =
                Weaving.of(new EtcdSettings(given, false), true).flags();
        assertThat(ServerConfig.of(flags, null)).isNotNull();
        return flags;
    }

    private static String realHelp() throws IOException, InterruptedException {
        Optional<Path> etcd = RealEtcd.program("etcd");
        Assumptions.assumeTrue(etcd.isPresent(), "etcd is not installed");
        Process help = new ProcessBuilder(etcd.get().toString(), "--help")
                .redirectErrorStream(true)
                .start();
        String text = new String(help.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(help.waitFor()).isZero();
        return text;
    }
}
