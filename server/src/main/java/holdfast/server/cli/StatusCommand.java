package holdfast.server.cli;

import holdfast.core.healing.Incident;
import holdfast.core.healing.fleet.Assignment;
import holdfast.core.healing.fleet.Fleet;
import holdfast.core.healing.fleet.HostSpec;
import holdfast.core.healing.fleet.Part;
import holdfast.server.ledger.LedgerJson;
import holdfast.server.ledger.Seen;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/// `holdfast status`: problems first, then hosts and instances.
@Command(
        name = "status",
        description = "Shows problems first, then hosts and instances.",
        mixinStandardHelpOptions = true)
final class StatusCommand implements Callable<Integer> {
    @Mixin
    private StoreOption store = new StoreOption();

    @Mixin
    private OutputOption output = new OutputOption();

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
        if (follow) return WithLedger.follow(store, out, err, this::text);
        return WithLedger.read(store, err, seen -> {
            out.print(text(seen));
            out.flush();
            return ExitCode.DONE;
        });
    }

    private String text(Seen seen) {
        StringWriter text = new StringWriter();
        PrintWriter out = new PrintWriter(text);
        if (output.json()) OutputOption.printJson(out, json(seen));
        else table(out, seen);
        return text.toString();
    }

    private static Object json(Seen seen) {
        Map<String, Object> said = new LinkedHashMap<>();
        said.put("problems", problems(seen));
        said.put("revision", seen.revision());
        said.put("leader", seen.leader().map(leader -> leader.node()).orElse(""));
        said.put("epoch", seen.leaderEpoch());
        said.put(
                "fleet",
                seen.ledger().fleet() == null ? "" : seen.ledger().fleet().name());
        said.put("hosts", seen.ledger().hosts());
        said.put("instances", seen.ledger().assignments());
        said.put("endpoints", seen.ledger().endpoints());
        said.put("incidents", seen.ledger().incidents());
        return LedgerJson.json().valueToTree(said);
    }

    /// One sentence each, the worst first.
    private static List<String> problems(Seen seen) {
        List<String> problems = new ArrayList<>();
        if (seen.leader().isEmpty()) problems.add("Nobody leads the loop: nothing is healed until a server runs.");
        Fleet fleet = seen.ledger().fleet();
        if (fleet == null) {
            problems.add("No fleet is applied: `holdfast apply FILE` says what to protect.");
            return problems;
        }
        for (Incident incident : seen.ledger().incidents()) {
            String who = incident.state() == Incident.State.HANDED_OVER ? "A person is needed" : "Being healed";
            problems.add("%s: %s on %s is %s, %s"
                    .formatted(
                            who,
                            incident.id(),
                            incident.subject(),
                            incident.state(),
                            incident.diagnosis().cause()));
        }
        Set<String> up =
                seen.ledger().hosts().stream().map(host -> host.host().name()).collect(Collectors.toSet());
        for (HostSpec host : fleet.hosts()) {
            if (!up.contains(host.name().name())) {
                problems.add(
                        "Host %s (%s) has no agent: no lease is held for it.".formatted(host.name(), host.address()));
            }
        }
        Set<Part.Instance> routed = routed(seen);
        for (Assignment one : seen.ledger().assignments()) {
            if (one.port() != 0 && one.desired() == Assignment.Desired.RUN && !routed.contains(one.instance())) {
                problems.add("%s on %s (%s) is out of routing.".formatted(one.instance(), one.host(), one.target()));
            }
        }
        return problems;
    }

    private static Set<Part.Instance> routed(Seen seen) {
        return seen.ledger().endpoints().stream()
                .map(endpoint -> endpoint.instance())
                .collect(Collectors.toSet());
    }

    private static void table(PrintWriter out, Seen seen) {
        List<String> problems = problems(seen);
        Set<Part.Instance> routed = routed(seen);
        String leader = seen.leader()
                .map(one -> "the loop is led by " + one.node() + " (epoch " + seen.leaderEpoch() + ")")
                .orElse("nobody leads the loop");
        out.println("%s: %d of %d instances in routing, %d hosts with an agent, %s."
                .formatted(
                        problems.isEmpty() ? "All is well" : problems.size() + " problems",
                        routed.size(),
                        seen.ledger().assignments().size(),
                        seen.ledger().hosts().size(),
                        leader));
        problems.forEach(problem -> out.println("  ! " + problem));
        out.println();
        OutputOption.printTable(
                out,
                List.of("HOST", "ADDRESS", "AGENT", "INCARNATION", "INSTANCES"),
                seen.ledger().hosts().stream()
                        .map(host -> List.of(
                                host.host().name(),
                                host.address(),
                                host.agentAddress(),
                                "" + host.incarnation(),
                                ""
                                        + seen.ledger().assignments().stream()
                                                .filter(one -> one.host().equals(host.host()))
                                                .count()))
                        .toList());
        out.println();
        OutputOption.printTable(
                out,
                List.of("INSTANCE", "HOST", "ADDRESS", "ROUTING", "RUN", "RESTARTS"),
                seen.ledger().assignments().stream()
                        .map(one -> List.of(
                                one.instance().toString(),
                                one.host().name(),
                                one.target(),
                                one.port() == 0 ? "-" : routed.contains(one.instance()) ? "in" : "OUT",
                                one.run(),
                                one.restartsMillis().size() + " of "
                                        + one.spec().limits().restarts()))
                        .toList());
        out.flush();
    }
}
