package holdfast.server.cli;

import holdfast.core.healing.Incident;
import holdfast.server.ledger.LedgerJson;
import holdfast.server.ledger.Seen;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/// `holdfast incidents`: every trouble, oldest first.
@Command(name = "incidents", description = "Lists incidents, oldest first.", mixinStandardHelpOptions = true)
final class IncidentsCommand implements Callable<Integer> {
    @Mixin
    private StoreOption store = new StoreOption();

    @Mixin
    private OutputOption output = new OutputOption();

    @Option(names = "--open", description = "Only those that are not closed.")
    private boolean open;

    @Option(
            names = {"-f", "--follow"},
            description = "Show them again whenever they change, until Ctrl-C.")
    private boolean follow;

    @Spec
    private CommandSpec spec = CommandSpec.create();

    @Override
    public Integer call() {
        PrintWriter out = spec.commandLine().getOut();
        PrintWriter err = spec.commandLine().getErr();
        if (follow) return WithLedger.follow(store, out, err, this::text);
        return WithLedger.read(store, err, seen -> {
            out.print(text(seen));
            out.flush();
            return ExitCode.DONE;
        });
    }

    private String text(Seen seen) {
        List<Incident> incidents = seen.incidents().stream()
                .filter(one -> !open || one.state() != Incident.State.CLOSED)
                .toList();
        StringWriter text = new StringWriter();
        PrintWriter out = new PrintWriter(text);
        if (output.json()) {
            OutputOption.printJson(out, LedgerJson.json().valueToTree(incidents));
            return text.toString();
        }
        if (incidents.isEmpty()) out.println(open ? "No incident is open." : "There was no incident.");
        else {
            OutputOption.printTable(
                    out,
                    List.of("ID", "STATE", "SUBJECT", "MODE", "BEGAN (UTC)", "TOOK", "CAUSE"),
                    incidents.stream().map(IncidentsCommand::row).toList());
        }
        out.flush();
        return text.toString();
    }

    private static List<String> row(Incident incident) {
        return List.of(
                incident.id(),
                incident.state().name(),
                incident.subject().toString(),
                incident.diagnosis().mode().name(),
                Moments.date(incident.times().hurt()),
                Moments.length(incident.times().hurt(), incident.times().verified()),
                incident.diagnosis().cause());
    }
}
