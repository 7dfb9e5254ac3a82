package holdfast.server.cli;

import holdfast.core.healing.LoopConfig;
import holdfast.server.base.Metrics;
import holdfast.server.base.Ticker;
import holdfast.server.healing.LoopNode;
import holdfast.server.healing.LoopParts;
import holdfast.server.start.Address;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/// `holdfast loop`: only the healing loop, over a store that runs elsewhere; several stand for election.
@Command(
        name = "loop",
        description = "Runs only the healing loop, over a store that runs elsewhere.",
        mixinStandardHelpOptions = true)
final class LoopCommand implements Callable<Integer> {
    @Mixin
    private StoreOption store = new StoreOption();

    @Option(names = "--name", paramLabel = "NAME", required = true, description = "Name of this node.")
    private String name = "";

    @Option(
            names = "--listen-loop",
            paramLabel = "HOST:PORT",
            defaultValue = "127.0.0.1:2378",
            description = "Where agents attach; also /metrics and /health (default: 127.0.0.1:2378).")
    private String listen = "";

    @Option(
            names = "--advertise-loop",
            paramLabel = "HOST",
            defaultValue = "",
            description = "What agents are told; the host of --listen-loop if not given.")
    private String advertise = "";

    @Spec
    private CommandSpec spec = CommandSpec.create();

    @Override
    public Integer call() throws InterruptedException {
        return run(name, listen, advertise, store, spec);
    }

    static int run(String name, String listen, String advertise, StoreOption store, CommandSpec spec)
            throws InterruptedException {
        Address at = Address.parse("listen-loop", listen);
        LoopNode node = new LoopNode(
                name,
                at.host(),
                at.port(),
                advertise.isEmpty() ? at.host() : advertise,
                null,
                store.config(),
                false,
                LoopNode.LEASE_TTL,
                LoopConfig.DEFAULT);
        Vertx vertx = Vertx.vertx(new VertxOptions().setEventLoopPoolSize(1));
        PrintWriter out = spec.commandLine().getOut();
        try {
            LoopParts loop = LoopParts.open(node, vertx, new Metrics(), Ticker.system());
            out.println("The loop of " + name + " listens on " + at.host() + ":" + loop.port() + ".");
            out.flush();
            return UntilStopped.await(loop);
        } catch (IOException failed) {
            spec.commandLine().getErr().println("Refused: " + failed.getMessage() + ".");
            return ExitCode.REFUSED;
        }
    }
}
