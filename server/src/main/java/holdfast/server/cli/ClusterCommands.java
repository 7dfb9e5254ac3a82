package holdfast.server.cli;

import holdfast.core.base.NodeId;
import holdfast.core.base.Outcome;
import holdfast.core.base.Reason;
import holdfast.core.base.Require;
import holdfast.core.healing.fleet.ClusterSpec;
import holdfast.core.healing.recover.failover.ClusterState;
import holdfast.core.healing.recover.failover.Holder;
import holdfast.core.healing.recover.failover.Member;
import holdfast.core.healing.recover.failover.Wish;
import holdfast.server.base.Ticker;
import holdfast.server.client.Answer;
import holdfast.server.client.Etcd;
import holdfast.server.healing.failover.Operator;
import holdfast.server.healing.failover.Operator.Cluster;
import holdfast.server.healing.failover.Task;
import holdfast.server.healing.failover.Turn;
import holdfast.server.ledger.LedgerJson;
import java.io.PrintWriter;
import java.time.Duration;
import java.time.OffsetDateTime;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import java.util.function.ToIntFunction;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/// What can be asked of clusters: the same for each kind of server.
final class ClusterCommands {
    private ClusterCommands() {}

    /// The command above these: of one kind.
    @Command(
            mixinStandardHelpOptions = true,
            subcommands = {
                Show.class,
                History.class,
                Switchover.class,
                Failover.class,
                Restart.class,
                Reinit.class,
                EditConfigCommand.class,
                Pause.class,
                Resume.class
            })
    abstract static class OfKind {
        abstract ClusterSpec.Kind kind();
    }

    @Command(
            name = "pg",
            description = "Shows PostgreSQL clusters, and asks them for switchovers, restarts and the like.")
    static final class Pg extends OfKind {
        @Override
        ClusterSpec.Kind kind() {
            return ClusterSpec.Kind.POSTGRESQL;
        }
    }

    @Command(
            name = "redis",
            description = "Shows Redis and Valkey clusters, and asks them for switchovers, restarts and the like.")
    static final class Redis extends OfKind {
        @Override
        ClusterSpec.Kind kind() {
            return ClusterSpec.Kind.REDIS;
        }
    }

    /// What every subcommand has.
    abstract static class OfService implements Callable<Integer> {
        @Mixin
        private StoreOption store = new StoreOption();

        @Parameters(index = "0", paramLabel = "SERVICE", description = "The cluster's name in the fleet.")
        private String service = "";

        @ParentCommand
        private OfKind parent = new Pg();

        @Spec
        private CommandSpec spec = CommandSpec.create();

        PrintWriter out() {
            return spec.commandLine().getOut();
        }

        PrintWriter err() {
            return spec.commandLine().getErr();
        }

        @Override
        public Integer call() {
            return UserStoreOption.use(store.config(), this::use);
        }

        final ClusterSpec.Kind kind() {
            return parent.kind();
        }

        final String service() {
            return service;
        }

        abstract int use(Etcd etcd);

        final int noCluster() {
            return ExitCode.refused(
                    new Reason("no-cluster", "There is no " + kind().title() + " cluster called " + service + "."),
                    err());
        }
    }

    /// What is asked of the cluster's members, or about them.
    abstract static class OfCluster extends OfService {
        @Override
        int use(Etcd etcd) {
            return run(new Operator(etcd, kind(), service()));
        }

        abstract int run(Operator operator);

        int read(Operator operator, ToIntFunction<Cluster> show) {
            return switch (operator.read()) {
                case Answer.Done<Cluster>(Cluster cluster) -> {
                    boolean none = cluster.members().isEmpty() && cluster.state() == null;
                    yield none ? noCluster() : show.applyAsInt(cluster);
                }
                case Answer.Refused<Cluster>(Reason why) -> ExitCode.refused(why, err());
                case Answer.Unknown<Cluster>(Reason why) -> ExitCode.unknown(why, err());
            };
        }

        int done(Outcome outcome, String sentence) {
            if (outcome instanceof Outcome.Done) out().println(sentence);
            return ExitCode.of(outcome, err());
        }
    }

