package holdfast.server.proof;

import holdfast.core.base.Dice;
import holdfast.core.healing.Incident;
import holdfast.server.base.Threads;
import holdfast.server.base.Ticker;
import holdfast.server.ledger.Seen;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeSet;
import java.util.function.BooleanSupplier;
import java.util.stream.Collectors;

/// The whole story with real processes: a fleet, its customers, one fault after the other, and what became of each.
public final class Demo {
    static final int ORDERS_PER_SECOND = 40;
    private static final Duration START_LIMIT = Duration.ofSeconds(60);
    private static final Duration HEAL_LIMIT = Duration.ofSeconds(45);
    private static final Duration CALM_LIMIT = Duration.ofSeconds(25);
    private static final Duration SETTLE_LIMIT = Duration.ofSeconds(15);
    private static final int SERVED_AGAIN = 10;
    private static final long LOOK_MILLIS = 50;
    private static final int LOG_LINES = 15;

    /// @param faults in this order
    /// @param keep leave everything running until it is interrupted
    /// @param etcd program of another store to run in place of our own; empty for our own
    /// @param live whether `progress` is a terminal
    public record Plan(List<Hurt> faults, boolean keep, long seed, String etcd, boolean live) {
        public Plan {
            faults = List.copyOf(faults);
        }
    }

    private final Plan plan;
    private final PrintStream out;
    private final Ticker ticker;
    private final Progress progress;
    private volatile boolean stopped;

    /// @param out where one line per fault goes
    /// @param progressTo where it says what is going on
    public Demo(Plan plan, PrintStream out, PrintStream progressTo, Ticker ticker) {
        this.plan = plan;
        this.out = out;
        this.ticker = ticker;
        this.progress = new Progress(progressTo, plan.live(), ticker);
    }

    /// Runs to the end and cleans up. When it cannot even start, the result says why.
    public Result run() {
        progress.step("looking for what an earlier run left");
        Lab lab = Lab.open(Path.of(System.getProperty("java.io.tmpdir")), ticker);
        Threads.atExit("demo cleans up", () -> {
            stopped = true;
            progress.close();
            lab.clean();
        });
        try (progress) {
            Result result = play(lab);
            progress.step("stopping everything");
            List<String> left = lab.clean();
            while (stopped) Pause.millis(1_000); // a signal ends this process; what it broke is no result
            return left.isEmpty() ? result : result.withProblem("left behind: " + String.join(", ", left));
        } finally {
            lab.close();
        }
    }

    private Result play(Lab lab) {
        say("3 servers, 3 hosts, a shop with %d orders a second; seed %d; run %s."
                .formatted(ORDERS_PER_SECOND, plan.seed(), lab.id()));
        if (!lab.leftOut().isEmpty()) say("Left out: " + lab.leftOut() + ".");
        progress.step("starting 3 servers");
        try (Stage stage = new Stage(lab, Programs.ofThis(plan.etcd()), ticker)) {
            Optional<String> problem = start(stage);
            if (problem.isPresent()) return Result.stillborn(problem.get() + "\n" + logs(lab));
            say("The fleet is up after %.1f s.".formatted(progress.elapsedSeconds()));
            return serve(stage);
        } catch (IllegalStateException broken) {
            return Result.stillborn(broken.getMessage() + "\n" + logs(lab));
        }
    }

    private Optional<String> start(Stage stage) {
        for (String host : Stage.HOSTS) stage.startAgent(host);
        progress.step("waiting for the store");
        boolean answers = await(
                START_LIMIT, () -> !stage.ended().isEmpty() || stage.seen().isPresent());
        if (!stage.ended().isEmpty()) return Optional.of("These ended: " + String.join(", ", stage.ended()) + ".");
        if (!answers) return Optional.of("The store did not start.");
        progress.step("applying the shop's fleet");
        stage.apply(false);
        boolean calm = await(START_LIMIT, () -> {
            progress.step("starting the shop");
            return !stage.ended().isEmpty() || stage.isCalm();
        });
        if (!stage.ended().isEmpty()) return Optional.of("These ended: " + String.join(", ", stage.ended()) + ".");
        return calm ? Optional.empty() : Optional.of("The shop did not get healthy.");
    }

    private Result serve(Stage stage) {
        List<Verdict> verdicts = new ArrayList<>();
        try (Customer customer = new Customer(
                stage.lab().id(), ORDERS_PER_SECOND, () -> stage.endpoints().addresses("web"), ticker)) {
            Injector injector = new Injector(stage, new Dice(plan.seed()), ticker);
            progress.step("first customers");
            boolean served = await(START_LIMIT, () -> customer.acknowledgedSince(0) >= ORDERS_PER_SECOND);
            if (!served) return Result.stillborn("No order was acknowledged.\n" + logs(stage.lab()));
            for (Hurt hurt : plan.faults()) {
                if (hurt.needsCables() && !stage.lab().leftOut().isEmpty()) continue;
                Verdict verdict = hurtAndHeal(hurt, stage, injector, customer);
                verdicts.add(verdict);
                say(verdict.line());
            }
            progress.step("counting orders");
            List<String> open = customer.settle(SETTLE_LIMIT.toNanos());
            Result result = count(stage, customer, verdicts, open);
            if (plan.keep()) keep(stage, result);
            return result;
        }
    }

