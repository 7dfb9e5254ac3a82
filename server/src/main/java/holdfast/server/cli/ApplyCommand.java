package holdfast.server.cli;

import holdfast.core.healing.fleet.Fleet;
import holdfast.server.ledger.file.FleetFile;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/// `holdfast apply`: checks a fleet file, shows what it changes, stores it.
@Command(
        name = "apply",
        description = "Checks a fleet file, shows what it changes, and stores it for the loop to bring about.",
        mixinStandardHelpOptions = true,
        footer = Applying.STATUSES)
final class ApplyCommand implements Callable<Integer> {
    @Mixin
    private StoreOption store = new StoreOption();

    @Mixin
    private Applying applying = new Applying();

    @Parameters(paramLabel = "FILE", description = "The fleet as it should be (YAML).")
    private Path file = Path.of("fleet.yaml");

    @Override
    public Integer call() {
        Fleet fleet = FleetFile.read(file);
        return WithLedger.run(store, ledger -> applying.from(ledger, former -> applying.apply(ledger, former, fleet)));
    }
}
