package holdfast.server.cli;

import holdfast.server.start.ServerConfig;
import holdfast.server.start.Settings;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.IModelTransformer;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/// `holdfast server`: one member of the store, until it is told to stop. The flags are the keys of [ServerConfig].
@Command(
        name = ServerCommand.NAME,
        description =
                "Runs one member of the store (etcd v3 on one port, Raft on another) and the loop; with --store only"
                        + " the loop, over a store that runs elsewhere.",
        mixinStandardHelpOptions = true,
        modelTransformer = ServerCommand.Flags.class,
        footer = "SIGTERM ends it cleanly. Exit status: 0 ended, 1 refused to start, 2 wrong usage, 3 broke.")
final class ServerCommand implements Callable<Integer> {
    static final String NAME = "server";

    /// Makes a flag of each key.
    static final class Flags implements IModelTransformer {
        @Override
        public CommandSpec transform(CommandSpec command) {
            for (Settings.Key key : ServerConfig.KEYS) {
                String standard = key.standard() == null ? "" : " (default: " + key.standard() + ")";
                command.addOption(OptionSpec.builder("--" + key.name())
                        .type(String.class)
                        .paramLabel(key.label())
                        .description(key.description() + standard)
                        .build());
            }
            return command;
        }
    }

    @Option(
            names = "--config",
            paramLabel = "FILE",
            description = "YAML file with the same names as the flags; a flag wins over it.")
    private @Nullable Path config;

    @Option(
            names = "--repair",
            description =
                    "First remove this member's log and state, which are damaged or lost, and get them anew from the"
                            + " other members. Never on two members at once.")
    private boolean repair;

    @Mixin
    private StoreOption store = new StoreOption();

    @Spec
    private CommandSpec spec = CommandSpec.create();

    @Override
    public Integer call() throws InterruptedException {
        if (store.flagged()) return loopAlone();
        CommandLine line = spec.commandLine();
        return MemberRun.run(new MemberFlags(flags(), config, repair), line.getOut(), line.getErr());
    }

    /// The store runs elsewhere: only the loop runs here.
    private int loopAlone() throws InterruptedException {
        Map<String, String> flags = flags();
        String name = flags.getOrDefault("name", "default");
        return LoopCommand.run(name, flags.getOrDefault("listen-loop", "127.0.0.1:2378"), "", store, spec);
    }

    private Map<String, String> flags() {
        Map<String, String> flags = new LinkedHashMap<>();
        for (Settings.Key key : ServerConfig.KEYS) {
            @Nullable String value = spec.commandLine().getParseResult().matchedOptionValue("--" + key.name(), null);
            if (value != null) flags.put(key.name(), value);
        }
        return flags;
    }
}