    private Verdict hurtAndHeal(Hurt hurt, Stage stage, Injector injector, Customer customer) {
        List<String> notes = new ArrayList<>();
        progress.step("before " + hurt + ": waiting until all is well");
        if (!await(CALM_LIMIT, stage::isCalm)) notes.add("the fleet was not well before");
        if (hurt == Hurt.KILL_LEADER) await(CALM_LIMIT, stage::isLeaderOne);
        Set<String> known = stage.seen().map(Demo::ids).orElseGet(TreeSet::new);
        Wound wound = injector.inflict(hurt);
        boolean healed = switch (hurt) {
            case BAD_DEPLOY -> healByPerson(stage, wound, known);
            case KILL_HOST, KILL_LEADER, CUT, CUT_ONE_WAY -> {
                boolean closed = awaitClosed(stage, wound, known);
                wound.undo().run();
                yield closed;
            }
            case KILL, FREEZE -> awaitClosed(stage, wound, known);
        };
        boolean served = await(CALM_LIMIT, () -> {
            progress.step(hurt + ": healed, customers come back");
            return customer.acknowledgedSince(
                            ticker.nanos() - Duration.ofSeconds(1).toNanos())
                    >= SERVED_AGAIN;
        });
        if (!served) notes.add("customers are not served");
        int failed = customer.failedSince(wound.atNanos()).size();
        return Judge.judge(wound, since(stage, known), healed && served, failed, notes);
    }

    private boolean awaitClosed(Stage stage, Wound wound, Set<String> known) {
        return await(HEAL_LIMIT, () -> {
            List<Incident> incidents = since(stage, known);
            follow(wound, incidents);
            return !incidents.isEmpty()
                    && incidents.stream().allMatch(incident -> incident.state() == Incident.State.CLOSED)
                    && stage.isServing();
        });
    }

    /// The loop tries its ladder and hands over; then a person brings the former build back.
    private boolean healByPerson(Stage stage, Wound wound, Set<String> known) {
        boolean handedOver = await(HEAL_LIMIT, () -> {
            List<Incident> incidents = since(stage, known);
            follow(wound, incidents);
            return incidents.stream().anyMatch(incident -> incident.state() == Incident.State.HANDED_OVER);
        });
        progress.step(wound.hurt() + ": handed over; a person applies the former fleet");
        wound.undo().run();
        return awaitClosed(stage, wound, known) && await(HEAL_LIMIT, stage::isCalm) && handedOver;
    }

    private void follow(Wound wound, List<Incident> incidents) {
        String state = Judge.main(wound, incidents)
                .map(incident -> "incident " + incident.id() + " " + incident.state())
                .orElse("waiting for an incident");
        progress.step(wound.hurt() + ": " + wound.sentence() + "; " + state);
    }

    private static List<Incident> since(Stage stage, Set<String> known) {
        return stage.seen().stream()
                .flatMap(seen -> seen.incidents().stream())
                .filter(incident -> !known.contains(incident.id()))
                .toList();
    }

    private static Set<String> ids(Seen seen) {
        return seen.incidents().stream().map(Incident::id).collect(Collectors.toCollection(TreeSet::new));
    }

    private Result count(Stage stage, Customer customer, List<Verdict> verdicts, List<String> open) {
        SortedMap<String, String> acknowledged = customer.acknowledged();
        Optional<SortedMap<String, String>> found = Optional.empty();
        for (int tries = 0; tries < 10 && found.isEmpty(); tries++) found = stage.storedOrders();
        List<String> problems = new ArrayList<>();
        if (!open.isEmpty()) problems.add(open.size() + " orders were never acknowledged, such as " + open.getFirst());
        if (found.isEmpty()) problems.add("the orders cannot be read");
        long[] latency = customer.latencyMillis();
        return new Result(
                verdicts,
                acknowledged.size(),
                found.map(orders -> orders.size()).orElse(0),
                found.map(orders -> orders.equals(acknowledged)).orElse(false),
                customer.requestCount(),
                customer.failedSince(Long.MIN_VALUE).size(),
                latency[0],
                latency[1],
                latency[2],
                progress.elapsedSeconds(),
                problems);
    }

    private void keep(Stage stage, Result result) {
        Lab lab = stage.lab();
        result.table().forEach(this::say);
        String flag = " --store " + stage.storeUrl();
        say("Everything still runs. Look at it from another terminal:");
        say("  ./holdfast status" + flag);
        say("  ./holdfast incidents" + flag);
        for (String host : Stage.HOSTS) {
            List<String> enter = lab.enter(host);
            if (!enter.isEmpty()) say("  " + String.join(" ", enter) + " bash    # a shell on " + host);
        }
        say("  logs are in " + lab.folder().resolve("logs"));
        say("Ctrl-C stops and removes all of it.");
        progress.step("kept running");
        while (!Thread.currentThread().isInterrupted()) Pause.millis(1_000);
    }

    private void say(String line) {
        progress.say(out, line);
    }

    private boolean await(Duration limit, BooleanSupplier condition) {
        long deadline = ticker.nanos() + limit.toNanos();
        while (!condition.getAsBoolean()) {
            if (ticker.nanos() > deadline) return false;
            Pause.millis(LOOK_MILLIS);
        }
        return true;
    }

    /// The last lines of every log: they are gone with the run.
    private static String logs(Lab lab) {
        StringBuilder text = new StringBuilder();
        try (var files = Files.list(lab.folder().resolve("logs"))) {
            for (Path file : files.sorted().toList()) {
                List<String> lines = Files.readAllLines(file);
                text.append("--- ").append(file.getFileName()).append('\n');
                lines.subList(Math.max(0, lines.size() - LOG_LINES), lines.size())
                        .forEach(line -> text.append(line).append('\n'));
            }
        } catch (java.io.IOException unreadable) {
            text.append("(logs cannot be read: ")
                    .append(unreadable.getMessage())
                    .append(')');
        }
        return text.toString();
    }
}
