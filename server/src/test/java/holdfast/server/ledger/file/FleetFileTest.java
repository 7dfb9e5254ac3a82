package holdfast.server.ledger.file;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.networknt.schema.InputFormat;
import com.networknt.schema.Schema;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.SpecificationVersion;
import holdfast.core.base.NodeId;
import holdfast.core.base.Ratio;
import holdfast.core.base.Require.BadValue;
import holdfast.core.healing.fleet.CheckSpec;
import holdfast.core.healing.fleet.ClusterSpec;
import holdfast.core.healing.fleet.Fleet;
import holdfast.core.healing.fleet.PostgresSpec;
import holdfast.core.healing.fleet.RedisSpec;
import holdfast.core.healing.fleet.Rung;
import holdfast.core.healing.fleet.ServiceSpec;
import holdfast.core.healing.fleet.SingletonSpec;
import holdfast.core.healing.fleet.Tags;
import holdfast.server.ledger.LedgerJson;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.dataformat.yaml.YAMLMapper;

public final class FleetFileTest {
    private static final Path FLEETS = Path.of("src/test/resources/fleets");
    private static final Path SCHEMA = Path.of("../docs/reference/fleet.schema.json");

    /// Each begins with a comment: `# refused with: PART | PART`.
    public static Stream<Path> bad() throws IOException {
        return yamls(FLEETS.resolve("bad"));
    }

    static Stream<Path> good() throws IOException {
        return Stream.of(yamls(FLEETS.resolve("good")), yamls(Path.of("../examples/shop")))
                .flatMap(files -> files);
    }