    @Command(name = "list", description = "Lists the members.", mixinStandardHelpOptions = true)
    static final class Show extends OfCluster {
        @Mixin
        private OutputOption output = new OutputOption();

        @Override
        int run(Operator operator) {
            return read(operator, cluster -> {
                if (output.json()) {
                    OutputOption.printJson(out(), LedgerJson.json().valueToTree(cluster));
                    return ExitCode.DONE;
                }
                OutputOption.printTable(
                        out(),
                        List.of("MEMBER", "ADDRESS", "ROLE", "STATE", "TIMELINE", "WRITTEN", "LAG", "NOTE"),
                        cluster.members().stream()
                                .map(member -> row(cluster, member))
                                .toList());
                ClusterState state = cluster.state();
                if (state != null) {
                    out().println("Commits need " + state.rules().getLast() + " besides " + state.primary() + "; term "
                            + state.term() + (state.paused() ? "; paused" : ""));
                }
                if (cluster.holder() == null) out().println("Nobody is the primary now.");
                out().flush();
                return ExitCode.DONE;
            });
        }

        private List<String> row(Cluster cluster, Member member) {
            Holder holder = cluster.holder();
            boolean primary = holder != null && holder.host().equals(member.host());
            Optional<Member> first = cluster.members().stream()
                    .filter(one -> holder != null && one.host().equals(holder.host()))
                    .findFirst();
            String lag = primary || first.isEmpty()
                    ? ""
                    : Long.toString(
                            first.get().position().lsn().since(member.position().lsn()));
            return List.of(
                    member.host().name(),
                    member.address() + ":" + member.port(),
                    primary ? "primary" : "replica",
                    state(member, primary, holder),
                    Integer.toString(member.position().timeline()),
                    kind() == ClusterSpec.Kind.POSTGRESQL
                            ? member.position().lsn().toString()
                            : Long.toString(member.position().lsn().bytes()),
                    lag,
                    note(member));
        }

        private static String note(Member member) {
            List<String> notes = new ArrayList<>(member.tags());
            if (member.pendingRestart()) notes.addFirst("restart pending");
            return String.join(", ", notes);
        }

        private static String state(Member member, boolean primary, @Nullable Holder holder) {
            return switch (member.role()) {
                case STOPPED -> "stopped";
                case PRIMARY -> primary && holder != null && holder.serving() ? "serving" : "not serving";
                case REPLICA -> member.streaming() ? "streaming" : "not streaming";
            };
        }
    }

    @Command(name = "history", description = "Lists who was the primary, and why.", mixinStandardHelpOptions = true)
    static final class History extends OfCluster {
        @Mixin
        private OutputOption output = new OutputOption();

        @Override
        int run(Operator operator) {
            return read(operator, cluster -> {
                if (output.json()) {
                    OutputOption.printJson(out(), LedgerJson.json().valueToTree(cluster.history()));
                    return ExitCode.DONE;
                }
                OutputOption.printTable(
                        out(),
                        List.of("TERM", "PRIMARY", "SINCE (UTC)", "LOST AT MOST", "WHY"),
                        cluster.history().stream().map(History::row).toList());
                return ExitCode.DONE;
            });
        }

        private static List<String> row(Turn turn) {
            return List.of(
                    Long.toString(turn.term()),
                    turn.host(),
                    Moments.date(turn.atMillis()),
                    turn.lostBytesMax() + " bytes",
                    turn.why());
        }
    }

    @Command(
            name = "switchover",
            description = "Hands the primary's office to a replica in an orderly way; waits until it is done.",
            mixinStandardHelpOptions = true)
    static final class Switchover extends OfCluster {
        private static final Duration LIMIT = Duration.ofMinutes(2);

        @Option(names = "--to", paramLabel = "HOST", description = "Who takes over (default: the best replica).")
        private String to = "";

        @Option(names = "--at", paramLabel = "TIME", description = "Not before, such as 2026-12-01T03:00:00Z.")
        private String at = "";

