package holdfast.server.cli;

import holdfast.core.base.Require;
import holdfast.server.base.tls.KeysInMemory;
import java.io.PrintWriter;
import java.util.List;
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
    public static void main(String[] args) throws InterruptedException {
        KeysInMemory.makeCheap();
        boolean isEtcd = args.length > 0 && args[0].equals(EtcdCommand.NAME);
        int code = isEtcd ? EtcdCommand.run(List.of(args).subList(1, args.length)) : run(args);
        if (code != ExitCode.DONE) System.exit(code);
    }

    static int run(String... args) {
        return commandLine().execute(args);
    }

    static CommandLine commandLine() {
        CommandLine line = new CommandLine(new Main());
        line.setCaseInsensitiveEnumValuesAllowed(true);
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