    private static Stream<Path> yamls(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.filter(file -> file.toString().endsWith(".yaml")).sorted().toList().stream();
        }
    }

    /// What the refusal of a bad file must contain.
    public static List<String> expected(Path file) throws IOException {
        String first = Files.readAllLines(file).getFirst();
        assertThat(first).startsWith("# refused with: ");
        return List.of(first.substring("# refused with: ".length()).split(" \\| "));
    }

    @ParameterizedTest
    @MethodSource("bad")
    void badFile_isRefusedInOneSentenceWithKeyAndBound(Path file) throws IOException {
        List<String> parts = expected(file);
        assertThatThrownBy(() -> FleetFile.read(file))
                .isInstanceOf(BadValue.class)
                .hasMessageContainingAll(parts.toArray(String[]::new))
                .message()
                .doesNotContain("\n");
    }

    @Test
    void badFiles_areAtLeastThirty() throws IOException {
        assertThat(bad()).hasSizeGreaterThanOrEqualTo(30);
    }

    @ParameterizedTest
    @MethodSource("good")
    void goodFile_isReadAndFitsTheSchema(Path file) throws IOException {
        assertThat(FleetFile.read(file).services()).isNotEmpty();
        JsonNode yaml = new YAMLMapper().readTree(Files.readString(file));
        assertThat(schema().validate(yaml.toString(), InputFormat.JSON)).isEmpty();
    }

    @Test
    void schema_refusesWhatIsNotAKey() {
        String wrong = "{\"fleet\":\"a\",\"services\":{\"web\":{\"comand\":[\"a\"]}}}";
        assertThat(schema().validate(wrong, InputFormat.JSON)).isNotEmpty();
        String large = "{\"fleet\":\"a\",\"services\":{\"web\":{\"command\":[\"a\"],\"port\":70000}}}";
        assertThat(schema().validate(large, InputFormat.JSON)).isNotEmpty();
        String rung = "{\"fleet\":\"a\",\"services\":{\"web\":{\"command\":[\"a\"],\"recovery\":[\"pray\"]}}}";
        assertThat(schema().validate(rung, InputFormat.JSON)).isNotEmpty();
    }

    private static Schema schema() {
        return SchemaRegistry.withDefaultDialect(SpecificationVersion.DRAFT_2020_12)
                .getSchema(FleetSchema.json(), InputFormat.JSON);
    }

    /// `mvn test -Dtest=FleetFileTest -Dholdfast.write-schema=true` writes it anew.
    @Test
    void schemaInTheDocs_isUpToDate() throws IOException {
        if (Boolean.getBoolean("holdfast.write-schema")) Files.writeString(SCHEMA, FleetSchema.json());
        JsonMapper mapper = new JsonMapper();
        assertThat(mapper.readTree(Files.readString(SCHEMA))).isEqualTo(mapper.readTree(FleetSchema.json()));
    }

    @ParameterizedTest
    @EnumSource(ClusterSpec.Kind.class)
    void clustersSection_isWrittenWithEveryKey_andReadBackToTheSame(ClusterSpec.Kind kind) throws IOException {
        Path file = FLEETS.resolve("good/everything.yaml");
        Fleet fleet = FleetFile.read(file);
        String name = switch (kind) {
            case POSTGRESQL -> fleet.postgres().getFirst().name();
            case REDIS -> fleet.redis().getFirst().name();
        };
        Class<?> form = switch (kind) {
            case POSTGRESQL -> Forms.PostgresForm.class;
            case REDIS -> Forms.RedisForm.class;
        };
        ClusterSection section = ClusterSection.of(fleet, kind, name).orElseThrow();
        YAMLMapper yaml = new YAMLMapper();
        assertThat(yaml.readTree(section.yaml()).get(kind.key()).propertyNames())
                .containsExactlyInAnyOrderElementsOf(Arrays.stream(form.getRecordComponents())
                        .map(one -> FormReader.key(one.getName()))
                        .toList());
        Fleet without = section.set("hosts", "[h1]")
                .set(kind.key(), "null")
                .set("port", "null")
                .in(fleet);
        assertThat(without).isNotEqualTo(fleet);
        assertThat(ClusterSection.of(without, kind, name).orElseThrow().yaml())
                .isEqualTo("kind: " + kind.key() + "\nhosts:\n- h1\n");
        assertThat(section.replaced(section.yaml()).in(without)).isEqualTo(fleet);
    }

    @Test
    void clustersSection_isChangedKeyByKey_andRefusedAsTheFileIs() {
        Fleet fleet = FleetFile.read(FLEETS.resolve("good/everything.yaml"));
        ClusterSection section = ClusterSection.of(
                        fleet,
                        ClusterSpec.Kind.POSTGRESQL,
                        fleet.postgres().getFirst().name())
                .orElseThrow();
        Fleet changed = section.set("postgresql.parameters.auto_explain.log_min_duration", "1s")
                .set("postgresql.no-failover", "[h1, h2]")
                .set("postgresql.strict", "null")
                .in(fleet);
        PostgresSpec spec = changed.postgres().getFirst();
        assertThat(spec.parameters())
                .containsEntry("auto_explain.log_min_duration", "1s")
                .containsEntry("max_connections", "200");
        assertThat(spec.cluster().noFailover()).containsExactly(new NodeId("h1"), new NodeId("h2"));
        assertThat(spec.cluster().strict()).isFalse();
        assertThat(changed.redis()).isEqualTo(fleet.redis());
        assertThatThrownBy(() -> section.set("postgresql.lease", "1ms").in(fleet))
                .hasMessage("services." + spec.name() + ".postgresql.lease is 1 ms; the least is 1 s");
        assertThatThrownBy(() -> section.set("postgresql.leese", "1s").in(fleet))
                .hasMessageContaining("postgresql.leese is not a key, did you mean lease?");
        assertThatThrownBy(() -> section.set("postgresql.hba", "[a").in(fleet)).hasMessageContaining("must be YAML");
        assertThatThrownBy(() -> section.set("port.x", "1").in(fleet)).hasMessageContaining("port holds one value");
        assertThatThrownBy(() -> section.set("kind", "redis").in(fleet))
                .hasMessage("services." + spec.name() + ".kind is redis; it must be postgresql as it was");
        assertThatThrownBy(() -> section.replaced("- a").in(fleet)).hasMessageContaining("holds no keys");
    }

    @Test
    void everything_isReadAsItIsWritten() {
        Fleet fleet = FleetFile.read(FLEETS.resolve("good/everything.yaml"));
        ServiceSpec orders = fleet.service("orders").orElseThrow();
        assertThat(orders.instances()).isEqualTo(3);
        assertThat(orders.env()).containsEntry("STORE", "${store}");
        assertThat(orders.checks())
                .hasSize(3)
                .first()
                .isEqualTo(new CheckSpec.Http("/health", CheckSpec.Timing.DEFAULT));
        assertThat(orders.limits().isolateAtMost()).isEqualTo(Ratio.percent(50));
        assertThat(orders.stopWithin()).isEqualTo(Duration.ofSeconds(5));
        assertThat(orders.recovery()).containsExactly(Rung.RESTART, Rung.MOVE, Rung.HAND_OVER);
        assertThat(fleet.service("database").orElseThrow().observe()).isTrue();
        PostgresSpec main = fleet.postgres().getFirst();
        assertThat(main.cluster().durability()).isEqualTo(ClusterSpec.Durability.QUORUM);
        assertThat(main.cluster().strict()).isTrue();
        assertThat(main.cluster().lease()).isEqualTo(Duration.ofSeconds(3));
        assertThat(main.parameters()).containsEntry("max_connections", "200");
        assertThat(main.cluster().noFailover()).containsExactly(new NodeId("h3"));
        assertThat(main.cluster().tags())
                .isEqualTo(new Tags(
                        new TreeMap<>(Map.of(new NodeId("h1"), 2, new NodeId("h3"), 0)),
                        new TreeSet<>(List.of(new NodeId("h3"))),
                        new TreeSet<>(List.of(new NodeId("h3")))));
        assertThat(main.cluster().onRoleChange()).containsExactly("/opt/shop/role", "--verbose");
        assertThat(main.postInit()).containsExactly("/opt/shop/users");
        assertThat(main.cluster().restPort()).isEqualTo(8_018);
        RedisSpec cache = fleet.redis().getFirst();
        assertThat(cache.cluster().port()).isEqualTo(6_380);
        assertThat(cache.cluster().durability()).isEqualTo(ClusterSpec.Durability.SYNC_1);
        assertThat(cache.auth()).isFalse();
        assertThat(cache.sentinelPort()).isEqualTo(26_379);
        assertThat(cache.sentinelAnnouncesProxy()).isTrue();
        assertThat(cache.parameters()).containsEntry("maxmemory", "1gb");
        assertThat(cache.cluster().noFailover()).containsExactly(new NodeId("h1"));
        assertThat(cache.cluster().priorityOf(new NodeId("h2"))).isEqualTo(5);
    }

    @Test
    void singleton_isReadAsItIsWritten() {
        Fleet fleet = FleetFile.read(FLEETS.resolve("good/everything.yaml"));
        SingletonSpec cron = fleet.singletons().getFirst();
        assertThat(cron.standby()).isEqualTo(SingletonSpec.Standby.WARM);
        assertThat(cron.lease()).isEqualTo(Duration.ofSeconds(2));
        assertThat(cron.address()).isEqualTo("10.0.0.99/24");
        assertThat(cron.link()).isEqualTo("eth0");
        assertThat(cron.limits().restarts()).isEqualTo(5);
        assertThat(cron.allows(new NodeId("h3"))).isFalse();
        assertThat(LedgerJson.read(LedgerJson.write(fleet), Fleet.class)).contains(fleet);
    }
}
