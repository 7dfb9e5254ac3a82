package holdfast.server.start;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import holdfast.core.base.Require.BadValue;
import holdfast.server.start.DataFolder.Locked;
import holdfast.server.start.DataFolder.Owner;
import holdfast.server.truth.raft.RaftLog.Peer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class ServerConfigTest {
    @TempDir
    private Path folder;

    @Test
    void nothingGiven_isAServerAlone() {
        ServerConfig config = ServerConfig.of(Map.of(), null);

        assertThat(config.initialCluster())
                .containsExactly(new ServerConfig.Seed("default", new Address("127.0.0.1", 2380)));
        assertThat(config.initialClusterGiven()).isFalse();
        assertThat(config.advertiseClient()).isEqualTo(config.listenClient());
        assertThat(config.leaseTtlMin()).isEqualTo(Duration.ofSeconds(2));
    }

    @Test
    void file_hasTheSameNamesAsTheFlags_andAFlagWins() throws IOException {
        Path file = folder.resolve("server.yaml");
        Files.writeString(file, """
                name: n2
                listen-peer: 10.0.0.2:2380
                readers: 3
                request-timeout: 2s
                initial-cluster:
                  - n2=10.0.0.2:2380
                  - n1=10.0.0.1:2380
                  - n3=[fd00::3]:2380
                """);

        ServerConfig config = ServerConfig.of(Map.of("readers", "4"), file);

        assertThat(config.name()).isEqualTo("n2");
        assertThat(config.readers()).isEqualTo(4);
        assertThat(config.requestTimeout()).isEqualTo(Duration.ofSeconds(2));
        assertThat(config.initialCluster()).extracting(ServerConfig.Seed::name).containsExactly("n1", "n2", "n3");
        assertThat(config.initialCluster().getLast().peer()).isEqualTo(new Address("fd00::3", 2380));
    }

    @Test
    void unknownKey_isNamedWithTheNearestKnownOne() throws IOException {
        Path file = folder.resolve("server.yaml");
        Files.writeString(file, "listen-clients: 127.0.0.1:1\n");

        assertThatThrownBy(() -> ServerConfig.of(Map.of(), file))
                .isInstanceOf(BadValue.class)
                .hasMessageContaining("listen-clients in " + file + " is not a key; did you mean listen-client?");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "name | N_1 | name is N_1; it must be 1 to 63 of a-z 0-9 . -",
                "listen-client | 2379 | listen-client is 2379; it must be HOST:PORT",
                "listen-peer | h:70000 | listen-peer is h:70000; it must be HOST:PORT with a port of at most 65535",
                "initial-cluster | n1 | initial-cluster is n1; it must be NAME=HOST:PORT,...",
                "initial-cluster | n1=h:1 | initial-cluster is n1=h:1; it must be a list with this member, default, in it",
                "heartbeat-every | 40 | heartbeat-every is 40; its unit must be ms, s, min or h",
                "heartbeat-every | soon | heartbeat-every is soon; it must be a length of time such as 250ms, 3s, 10min or 1h",
                "leader-timeout | 50ms | leader-timeout is 50 ms; the least is 120 ms",
                "txn-ops-max | 0 | txn-ops-max is 0; the least is 1",
                "readers | two | readers is two; it must be a whole number",
                "readers | 0 | readers is 0; the least is 1",
                "readers | 65 | readers is 65; the most is 64",
                "readers | 99999999999 | readers is 99999999999; the most is 2147483647",
                "waiting-max | 0 | waiting-max is 0; the least is 1",
                "entries-in-flight-max | 65 | entries-in-flight-max is 65; the most is 64",
                "snapshot-entries | 9 | snapshot-entries is 9; the least is 10",
                "heartbeat-every | 1ms | heartbeat-every is 1 ms; the least is 5 ms",
                "election-timeout | 1s | election-timeout is 1 s; the most is 600 ms",
                "lease-ttl-min | 10ms | lease-ttl-min is 10 ms; the least is 1 s",
                "progress-every | 1ms | progress-every is 1 ms; the least is 100 ms",
                "tls-min-version | TLS1.1 | tls-min-version is TLS1.1; it must be TLS1.2 or TLS1.3",
                "cipher-suites | NULL | cipher-suites is NULL; it must be a list of suites that this Java knows",
                "client-crl-file | c.crl | client-crl-file is c.crl; it must be given with client-ca-file: without it nobody is asked for a certificate",
                "ping-every | 1ms | ping-every is 1 ms; the least is 100 ms",
                "request-bytes-max | 0 | request-bytes-max is 0; the least is 1",
                "request-timeout | 1ms | request-timeout is 1 ms; the least is 600 ms",
                "request-timeout | 99999999h | request-timeout is 99999999h; it must be a year at most, 8760h",
                "client-cert-file | c.pem | client-key-file is missing; client-cert-file, client-key-file, client-ca-file go together",
            })
    void badValue_isRefusedByNameValueAndBound(String key, String value, String sentence) {
        assertThatThrownBy(() -> ServerConfig.of(Map.of(key, value), null))
                .isInstanceOf(BadValue.class)
                .hasMessage(sentence);
    }

    @Test
    void tlsVersionsAndSuites_reachTheClientsDoor_andMembersSpeakTheNewest() {
        String older = "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256";
        assertThat(ServerConfig.of(Map.of(), null).doors().tlsVersions()).containsExactly("TLSv1.2", "TLSv1.3");
        ServerConfig.DoorRules old = ServerConfig.of(Map.of("tls-max-version", "TLS1.2", "cipher-suites", older), null)
                .doors();
        assertThat(old.tlsVersions()).containsExactly("TLSv1.2");
        assertThat(old.cipherSuites()).containsExactly(older);
        assertThat(ServerConfig.of(Map.of("cipher-suites", older), null).doors().cipherSuites())
                .contains(older, "TLS_AES_128_GCM_SHA256");
        Map<String, String> peers =
                Map.of("peer-cert-file", "c", "peer-key-file", "k", "peer-ca-file", "a", "tls-max-version", "TLS1.2");
        assertThatThrownBy(() -> ServerConfig.of(peers, null))
                .hasMessageStartingWith("tls-max-version is TLS1.2; it must be TLS1.3 where there is a peer-cert-file");
    }

    @Test
    void filesThatCannotBeRead_areRefusedBeforeAnyFolderIsMade() throws Exception {
        Path data = folder.resolve("data");
        ServerConfig config = ServerConfig.of(
                Map.of(
                        "data-dir", data.toString(),
                        "loop", "off",
                        "client-cert-file", folder.resolve("none.pem").toString(),
                        "client-key-file", folder.resolve("none-key.pem").toString()),
                null);

        assertThat(ServerParts.open(config, () -> {}))
                .isInstanceOfSatisfying(
                        ServerParts.Opened.Refused.class,
                        refused -> assertThat(refused.why().sentence()).contains("none.pem cannot be read"));
        assertThat(data).doesNotExist();
    }

    @Test
    void dataFolder_isLockedOnce_andKeepsItsOwner() throws IOException {
        Owner owner = new Owner(
                -5, 4, "n4", List.of(new Peer(1, "n1", "h1:2380", true), new Peer(12, "n12", "h2:2380", false)));
        try (DataFolder locked = ((Locked.Ready) DataFolder.lock(folder)).folder()) {
            assertThat(locked.owner()).isNull();
            locked.mark(owner);
            assertThat(DataFolder.lock(folder)).isInstanceOf(Locked.Refused.class);
        }
        try (DataFolder again = ((Locked.Ready) DataFolder.lock(folder)).folder()) {
            assertThat(again.owner()).isEqualTo(owner);
        }
    }
}
