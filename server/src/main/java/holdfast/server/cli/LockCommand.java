package holdfast.server.cli;

import holdfast.core.base.Outcome;
import holdfast.core.base.Reason;
import holdfast.core.base.Require;
import holdfast.core.redundancy.lock.HoldConfig;
import holdfast.server.base.Ticker;
import holdfast.server.client.Answer;
import holdfast.server.client.Etcd;
import holdfast.server.redundancy.lock.LockName;
import holdfast.server.redundancy.lock.LockQueue;
import holdfast.server.redundancy.lock.Owner;
import holdfast.server.redundancy.lock.Signals;
import holdfast.server.redundancy.lock.Stand;
import holdfast.server.redundancy.lock.Taken;
import java.io.PrintWriter;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.function.ToIntFunction;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/// `holdfast lock`: the parts of `holdfast run --lock`, for scripts that cannot be wrapped.
@Command(
        name = "lock",
        description = "Takes, renews, checks, releases and lists locks in any etcd v3 store, for scripts.",
        mixinStandardHelpOptions = true,
        subcommands = {
            LockCommand.Acquire.class,
            LockCommand.Renew.class,
            LockCommand.Release.class,
            LockCommand.Check.class,
            LockCommand.Show.class
        })
final class LockCommand {
    private static final String STATUSES =
            "Exit status: 0 done, 1 it is not held (any more), 2 wrong usage, 3 unknown.";

    /// What became of a question to the store.
    private static <T> int say(Answer<T> answer, PrintWriter err, ToIntFunction<T> done) {
        return switch (answer) {
            case Answer.Done<T>(T value) -> done.applyAsInt(value);
            case Answer.Refused<T>(Reason why) -> ExitCode.unknown(why, err); // nobody knows who holds it
            case Answer.Unknown<T>(Reason why) -> ExitCode.unknown(why, err);
        };
    }

    private static int notHeld(PrintWriter err, String sentence) {
        return ExitCode.refused(new Reason("not-held", sentence), err);
    }

    @Command(
            name = "acquire",
            description = "Waits for the lock, takes it for one TTL and prints fence, key and lease for `eval`.",
            mixinStandardHelpOptions = true,
            footer = "Exit status: 0 taken, 75 not to be had in time, 1 refused, 2 wrong usage, 130 or 143 stopped.")
    static final class Acquire implements Callable<Integer> {
        @Mixin
        private UserStoreOption store = new UserStoreOption();

        @Mixin
        private WaitOption wait = new WaitOption();

        @Mixin
        private OutputOption output = new OutputOption();

        @Option(
                names = "--ttl",
                paramLabel = "LENGTH",
                converter = LengthConverter.class,
                description = "How long it lasts unless it is renewed, 1s to 1h (default: 10s).")
        private Duration ttl = HoldConfig.DEFAULT_TTL;

        @Parameters(paramLabel = "NAME", description = "Name of the lock.")
        private String name = "";

        @Spec
        private CommandSpec spec = CommandSpec.create();

        @Override
        public Integer call() throws InterruptedException {
            QuietLogs.begin();
            LockName lock = new LockName(name);
            HoldConfig config = HoldConfig.of(ttl);
            long waitNanos = wait.nanos();
            return store.use(etcd -> {
                Ticker ticker = Ticker.system();
                LockQueue queue = new LockQueue(etcd, ticker, lock, config.ttl(), caller(ticker));
                int[] signal = {0};
                Signals.listen(heard -> {
                    signal[0] = heard.number();
                    queue.stop();
                });
                PrintWriter err = spec.commandLine().getErr();
                return switch (queue.take(waitNanos)) {
                    case Taken.Held held -> print(held);
                    case Taken.Busy(Reason why) -> {
                        int _ = ExitCode.refused(why, err);
                        yield wait.busyStatus();
                    }
                    case Taken.Failed(Reason why) -> ExitCode.refused(why, err);
                    case Taken.Stopped() -> ExitCode.SIGNALLED + signal[0];
                };
            });
        }

        /// The script, not this process, which ends now.
        private static Owner caller(Ticker ticker) {
            Optional<ProcessHandle> script = ProcessHandle.current().parent();
            String program = script.flatMap(one -> one.info().command()).orElse("");
            return Owner.self(
                    script.map(ProcessHandle::pid).orElse(0L),
                    program.substring(program.lastIndexOf('/') + 1),
                    ticker.now().toString());
        }

