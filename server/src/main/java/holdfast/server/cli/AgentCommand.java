package holdfast.server.cli;

import holdfast.core.base.NodeId;
import holdfast.core.base.Require;
import holdfast.server.base.Metrics;
import holdfast.server.base.Ticker;
import holdfast.server.healing.agent.AgentConfig;
import holdfast.server.healing.agent.AgentParts;
import holdfast.server.ledger.Lengths;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/// `holdfast agent`: one for each host, until it is told to stop. Its instances go on without it.
@Command(
        name = "agent",
        description = "Supervises this host's instances and does what the loop orders.",
        mixinStandardHelpOptions = true,
        footer = "SIGTERM ends the agent and leaves its instances running; the next agent takes them over.")
final class AgentCommand implements Callable<Integer> {
    @Mixin
    private StoreOption store = new StoreOption();

    @Option(names = "--host", paramLabel = "NAME", required = true, description = "Name of this host in the fleet.")
    private String host = "";

    @Option(
            names = "--address",
            paramLabel = "IP",
            defaultValue = "127.0.0.1",
            description = "Where other hosts reach this one (default: 127.0.0.1).")
    private String address = "";

    @Option(
            names = "--port",
            paramLabel = "PORT",
            defaultValue = "" + AgentConfig.PORT,
            description = "Where witnesses knock; also /metrics and /health; 0 takes a free one (default: "
                    + AgentConfig.PORT + ").")
    private int port;

    @Option(
            names = "--data",
            paramLabel = "FOLDER",
            defaultValue = "holdfast-agent",
            description = "What must survive, and the instances' output (default: holdfast-agent).")
    private Path data = Path.of("holdfast-agent");

    @Option(
            names = "--lease-ttl",
            paramLabel = "TIME",
            defaultValue = "3s",
            description = "How long the host counts as alive without a renewal (default: 3s).")
    private String leaseTtl = "3s";

    @Option(
            names = "--output-max",
            paramLabel = "BYTES",
            defaultValue = "" + AgentConfig.OUTPUT_BYTES_MAX,
            description = "Largest output file of an instance (default: 16 MiB).")
    private long outputBytesMax;

    @Spec
    private CommandSpec spec = CommandSpec.create();

    @Override
    public Integer call() throws InterruptedException {
        AgentConfig config = new AgentConfig(
                new NodeId(host),
                address,
                port,
                data,
                store.config(),
                Lengths.parse(leaseTtl)
                        .orElseThrow(() ->
                                new Require.BadValue("lease-ttl is " + leaseTtl + "; it must be a time such as 3s")),
                outputBytesMax);
        Vertx vertx = Vertx.vertx(new VertxOptions().setEventLoopPoolSize(1));
        PrintWriter out = spec.commandLine().getOut();
        try {
            AgentParts agent = AgentParts.open(config, vertx, new Metrics(), Ticker.system());
            out.println("Agent of " + host + " listens on " + address + ":" + agent.port() + ".");
            out.flush();
            return UntilStopped.await(agent);
        } catch (IOException failed) {
            spec.commandLine().getErr().println("Refused: " + failed.getMessage() + ".");
            return ExitCode.REFUSED;
        }
    }
}
