package holdfast.server.cli;

import holdfast.core.base.Outcome;
import holdfast.core.healing.OperatorOrder;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/// `holdfast retry ID`: a handed-over incident gets another try.
@Command(
        name = "retry",
        description = "Asks the loop to try the ladder of a handed-over incident again, from its first rung.",
        mixinStandardHelpOptions = true)
final class RetryCommand implements Callable<Integer> {
    @Mixin
    private StoreOption store = new StoreOption();

    @Parameters(paramLabel = "ID", description = "As `holdfast incidents` lists it.")
    private String id = "";

    @Spec
    private CommandSpec spec = CommandSpec.create();

    @Override
    public Integer call() {
        return WithLedger.run(store, ledger -> {
            Outcome outcome = ledger.ask(Asking.id(), new OperatorOrder.Retry(id, Asking.who()));
            if (outcome instanceof Outcome.Done)
                spec.commandLine().getOut().println("Asked for; see `holdfast incident " + id + "`.");
            return ExitCode.of(outcome, spec.commandLine().getErr());
        });
    }
}