        private int print(Taken.Held held) {
            PrintWriter out = spec.commandLine().getOut();
            String lease = Long.toHexString(held.lease());
            if (output.json()) {
                Map<String, Object> said = new LinkedHashMap<>();
                said.put("key", held.keyText());
                said.put("fence", held.fence());
                said.put("lease", lease);
                said.put("ttlSeconds", held.ttlNanos() / 1_000_000_000);
                OutputOption.printJson(out, said);
            } else {
                out.println("export HOLDFAST_FENCE=" + held.fence());
                out.println("export HOLDFAST_LEASE=" + lease);
                out.println("export HOLDFAST_LOCK='" + held.keyText().replace("'", "'\\''") + "'");
            }
            out.flush();
            return ExitCode.DONE;
        }
    }

    /// The mixin that says which lock is meant.
    static final class NameOption {
        @Parameters(
                arity = "0..1",
                paramLabel = "NAME",
                description = "Name of the lock (default: of $$HOLDFAST_LOCK).")
        private String name = "";

        LockName lock() {
            if (!name.isEmpty()) return new LockName(name);
            String key = System.getenv().getOrDefault("HOLDFAST_LOCK", "");
            Require.that("NAME", "missing", !key.isEmpty(), "given, or HOLDFAST_LOCK set");
            return LockName.ofKey(key);
        }
    }

    /// What is done to a hold.
    interface Deed {
        int on(Etcd etcd, LockName lock, long lease) throws InterruptedException;
    }

    /// The mixin that says which hold is meant, and where.
    static final class HoldOption {
        @Mixin
        private UserStoreOption store = new UserStoreOption();

        @Mixin
        private NameOption name = new NameOption();

        @Option(
                names = "--lease",
                paramLabel = "HEX",
                description = "As acquire printed it (default: $$HOLDFAST_LEASE).")
        private String text = System.getenv().getOrDefault("HOLDFAST_LEASE", "");

        int use(Deed deed) throws InterruptedException {
            QuietLogs.begin();
            LockName lock = name.lock();
            Require.that("--lease", text, text.matches("[0-9a-f]{1,16}"), "given in hexadecimal");
            long lease = Long.parseUnsignedLong(text, 16);
            return store.use(etcd -> deed.on(etcd, lock, lease));
        }
    }

    @Command(
            name = "renew",
            description = "Gives a lock that is still held another TTL from now.",
            mixinStandardHelpOptions = true,
            footer = STATUSES)
    static final class Renew implements Callable<Integer> {
        @Mixin
        private HoldOption hold = new HoldOption();

        @Spec
        private CommandSpec spec = CommandSpec.create();

        @Override
        public Integer call() throws InterruptedException {
            PrintWriter err = spec.commandLine().getErr();
            return hold.use((etcd, lock, lease) -> say(
                    etcd.renew(lease).then(_ -> Stand.all(etcd, lock)),
                    err,
                    stands -> !stands.isEmpty() && stands.getFirst().lease() == lease
                            ? ExitCode.DONE
                            : notHeld(err, "The lock " + lock + " is not held by that lease.")));
        }
    }

    @Command(name = "release", description = "Lets a lock go.", mixinStandardHelpOptions = true, footer = STATUSES)
    static final class Release implements Callable<Integer> {
        @Mixin
        private HoldOption hold = new HoldOption();

        @Spec
        private CommandSpec spec = CommandSpec.create();

        @Override
        public Integer call() throws InterruptedException {
            PrintWriter err = spec.commandLine().getErr();
            return hold.use((etcd, lock, lease) -> say(Stand.all(etcd, lock), err, stands -> {
                boolean held = !stands.isEmpty() && stands.getFirst().lease() == lease;
                boolean waits = stands.stream().anyMatch(stand -> stand.lease() == lease);
                int revoked = waits ? revoke(etcd, lease, err) : ExitCode.DONE;
                if (held || revoked != ExitCode.DONE) return revoked;
                return notHeld(err, "The lock " + lock + " was not held by that lease any more.");
            }));
        }

        private static int revoke(Etcd etcd, long lease, PrintWriter err) {
            Outcome outcome = etcd.revoke(lease);
            return ExitCode.of(outcome, err);
        }
    }

