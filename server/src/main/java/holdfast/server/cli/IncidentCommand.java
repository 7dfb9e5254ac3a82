package holdfast.server.cli;

import holdfast.core.healing.Incident;
import holdfast.core.healing.Incident.Deed;
import holdfast.core.healing.Incident.Entry;
import holdfast.core.healing.Incident.Times;
import holdfast.core.healing.fleet.Part;
import holdfast.core.healing.isolate.Step;
import holdfast.server.base.Nearest;
import holdfast.server.ledger.LedgerJson;
import holdfast.server.ledger.Seen;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/// `holdfast incident ID`: one trouble from first symptom to verified end.
@Command(
        name = "incident",
        description = "Shows one incident: what, why, what was done, how long each stage took.",
        mixinStandardHelpOptions = true)
final class IncidentCommand implements Callable<Integer> {
    @Mixin
    private StoreOption store = new StoreOption();

    @Mixin
    private OutputOption output = new OutputOption();

    @Parameters(paramLabel = "ID", description = "As `holdfast incidents` lists it.")
    private String id = "";

    @Option(
            names = {"-f", "--follow"},
            description = "Show it again whenever it changes, until Ctrl-C.")
    private boolean follow;

    @Spec
    private CommandSpec spec = CommandSpec.create();

    @Override
    public Integer call() {
        PrintWriter out = spec.commandLine().getOut();
        PrintWriter err = spec.commandLine().getErr();
        if (follow)
            return WithLedger.follow(
                    store, out, err, seen -> find(seen).map(this::text).orElse(""));
        return WithLedger.read(store, err, seen -> {
            Optional<Incident> found = find(seen);
            if (found.isEmpty()) {
                List<String> known = seen.incidents().stream().map(Incident::id).toList();
                @Nullable String nearest = Nearest.to(id, known);
                err.println("Refused: there is no incident " + id
                        + (nearest == null ? "; `holdfast incidents` lists them." : "; did you mean " + nearest + "?"));
                err.flush();
                return ExitCode.REFUSED;
            }
            out.print(text(found.get()));
            out.flush();
            return ExitCode.DONE;
        });
    }

    private Optional<Incident> find(Seen seen) {
        return seen.incidents().stream().filter(one -> one.id().equals(id)).findFirst();
    }

    private String text(Incident incident) {
        StringWriter text = new StringWriter();
        PrintWriter out = new PrintWriter(text);
        if (output.json()) OutputOption.printJson(out, LedgerJson.json().valueToTree(incident));
        else show(out, incident);
        out.flush();
        return text.toString();
    }

    private static void show(PrintWriter out, Incident incident) {
        Times times = incident.times();
        out.println("Incident " + incident.id() + " on " + incident.subject() + " is " + incident.state() + ".");
        out.println("What:     " + incident.diagnosis().cause());
        out.println("Culprit:  " + incident.diagnosis().culprit() + ", "
                + incident.diagnosis().mode() + ", confidence "
                + incident.diagnosis().confidence() + (incident.diagnosis().proven() ? ", proven" : ", not proven"));
        if (!incident.hurt().isEmpty()) out.println("Hurt:     " + names(incident.hurt()));
        if (!incident.pending().isEmpty()) out.println("To bring back: " + names(incident.pending()));
        out.println("Began:    " + Moments.date(times.hurt()) + " UTC");
        out.println();
        out.println("Evidence");
        incident.diagnosis().evidence().forEach(evidence -> out.println("  - " + evidence));
        out.println();
        OutputOption.printTable(
                out,
                List.of("STAGE", "AT (UTC)", "SINCE IT BEGAN"),
                List.of(
                        stage("detected", times.detected(), times),
                        stage("located", times.located(), times),
                        stage("isolated", times.isolated(), times),
                        stage("recovered", times.recovered(), times),
                        stage("verified", times.verified(), times)));
        out.println();
        out.println("Actions");
        if (incident.deeds().isEmpty()) out.println("  none");
        incident.deeds().forEach(deed -> out.println("  " + say(deed)));
        out.println();
        out.println("Timeline (UTC)");
        for (Entry entry : incident.entries()) {
            out.println("  %s  %-11s %s"
                    .formatted(
                            Moments.time(entry.atMillis()),
                            entry.state(),
                            entry.what().sentence()));
        }
    }

    private static List<String> stage(String name, long atMillis, Times times) {
        return List.of(name, atMillis == 0 ? "-" : Moments.time(atMillis), Moments.length(times.hurt(), atMillis));
    }

    private static String names(List<? extends Part> parts) {
        return parts.stream().map(Object::toString).collect(Collectors.joining(", "));
    }

    private static String say(Deed deed) {
        String step = switch (deed.action().step()) {
            case Step.Start(var assignment, boolean _) -> "start " + assignment.instance() + " as " + assignment.run();
            case Step.Stop(var instance, boolean graceful, long _) -> (graceful ? "stop " : "kill ") + instance;
        };
        String answered =
                deed.answeredMillis() == 0 ? "" : " after " + Moments.length(deed.atMillis(), deed.answeredMillis());
        return "%s  %s on %s (%s, epoch %d, id %s): %s%s%s"
                .formatted(
                        Moments.time(deed.atMillis()),
                        step,
                        deed.action().on(),
                        deed.rung().key(),
                        deed.action().fence().epoch(),
                        deed.action().id(),
                        deed.status(),
                        answered,
                        deed.answer().isEmpty() ? "" : "; " + deed.answer());
    }
}
