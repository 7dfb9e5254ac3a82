package holdfast.server.cli;

import holdfast.core.base.Outcome;
import holdfast.core.base.Require;
import holdfast.core.healing.OperatorOrder;
import holdfast.core.healing.fleet.Part;
import holdfast.server.ledger.LedgerJson;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/// `holdfast restart SERVICE/N`: asks the loop, which treats it like a fault of its own finding.
@Command(
        name = "restart",
        description = "Asks the loop to take an instance out of routing, restart it and verify it.",
        mixinStandardHelpOptions = true)
final class RestartCommand implements Callable<Integer> {
    @Mixin
    private StoreOption store = new StoreOption();

    @Parameters(paramLabel = "SERVICE/N", description = "Which instance, such as orders/2.")
    private String instance = "";

    @Spec
    private CommandSpec spec = CommandSpec.create();

    @Override
    public Integer call() {
        Require.that("instance", instance, instance.matches("[a-z][a-z0-9-]*/[1-9][0-9]{0,3}"), "SERVICE/N");
        Part.Instance which = (Part.Instance) LedgerJson.part(instance);
        return WithLedger.run(store, ledger -> {
            Outcome outcome = ledger.ask(Asking.id(), new OperatorOrder.Restart(which, Asking.who()));
            if (outcome instanceof Outcome.Done)
                spec.commandLine().getOut().println("Asked for; see `holdfast incidents`.");
            return ExitCode.of(outcome, spec.commandLine().getErr());
        });
    }
}