    @Command(
            name = "check",
            description =
                    "Says whether the holder with this fence still holds the lock, as of now in the whole cluster.",
            mixinStandardHelpOptions = true,
            footer = {
                STATUSES,
                "A write to the store itself is guarded in the same step: a transaction that compares the create revision "
                        + "of the key $$HOLDFAST_LOCK with $$HOLDFAST_FENCE. See docs/run-under-a-lock.md."
            })
    static final class Check implements Callable<Integer> {
        @Mixin
        private UserStoreOption store = new UserStoreOption();

        @Mixin
        private NameOption name = new NameOption();

        @Option(names = "--fence", paramLabel = "N", description = "The fence (default: $$HOLDFAST_FENCE).")
        private String fence = System.getenv().getOrDefault("HOLDFAST_FENCE", "");

        @Spec
        private CommandSpec spec = CommandSpec.create();

        @Override
        public Integer call() throws InterruptedException {
            QuietLogs.begin();
            LockName lock = name.lock();
            Require.that("--fence", fence, fence.matches("\\d{1,18}"), "a number");
            long ours = Long.parseLong(fence);
            PrintWriter err = spec.commandLine().getErr();
            return store.use(etcd -> say(Stand.all(etcd, lock), err, stands -> {
                if (stands.isEmpty()) return notHeld(err, "Nobody holds the lock " + lock + ".");
                long holder = stands.getFirst().fence();
                if (holder == ours) return ExitCode.DONE;
                return notHeld(err, "The lock %s is held with fence %d, not %d.".formatted(lock, holder, ours));
            }));
        }
    }

    @Command(
            name = "list",
            description = "Lists who holds a lock and who waits for it, in their order.",
            mixinStandardHelpOptions = true,
            footer = "Exit status: 0 listed (nobody is a list too), 2 wrong usage, 3 unknown.")
    static final class Show implements Callable<Integer> {
        @Mixin
        private UserStoreOption store = new UserStoreOption();

        @Mixin
        private OutputOption output = new OutputOption();

        @Parameters(paramLabel = "NAME", description = "Name of the lock.")
        private String name = "";

        @Spec
        private CommandSpec spec = CommandSpec.create();

        @Override
        public Integer call() throws InterruptedException {
            QuietLogs.begin();
            LockName lock = new LockName(name);
            return store.use(
                    etcd -> say(Stand.all(etcd, lock), spec.commandLine().getErr(), stands -> print(etcd, stands)));
        }

        private int print(Etcd etcd, List<Stand> stands) {
            PrintWriter out = spec.commandLine().getOut();
            if (output.json())
                OutputOption.printJson(out, stands.stream().map(Show::fields).toList());
            else if (stands.isEmpty()) out.println("Nobody holds it.");
            else {
                List<List<String>> rows = new ArrayList<>();
                for (Stand stand : stands) rows.add(row(etcd, stand, rows.isEmpty()));
                OutputOption.printTable(
                        out,
                        List.of("STATE", "FENCE", "LEASE", "ENDS IN", "HOST", "PID", "COMMAND", "SINCE (UTC)"),
                        rows);
            }
            out.flush();
            return ExitCode.DONE;
        }

        private static Map<String, Object> fields(Stand stand) {
            Map<String, Object> said = new LinkedHashMap<>();
            said.put("key", stand.key());
            said.put("fence", stand.fence());
            said.put("lease", Long.toHexString(stand.lease()));
            said.put("owner", stand.owner());
            return said;
        }

        private static List<String> row(Etcd etcd, Stand stand, boolean holds) {
            Owner owner = stand.owner();
            String left = holds && etcd.secondsLeft(stand.lease()) instanceof Answer.Done<Long>(Long seconds)
                    ? seconds + " s"
                    : "";
            boolean known = !owner.equals(Owner.UNKNOWN);
            return List.of(
                    holds ? "holds" : "waits",
                    Long.toString(stand.fence()),
                    Long.toHexString(stand.lease()),
                    left,
                    known ? owner.host() : "(not ours)",
                    known ? Long.toString(owner.pid()) : "",
                    owner.command(),
                    holds && !owner.holdsSince().isEmpty() ? owner.holdsSince() : owner.since());
        }
    }
}
