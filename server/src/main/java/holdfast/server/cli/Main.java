package holdfast.server.cli;

import holdfast.core.base.Require;
import holdfast.server.base.PatientCompiler;
import holdfast.server.base.tls.KeysInMemory;
import java.io.PrintWriter;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;

/// The program's front door: finds the command, runs it, turns its result into an exit status (see [ExitCode]).
@Command(
        name = "holdfast",
        description = "Detects faults, locates their root, isolates it, recovers, proves the recovery.",
        mixinStandardHelpOptions = true,
        versionProvider = VersionCommand.Provider.class,
        subcommands = {
            ServerCommand.class,
            EtcdCommand.class,
            SnapshotCommand.class,
            ImportCommand.class,
            ExportCommand.class,
            RunCommand.class,
            LockCommand.class,
            ClusterCommands.Pg.class,
            SingletonCommand.class,
            ClusterCommands.Redis.class,
            UpCommand.class,
            JoinCommand.class,
            TokenCommand.class,
            AgentCommand.class,
            LoopCommand.class,
            ApplyCommand.class,
            StatusCommand.class,
            IncidentsCommand.class,
            IncidentCommand.class,
            RestartCommand.class,
            RetryCommand.class,
            DemoCommand.class,
            ProveCommand.class,
            RepairCommand.class,
            VersionCommand.class,
            TrainCommand.class,
            CompletionCommand.class,
            CommandLine.HelpCommand.class
        })
public final class Main {
    private static final List<String> SERVING = List.of(ServerCommand.NAME, EtcdCommand.NAME, "up", "join");

    public static void main(String[] args) throws InterruptedException {
        KeysInMemory.makeCheap();
        int code = start(args);
        if (code != ExitCode.DONE) System.exit(code);
    }

    /// Members start without picocli where they can.
    private static int start(String... args) throws InterruptedException {
        String command = args.length == 0 ? "" : args[0];
        if (SERVING.contains(command)) PatientCompiler.start();
        List<String> rest = List.of(args).subList(Math.min(1, args.length), args.length);
        if (command.equals(EtcdCommand.NAME)) return EtcdCommand.run(rest);
        @Nullable MemberFlags plain = command.equals(ServerCommand.NAME) ? MemberFlags.plain(rest) : null;
        return plain == null ? run(args) : member(plain);
    }

    private static int member(MemberFlags flags) throws InterruptedException {
        PrintWriter err = new PrintWriter(System.err, true, System.err.charset());
        try {
            return MemberRun.run(flags, new PrintWriter(System.out, true, System.out.charset()), err);
        } catch (Require.BadValue wrong) {
            err.println(wrong.getMessage());
            return ExitCode.USAGE;
        } catch (RuntimeException bug) { // as picocli tells of one
            bug.printStackTrace(err);
            return ExitCode.UNKNOWN;
        }
    }

    static int run(String... args) {
        return commandLine().execute(args);
    }

    static CommandLine commandLine() {
        CommandLine line = new CommandLine(new Main());
        line.setCaseInsensitiveEnumValuesAllowed(true);
        line.getSubcommands().forEach((name, command) -> {
            if (name.equals(RunCommand.NAME)) command.setStopAtPositional(true); // what follows is the command's
        });
        line.setExitCodeExceptionMapper(Main::exitCode);
        line.setExecutionExceptionHandler((failure, command, _) -> {
            if (!(failure instanceof Require.BadValue)) throw failure;
            PrintWriter err = command.getErr();
            err.println(failure.getMessage());
            return ExitCode.USAGE;
        });
        return line;
    }

    private static int exitCode(Throwable failure) {
        return failure instanceof CommandLine.ParameterException ? ExitCode.USAGE : ExitCode.UNKNOWN;
    }
}
