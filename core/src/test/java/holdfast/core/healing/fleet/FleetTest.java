package holdfast.core.healing.fleet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import holdfast.core.base.NodeId;
import holdfast.core.base.Ratio;
import holdfast.core.base.Require;
import holdfast.core.healing.Shop;
import java.time.Duration;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

final class FleetTest {
    private static final Duration SECOND = Duration.ofSeconds(1);

    static Stream<Arguments> mistakes() {
        return Stream.of(
                mistake(
                        () -> timing(Duration.ofMillis(1), Duration.ofMillis(1), 3, 2),
                        "every is 1 ms; the least is 50 ms"),
                mistake(() -> timing(SECOND, Duration.ofMillis(1_100), 3, 2), "timeout is 1100 ms; the most is 1 s"),
                mistake(() -> timing(SECOND, SECOND, 0, 2), "failures is 0; the least is 1"),
                mistake(() -> timing(SECOND, SECOND, 3, 101), "passes is 101; the most is 100"),
                mistake(
                        () -> new CheckSpec.Http("health", CheckSpec.Timing.DEFAULT),
                        "http is 'health'; it must be a path that starts with /"),
                mistake(() -> new CheckSpec.Tcp(70_000, CheckSpec.Timing.DEFAULT), "tcp is 70000; the most is 65535"),
                mistake(
                        () -> new CheckSpec.Exec(List.of(), CheckSpec.Timing.DEFAULT),
                        "exec is []; it must be a command with at least one word"),
                mistake(() -> new Limits(-1, SECOND, Ratio.ONE), "restarts is -1; the least is 0"),
                mistake(() -> new Limits(3, Duration.ofMillis(1), Ratio.ONE), "per is 1 ms; the least is 1 s"),
                mistake(() -> new Limits(3, SECOND, Ratio.ZERO), "isolate-at-most is 0 %; it must be 1 % to 100 %"),
                mistake(() -> new HostSpec(Shop.H1, "a b"), "address is 'a b'; it must be an IP address or a DNS name"),
                mistake(
                        () -> spec(List.of(), 1, 80, List.of(Rung.HAND_OVER)),
                        "command is []; it must be a command with at least one word, unless observe is true"),
                mistake(() -> spec(List.of("x"), 0, 80, List.of(Rung.HAND_OVER)), "instances is 0; the least is 1"),
                mistake(
                        () -> spec(List.of("x"), 2, 65_535, List.of(Rung.HAND_OVER)),
                        "port is 65535; it must be at most 65534 for 2 instances"),
                mistake(
                        () -> spec(List.of("x"), 1, 0, List.of(Rung.HAND_OVER)),
                        "checks[0] is a probe of the port; it must be exec while the service has no port"),
                mistake(
                        () -> spec(List.of("x"), 1, 80, List.of(Rung.RESTART)),
                        "recovery is [restart]; it must be a list that ends in hand-over"),
                mistake(
                        () -> spec(List.of("x"), 1, 80, List.of(Rung.MOVE, Rung.MOVE, Rung.HAND_OVER)),
                        "recovery is [move, move, hand-over]; it must be without a rung twice"),
                mistake(
                        () -> fleet(
                                Shop.service("a", List.of("x"), 2, 80, List.of()),
                                Shop.service("b", List.of("x"), 1, 81, List.of())),
                        "services.b.port is 81; it must be chosen so that instance 1 does not meet port 81 of a/2"),
                mistake(
                        () -> fleet(Shop.service("a", List.of("x"), 1, 80, List.of("c"))),
                        "services.a.depends-on[0] is c; it must be one of a"),
                mistake(
                        () -> fleet(
                                Shop.service("a", List.of("x"), 1, 80, List.of("b")),
                                Shop.service("b", List.of("x"), 1, 90, List.of("a"))),
                        "services.a.depends-on is a circle, a -> b -> a; it must be free of circles"),
                mistake(() -> onHost("h9"), "services.a.hosts[0] is h9; it must be one of h1, h2, h3"),
                mistake(
                        () -> new Fleet("Shop", Shop.hosts(), List.of()),
                        "fleet is 'Shop'; it must be 1 to 63 of a-z 0-9 -"),
                mistake(
                        () -> new Fleet(
                                "shop",
                                List.of(new HostSpec(Shop.H1, "10.0.0.1"), new HostSpec(Shop.H2, "10.0.0.1")),
                                List.of()),
                        "hosts.h2.address is 10.0.0.1; it must be another than that of h1"));
    }