        @Option(names = "--cancel", description = "Take back a switchover that waits for its time.")
        private boolean cancel;

        @Override
        int run(Operator operator) {
            if (cancel) return done(operator.cancel(), "Taken back.");
            Wish wish = new Wish(Asking.id(), to, at.isEmpty() ? 0 : millis(at));
            return read(operator, cluster -> {
                Outcome asked = operator.ask(wish);
                if (!(asked instanceof Outcome.Done)) return ExitCode.of(asked, err());
                if (wish.atMillis() > 0) return done(asked, "It waits for " + at + ".");
                ClusterState before = cluster.state();
                return await(operator, wish, before == null ? 0 : before.term());
            });
        }

        private static long millis(String at) {
            try {
                return OffsetDateTime.parse(at).toInstant().toEpochMilli();
            } catch (DateTimeParseException _) {
                throw new Require.BadValue("at is " + at + "; it must be a date such as 2026-12-01T03:00:00Z");
            }
        }

        private int await(Operator operator, Wish wish, long termBefore) {
            Ticker ticker = Ticker.system();
            long deadlineNanos = ticker.nanos() + LIMIT.toNanos();
            while (ticker.nanos() < deadlineNanos) {
                if (operator.answered(wish) instanceof Answer.Done<Optional<Reason>>(Optional<Reason> said)
                        && said.isPresent()) {
                    return ExitCode.refused(said.get(), err());
                }
                if (operator.read() instanceof Answer.Done<Cluster>(Cluster now)
                        && now.holder() != null
                        && now.holder().term() > termBefore
                        && now.holder().serving()) {
                    out().println(now.holder().host() + " is the primary.");
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
                            "no-answer",
                            "No word within " + Require.say(LIMIT) + "; see `holdfast " + kind().command() + " list`."),
                    err());
        }
    }

    @Command(
            name = "failover",
            description = "Lets a replica be elected that may lack acknowledged commits, while nobody is the primary.",
            mixinStandardHelpOptions = true)
    static final class Failover extends OfCluster {
        @Option(names = "--to", paramLabel = "HOST", description = "Who takes over (default: who has most).")
        private String to = "";

        @Option(names = "--force", required = true, description = "Yes, what it lacks may be lost.")
        private boolean force;

        @Override
        int run(Operator operator) {
            Require.that("force", force, force, "given");
            return done(operator.force(to), "A replica may be elected with what it has.");
        }
    }

    /// What is asked of one member.
    abstract static class OfMember extends OfCluster {
        @Parameters(index = "1", paramLabel = "HOST", description = "Which member.")
        private String host = "";

        final int ask(Operator operator, Task.Kind kind) {
            NodeId which = new NodeId(host);
            return read(operator, cluster -> {
                if (cluster.members().stream().noneMatch(member -> member.host().equals(which))) {
                    return ExitCode.refused(new Reason("no-member", host + " is no member that is there now."), err());
                }
                return done(operator.command(which, new Task(Asking.id(), kind)), "Asked for.");
            });
        }
    }

    @Command(name = "restart", description = "Restarts a member's server.", mixinStandardHelpOptions = true)
    static final class Restart extends OfMember {
        @Override
        int run(Operator operator) {
            return ask(operator, Task.Kind.RESTART);
        }
    }

    @Command(
            name = "reinit",
            description = "Deletes a replica's data and copies the primary's.",
            mixinStandardHelpOptions = true)
    static final class Reinit extends OfMember {
        @Override
        int run(Operator operator) {
            return ask(operator, Task.Kind.REINIT);
        }
    }

    @Command(
            name = "pause",
            description = "Elects, starts and stops nothing until resumed; a person works on it.",
            mixinStandardHelpOptions = true)
    static final class Pause extends OfCluster {
        @Override
        int run(Operator operator) {
            return done(operator.pause(true), "Paused.");
        }
    }

    @Command(name = "resume", description = "Ends a pause.", mixinStandardHelpOptions = true)
    static final class Resume extends OfCluster {
        @Override
        int run(Operator operator) {
            return done(operator.pause(false), "Resumed.");
        }
    }
}
