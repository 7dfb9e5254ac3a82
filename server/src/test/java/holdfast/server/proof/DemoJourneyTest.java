package holdfast.server.proof;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import holdfast.server.base.Ticker;
import holdfast.server.peers.RealEtcd;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/// The whole loop with real processes, over our own store and over a real etcd.
final class DemoJourneyTest {
    private static final Path SHOP = Path.of("../examples/shop/target/shop.jar");

    @Test
    void fleet_overOurStore_healsEveryFaultAndLosesNoOrder() {
        play(List.of(Hurt.values()), "");
    }

    @Test
    void fleet_overRealEtcd_healsAndLosesNoOrder() {
        Optional<Path> etcd = RealEtcd.program("etcd");
        assumeTrue(etcd.isPresent(), "etcd is not installed");
        play(List.of(Hurt.KILL_HOST, Hurt.CUT), etcd.get().toString());
    }

    private static void play(List<Hurt> faults, String etcd) {
        assumeTrue(Files.exists(SHOP), "the shop is not packaged; `mvn verify` does it");
        System.setProperty(
                "holdfast.home", Path.of("..").toAbsolutePath().normalize().toString());
        ByteArrayOutputStream said = new ByteArrayOutputStream();
        PrintStream out = new PrintStream(said, true, StandardCharsets.UTF_8);

        Result result = new Demo(new Demo.Plan(faults, false, 4, etcd, false), out, out, Ticker.system()).run();

        String story = said.toString(StandardCharsets.UTF_8) + String.join("\n", result.table());
        assertThat(result.isGood()).as(story).isTrue();
        assertThat(result.verdicts()).as(story).isNotEmpty();
        assertThat(result.ordersAcknowledged()).as(story).isPositive();
    }
}