    private static Arguments mistake(ThrowingCallable make, String sentence) {
        return Arguments.of(sentence, make);
    }

    private static CheckSpec.Timing timing(Duration every, Duration timeout, int failures, int passes) {
        return new CheckSpec.Timing(every, timeout, failures, passes);
    }

    private static ServiceSpec spec(List<String> command, int instances, int port, List<Rung> recovery) {
        return spec(command, instances, port, recovery, List.of());
    }

    private static ServiceSpec spec(
            List<String> command, int instances, int port, List<Rung> recovery, List<NodeId> hosts) {
        SortedMap<String, String> none = new TreeMap<>();
        return new ServiceSpec(
                "a",
                command,
                instances,
                port,
                hosts,
                none,
                List.of(Shop.HEALTH),
                List.of(),
                recovery,
                Limits.DEFAULT,
                SECOND,
                SECOND,
                false,
                none);
    }

    private static Fleet fleet(ServiceSpec... services) {
        return new Fleet("shop", Shop.hosts(), List.of(services));
    }

    private static Fleet onHost(String host) {
        return fleet(spec(List.of("x"), 1, 80, List.of(Rung.HAND_OVER), List.of(new NodeId(host))));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("mistakes")
    void mistake_isRefused_byKeyValueAndBound(String sentence, ThrowingCallable make) {
        assertThatThrownBy(make).isInstanceOf(Require.BadValue.class).hasMessage(sentence);
    }

    @Test
    void mistakeInANestedRecord_namesTheWholePath() {
        assertThatThrownBy(() ->
                        Require.under("services.orders.checks[0]", () -> timing(Duration.ofMillis(1), SECOND, 3, 2)))
                .hasMessage("services.orders.checks[0].every is 1 ms; the least is 50 ms");
    }

    @Test
    void fingerprint_changesWithTheProcess_notWithItsLimits() {
        ServiceSpec one = Shop.orders("v1");
        assertThat(one.fingerprint())
                .isEqualTo(Shop.orders("v1").fingerprint())
                .isNotEqualTo(Shop.orders("v2").fingerprint());
        assertThat(one.runsLike(Shop.orders("v1"))).isTrue();
        assertThat(one.runsLike(Shop.orders("v2"))).isFalse();
    }

    @Test
    void diff_namesEachChange_inOneSentence() {
        assertThat(FleetDiff.between(Shop.fleet("v1"), Shop.fleet("v2")).sentences())
                .containsExactly("services.orders.command: [orders, v1] -> [orders, v2]");
        assertThat(FleetDiff.between(null, Shop.fleet("v1")).sentences())
                .contains(
                        "hosts.h1 is added at 10.0.0.1",
                        "services.orders is added with 3 instances",
                        "services.web is added with 1 instance");
        assertThat(FleetDiff.between(Shop.fleet("v1"), Shop.fleet("v1")).isEmpty())
                .isTrue();
    }

    @Test
    void parts_areOrdered_storeHostsInstances() {
        List<Part> parts =
                List.of(Shop.order(2), new Part.Host(Shop.H2), new Part.Store(), Shop.order(1), new Part.Host(Shop.H1));
        assertThat(parts.stream().sorted().map(Part::toString))
                .containsExactly("the store", "host h1", "host h2", "orders/1", "orders/2");
    }
}
