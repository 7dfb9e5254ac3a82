package holdfast.server.cli.etcd;

import holdfast.server.cli.etcd.EtcdFlag.Kind;
import holdfast.server.cli.etcd.EtcdFlag.Meaning;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Every flag of etcd 3.6 (server/embed/config.go, server/etcdmain/config.go), and what it means here.
///
/// A line is `name | kind | default | meaning`. A meaning is `= key` for a key of the server's configuration, `&` for
/// one that is woven with others in [EtcdSettings], `< flag` for an older name of that flag, and else the sentence
/// that tells why it changes nothing.
final class EtcdFlags {
    private static final String MEMBER = """
            name | text | default | = name
            data-dir | text | | &
            wal-dir | text | | the log lies in the data folder; link DATA-DIR/raft to another disk to part them
            listen-peer-urls | urls | http://localhost:2380 | &
            listen-client-urls | urls | http://localhost:2379 | &
            listen-client-http-urls | urls | | &
            listen-metrics-urls | urls | | = listen-metrics
            max-snapshots | count | 5 | snapshots that nobody needs any more are deleted
            max-wals | count | 5 | log files that a snapshot covers are deleted
            snapshot-count | count | 10000 | &
            snapshot-catchup-entries | count | 5000 | how many entries stay for slow members follows from snapshot-count
            heartbeat-interval | count | 100 | &
            election-timeout | count | 1000 | &
            initial-election-tick-advance | yes-no | true | a member that starts stands for election as soon as it may
            pre-vote | yes-no | true | it is always on
            quota-backend-bytes | number | 0 | &
            max-txn-ops | count | 128 | = txn-ops-max
            max-request-bytes | count | 1572864 | = request-bytes-max
            max-concurrent-streams | count | 4294967295 | streams of a connection are not limited
            max-learners | number | 1 | how many members may learn at once follows from the log
            backend-bbolt-freelist-type | text | | the store is no bbolt file
            backend-batch-interval | length | 0s | the store is no bbolt file
            backend-batch-limit | number | 0 | the store is no bbolt file
            memory-mlock | yes-no | false | the store is no memory-mapped file
            bootstrap-defrag-threshold-megabytes | count | 0 | the store gives space back by itself
            compaction-batch-limit | number | 0 | history is removed in small steps between requests
            compaction-sleep-interval | length | 0s | history is removed in small steps between requests
            unsafe-no-fsync | yes-no | false | the log is always forced to disk before an answer
            force-new-cluster | yes-no | false | &
            strict-reconfig-check | yes-no | true | &
            """;
    private static final String CONNECTIONS = """
            grpc-keepalive-min-time | length | 5s | &
            grpc-keepalive-interval | length | 2h0m0s | &
            grpc-keepalive-timeout | length | 20s | &
            socket-reuse-port | yes-no | false | each address has one listener
            socket-reuse-address | yes-no | false | it is always on
            raft-read-timeout | length | 5s | a silent connection of a member counts as closed by leader-timeout
            raft-write-timeout | length | 5s | a silent connection of a member counts as closed by leader-timeout
            enable-grpc-gateway | yes-no | true | the JSON gateway is always on
            cors | list | * | every origin is allowed
            host-whitelist | list | * | every host name is allowed
            """;
    private static final String CLUSTERING = """
            initial-advertise-peer-urls | urls | http://localhost:2380 | &
            advertise-client-urls | urls | http://localhost:2379 | &
            initial-cluster | text | default=http://localhost:2380 | &
            initial-cluster-state | state | new | &
            initial-cluster-token | text | etcd-cluster | = cluster-token
            discovery | text | | &
            discovery-token | text | | &
            discovery-endpoints | list | | &
            discovery-srv | text | | &
            discovery-srv-name | text | | no cluster is formed by discovery
            discovery-proxy | text | | no cluster is formed by discovery
            discovery-fallback | text | exit | no cluster is formed by discovery
            discovery-dial-timeout | length | 2s | no cluster is formed by discovery
            discovery-request-timeout | length | 5s | no cluster is formed by discovery
            discovery-keepalive-time | length | 2s | no cluster is formed by discovery
            discovery-keepalive-timeout | length | 6s | no cluster is formed by discovery
            discovery-insecure-transport | yes-no | true | no cluster is formed by discovery
            discovery-insecure-skip-tls-verify | yes-no | false | no cluster is formed by discovery
            discovery-cert | text | | no cluster is formed by discovery
            discovery-key | text | | no cluster is formed by discovery
            discovery-cacert | text | | no cluster is formed by discovery
            discovery-user | text | | no cluster is formed by discovery
            discovery-password | text | | no cluster is formed by discovery
            auto-compaction-mode | text | periodic | &
            auto-compaction-retention | text | 0 | &
            v2-deprecation | text | write-only | there is no v2 store
            """;
    private static final String SECURITY = """
            cert-file | text | | &
            key-file | text | | &
            trusted-ca-file | text | | &
            client-cert-auth | yes-no | false | &
            client-cert-file | text | | members and gateway do not connect as clients
            client-key-file | text | | members and gateway do not connect as clients
            client-crl-file | text | | &
            client-cert-allowed-hostname | list | | &
            auto-tls | yes-no | false | &
            peer-cert-file | text | | &
            peer-key-file | text | | &
            peer-trusted-ca-file | text | | &
            peer-client-cert-auth | yes-no | false | &
            peer-client-cert-file | text | | members connect with peer-cert-file
            peer-client-key-file | text | | members connect with peer-key-file
            peer-crl-file | text | | &
            peer-cert-allowed-cn | list | | &
            peer-cert-allowed-hostname | list | | &
            peer-skip-client-san-verification | yes-no | false | the addresses in members' certificates are not looked at
            peer-auto-tls | yes-no | false | &
            self-signed-cert-validity | count | 1 | generated certificates hold as long as they are needed
            cipher-suites | list | | = cipher-suites
            tls-min-version | text | TLS1.2 | = tls-min-version
            tls-max-version | text | | = tls-max-version
            auth-token | text | simple | &
            auth-token-ttl | count | 300 | &
            bcrypt-cost | count | 10 | &
            """;
    private static final String WATCHING = """
            enable-pprof | yes-no | false | use jcmd and JFR on the Java process
            metrics | text | basic | all metrics are always there
            logger | text | zap | &
            log-outputs | list | default | &
            log-level | text | info | &
            log-format | text | json | &
            enable-log-rotation | yes-no | false | let logrotate or journald do it
            log-rotation-config-json | text | | let logrotate or journald do it
            warning-unary-request-duration | length | 0s | slow requests show in the metrics
            warning-apply-duration | length | 100ms | slow requests show in the metrics
            watch-progress-notify-interval | length | 0s | &
            corrupt-check-time | length | 0s | &
            compact-hash-check-time | length | 1m0s | members compare their hashes by themselves
            downgrade-check-time | length | 5s | all members run one version
            enable-distributed-tracing | yes-no | false | there is no tracing
            distributed-tracing-address | text | localhost:4317 | there is no tracing
            distributed-tracing-service-name | text | etcd | there is no tracing
            distributed-tracing-instance-id | text | | there is no tracing
            distributed-tracing-sampling-rate | number | 0 | there is no tracing
            feature-gates | text | | &
            """;
    private static final String OLD = """
            experimental-initial-corrupt-check | yes-no | false | everything read from disk is checked by its sum
            experimental-corrupt-check-time | length | 0s | < corrupt-check-time
            experimental-compact-hash-check-enabled | yes-no | false | members compare their hashes by themselves
            experimental-compact-hash-check-time | length | 1m0s | < compact-hash-check-time
            experimental-enable-lease-checkpoint | yes-no | false | leases run on the clock of the log
            experimental-enable-lease-checkpoint-persist | yes-no | false | leases run on the clock of the log
            experimental-compaction-batch-limit | number | 0 | < compaction-batch-limit
            experimental-compaction-sleep-interval | length | 0s | < compaction-sleep-interval
            experimental-peer-skip-client-san-verification | yes-no | false | < peer-skip-client-san-verification
            experimental-watch-progress-notify-interval | length | 0s | < watch-progress-notify-interval
            experimental-warning-apply-duration | length | 0s | < warning-apply-duration
            experimental-warning-unary-request-duration | length | 0s | < warning-unary-request-duration
            experimental-txn-mode-write-with-shared-buffer | yes-no | true | transactions share no buffer
            experimental-bootstrap-defrag-threshold-megabytes | count | 0 | < bootstrap-defrag-threshold-megabytes
            experimental-downgrade-check-time | length | 5s | < downgrade-check-time
            experimental-memory-mlock | yes-no | false | < memory-mlock
            experimental-snapshot-catchup-entries | count | 5000 | < snapshot-catchup-entries
            experimental-stop-grpc-service-on-defrag | yes-no | false | defragmentation stops nothing
            experimental-enable-distributed-tracing | yes-no | false | < enable-distributed-tracing
            experimental-distributed-tracing-address | text | localhost:4317 | < distributed-tracing-address
            experimental-distributed-tracing-service-name | text | etcd | < distributed-tracing-service-name
            experimental-distributed-tracing-instance-id | text | | < distributed-tracing-instance-id
            experimental-distributed-tracing-sampling-rate | number | 0 | < distributed-tracing-sampling-rate
            cluster-active-size | none | | etcd itself ignores it
            cluster-remove-delay | none | | etcd itself ignores it
            cluster-sync-interval | none | | etcd itself ignores it
            config | none | | etcd itself ignores it
            force | none | | etcd itself ignores it
            max-result-buffer | none | | etcd itself ignores it
            max-retry-attempts | none | | etcd itself ignores it
            peer-heartbeat-interval | none | | etcd itself ignores it
            peer-election-timeout | none | | etcd itself ignores it
            retry-interval | none | | etcd itself ignores it
            snapshot | none | | etcd itself ignores it
            v | none | | etcd itself ignores it
            vv | none | | etcd itself ignores it
            test.coverprofile | none | | etcd itself ignores it
            test.outputdir | none | | etcd itself ignores it
            """;
    private static final String PROGRAM = """
            config-file | text | | &
            version | yes-no | false | &
            """;

    /// By name.
    static final Map<String, EtcdFlag> ALL = table();

    private EtcdFlags() {}

    static @Nullable EtcdFlag find(String name) {
        return ALL.get(name);
    }

    private static Map<String, EtcdFlag> table() {
        Map<String, EtcdFlag> flags = new LinkedHashMap<>();
        for (String line : (MEMBER + CONNECTIONS + CLUSTERING + SECURITY + WATCHING + OLD + PROGRAM)
                .lines()
                .toList()) {
            String[] cells = line.split("\\|", 4);
            Kind kind = Kind.valueOf(cells[1].strip().toUpperCase(Locale.ROOT).replace('-', '_'));
            EtcdFlag flag = new EtcdFlag(cells[0].strip(), kind, cells[2].strip(), meaning(cells[3].strip()));
            if (flags.put(flag.name(), flag) != null) throw new IllegalStateException(flag.name() + " is there twice");
        }
        return flags;
    }

    private static Meaning meaning(String cell) {
        if (cell.equals("&")) return new Meaning.Woven();
        if (cell.startsWith("= ")) return new Meaning.Key(cell.substring(2));
        if (cell.startsWith("< ")) return new Meaning.Formerly(cell.substring(2));
        return new Meaning.Nothing(cell);
    }
}
