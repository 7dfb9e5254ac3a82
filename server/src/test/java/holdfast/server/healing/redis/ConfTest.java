package holdfast.server.healing.redis;

import static org.assertj.core.api.Assertions.assertThat;

import holdfast.core.base.NodeId;
import holdfast.core.healing.fleet.ClusterSpec;
import holdfast.core.healing.fleet.ClusterSpec.Durability;
import holdfast.core.healing.fleet.RedisSpec;
import holdfast.core.healing.fleet.Tags;
import holdfast.core.healing.recover.failover.Lsn;
import holdfast.core.healing.recover.failover.Rule;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

final class ConfTest {
    private static final NodeId H1 = new NodeId("h1");
    private static final NodeId H2 = new NodeId("h2");
    private static final NodeId H3 = new NodeId("h3");

    private static RedisSpec spec(Durability durability, boolean strict, Map<String, String> parameters) {
        ClusterSpec cluster = new ClusterSpec(
                ClusterSpec.Kind.REDIS,
                "cache",
                List.of(H1, H2, H3),
                6_379,
                "",
                "",
                "redis",
                durability,
                strict,
                Duration.ofSeconds(2),
                10,
                Duration.ofSeconds(2),
                Duration.ofSeconds(30),
                new TreeSet<>(List.of(H3)),
                8_009,
                0,
                0,
                Tags.NONE,
                List.of());
        return new RedisSpec(cluster, new TreeMap<>(parameters), true, 0, false);
    }

    private static String text(RedisSpec spec, NodeId host, Setting setting) {
        return Conf.text(spec, Conf.fixed(spec, host, "10.0.0.1", Path.of("/data"), "word"), setting, true);
    }

    @Test
    void ownersParameters_goOverOurs_butNotOverWhatTheClusterNeeds() {
        RedisSpec spec = spec(Durability.ASYNC, false, Map.of("appendfsync", "always", "maxmemory", "1gb"));
        assertThat(text(spec, H1, Setting.NONE))
                .contains("appendfsync always\n", "maxmemory 1gb\n", "appendonly yes\n", "save \"\"\n")
                .contains("bind * -::*\n", "dir \"/data\"\n", "requirepass \"word\"\n", "masterauth word\n")
                .contains("repl-diskless-sync-delay 0\n", "replica-priority 100\n")
                .doesNotContain("replicaof", "everysec");
    }

    @Test
    void hostThatIsNeverElected_saysSoToOthersToo() {
        assertThat(text(spec(Durability.ASYNC, false, Map.of()), H3, Setting.NONE))
                .contains("replica-priority 0\n");
    }

    @Test
    void replica_followsWhomItIsTold_elseNobody() {
        RedisSpec spec = spec(Durability.ASYNC, false, Map.of());
        Setting blank = Setting.NONE.with(Setting.Data.blank(7));
        assertThat(text(spec, H1, blank)).contains("replicaof 127.0.0.1 1\n");
        assertThat(text(spec, H1, blank.following(H2, "10.0.0.2", 6_379, 3))).contains("replicaof 10.0.0.2 6379\n");
        assertThat(text(spec, H1, blank.following(H2, "10.0.0.2", 6_379, 3).pledging(3)))
                .contains("replicaof 127.0.0.1 1\n");
    }

    /// A server that is to write a log and finds none starts empty, whatever its snapshot has.
    @Test
    void snapshotWithoutALog_isReadFirst() {
        RedisSpec spec = spec(Durability.ASYNC, false, Map.of());
        Map<String, String> fixed = Conf.fixed(spec, H1, "10.0.0.1", Path.of("/data"), "");
        assertThat(Conf.text(spec, fixed, Setting.NONE, false)).contains("appendonly no\n");
    }

    @Test
    void writes_needAsManyReplicasAsTheRuleAsksFor() {
        Rule two = Rule.of(List.of(H2, H3), 2);
        assertThat(Conf.leastReplicas(spec(Durability.QUORUM, false, Map.of()), two))
                .isEqualTo(2);
        assertThat(Conf.leastReplicas(spec(Durability.ASYNC, false, Map.of()), two))
                .isZero();
        assertThat(Conf.leastReplicas(spec(Durability.SYNC_1, false, Map.of()), Rule.ALONE))
                .isZero();
        assertThat(Conf.leastReplicas(spec(Durability.SYNC_1, true, Map.of()), Rule.ALONE))
                .isEqualTo(1);
        assertThat(Conf.leastReplicas(spec(Durability.SYNC_1, true, Map.of()), null))
                .isZero();
    }

    @Test
    void whatAServerWasStartedWith_isReadBack() {
        RedisSpec spec = spec(Durability.ASYNC, false, Map.of("save", "900 1 300 10"));
        Map<String, String> fixed = Conf.fixed(spec, H1, "10.0.0.1", Path.of("/a \"b\" \\c"), "word");
        assertThat(Conf.parse(Conf.text(spec, fixed, Setting.NONE.ruled(null, Lsn.ZERO), true)))
                .containsAllEntriesOf(fixed);
    }
}
