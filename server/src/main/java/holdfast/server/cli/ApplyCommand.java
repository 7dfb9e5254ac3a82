package holdfast.server.cli;

import holdfast.core.base.Outcome;
import holdfast.core.base.Reason;
import holdfast.core.healing.fleet.Fleet;
import holdfast.server.client.Answer;
import holdfast.server.ledger.LedgerStore.Applied;
import holdfast.server.ledger.file.FleetFile;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

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

    @Spec
    private CommandSpec spec = CommandSpec.create();

    @Override
    public Integer call() {
        Fleet fleet = FleetFile.read(file);
        return WithLedger.run(store, ledger -> switch (ledger.fleet()) {
            case Answer.Done<Applied>(Applied former) -> applying.apply(ledger, former, fleet);
            case Answer.Refused<Applied>(Reason why) -> end(new Outcome.Refused(why));
            case Answer.Unknown<Applied>(Reason why) -> end(new Outcome.Refused(why)); // it was only a read
        });
    }

    private int end(Outcome outcome) {
        return ExitCode.of(outcome, spec.commandLine().getErr());
    }
}
