package holdfast.server.cli;

import holdfast.core.base.Outcome;
import holdfast.core.base.Reason;
import holdfast.core.base.Require;
import holdfast.server.base.Ticker;
import holdfast.server.client.Answer;
import holdfast.server.client.Etcd;
import holdfast.server.healing.singleton.SingletonOperator;
import holdfast.server.healing.singleton.SingletonOperator.Status;
import holdfast.server.healing.singleton.Tenure;
import holdfast.server.ledger.LedgerJson;
import holdfast.server.redundancy.lock.Stand;
import java.io.PrintWriter;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/// `holdfast singleton`: services that are active on one host at a time.
@Command(
        name = "singleton",
        description = "Shows services that are active on one host at a time, and hands them over.",
        mixinStandardHelpOptions = true,
        subcommands = {SingletonCommand.Show.class, SingletonCommand.Release.class})
final class SingletonCommand {

    /// What every subcommand has.
    abstract static class WithStore implements Callable<Integer> {
        @Mixin
        private StoreOption store = new StoreOption();

        @Spec
        private CommandSpec spec = CommandSpec.create();

        final PrintWriter out() {
            return spec.commandLine().getOut();
        }

        final PrintWriter err() {
            return spec.commandLine().getErr();
        }

        @Override
        public Integer call() {
            return UserStoreOption.use(store.config(), this::run);
        }

        abstract int run(Etcd etcd);
    }

    @Command(name = "list", description = "Lists who is active and who stands by.", mixinStandardHelpOptions = true)
    static final class Show extends WithStore {
        @Mixin
        private OutputOption output = new OutputOption();

        @Parameters(index = "0", arity = "0..1", paramLabel = "SERVICE", description = "One service (default: all).")
        private String service = "";

        @Override
        int run(Etcd etcd) {
            return switch (new SingletonOperator(etcd).read()) {
                case Answer.Done<List<Status>>(List<Status> all) -> show(all);
                case Answer.Refused<List<Status>>(Reason why) -> ExitCode.refused(why, err());
                case Answer.Unknown<List<Status>>(Reason why) -> ExitCode.unknown(why, err());
            };
        }

        private int show(List<Status> all) {
            List<Status> chosen = all.stream()
                    .filter(one -> service.isEmpty() || one.service().equals(service))
                    .toList();
            if (output.json()) {
                OutputOption.printJson(out(), LedgerJson.json().valueToTree(chosen));
                return ExitCode.DONE;
            }
            List<List<String>> rows = new ArrayList<>();
            for (Status status : chosen) {
                if (status.queue().isEmpty()) rows.add(List.of(status.service(), "", nobody(status), "", ""));
                for (Stand stand : status.queue()) rows.add(row(status, stand));
            }
            OutputOption.printTable(out(), List.of("SERVICE", "HOST", "STATE", "SINCE (UTC)", "FENCE"), rows);
            return ExitCode.DONE;
        }

        private static String nobody(Status status) {
            Tenure last = status.tenure();
            if (last == null || last.left() == null) return "nobody is there";
            return "nobody is there; " + last.host() + ": " + last.left().sentence();
        }

        private static List<String> row(Status status, Stand stand) {
            boolean first = stand.equals(status.queue().getFirst());
            Tenure tenure = status.tenure();
            boolean known = first && tenure != null && tenure.fence() == stand.fence();
            String since = tenure != null && known ? Moments.date(tenure.sinceMillis()) : "";
            return List.of(
                    status.service(),
                    stand.owner().host(),
                    !first ? "stands by" : status.confirmed() ? "active" : "becomes active",
                    since,
                    first ? Long.toString(stand.fence()) : "");
        }
    }

    @Command(
            name = "release",
            description = "Lets another host be the active one; waits until it is.",
            mixinStandardHelpOptions = true)
    static final class Release extends WithStore {
        private static final Duration LIMIT = Duration.ofMinutes(2);

        @Parameters(index = "0", paramLabel = "SERVICE", description = "The service's name in the fleet.")
        private String service = "";

        @Override
        int run(Etcd etcd) {
            SingletonOperator operator = new SingletonOperator(etcd);
            return switch (operator.read(service)) {
                case Answer.Done<Optional<Status>>(Optional<Status> status) ->
                    status.isPresent()
                            ? release(operator, status.get())
                            : ExitCode.refused(new Reason("no-singleton", "Nobody stands for " + service + "."), err());
                case Answer.Refused<Optional<Status>>(Reason why) -> ExitCode.refused(why, err());
                case Answer.Unknown<Optional<Status>>(Reason why) -> ExitCode.unknown(why, err());
            };
        }

        private int release(SingletonOperator operator, Status before) {
            Outcome asked = operator.release(before);
            if (!(asked instanceof Outcome.Done)) return ExitCode.of(asked, err());
            long fence = before.queue().getFirst().fence();
            Ticker ticker = Ticker.system();
            long deadlineNanos = ticker.nanos() + LIMIT.toNanos();
            while (ticker.nanos() < deadlineNanos) {
                if (operator.read(service) instanceof Answer.Done<Optional<Status>>(Optional<Status> now)
                        && now.isPresent()
                        && now.get().confirmed()
                        && now.get().queue().getFirst().fence() > fence) {
                    out().println(now.get().queue().getFirst().owner().host() + " is active.");
                    return ExitCode.DONE;
                }
                try {
                    TimeUnit.MILLISECONDS.sleep(100);
                } catch (InterruptedException _) {
                    break;
                }
            }
            return ExitCode.unknown(
                    new Reason(
                            "no-answer", "No word within " + Require.say(LIMIT) + "; see `holdfast singleton list`."),
                    err());
        }
    }
}
