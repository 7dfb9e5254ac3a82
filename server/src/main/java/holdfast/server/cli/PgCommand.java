package holdfast.server.cli;

import holdfast.core.healing.fleet.ClusterSpec;
import picocli.CommandLine.Command;

/// `holdfast pg`: PostgreSQL clusters.
@Command(
        name = "pg",
        description = "Shows PostgreSQL clusters, and asks them for switchovers, restarts and the like.",
        mixinStandardHelpOptions = true,
        subcommands = {
            ClusterCommands.Show.class,
            ClusterCommands.History.class,
            ClusterCommands.Switchover.class,
            ClusterCommands.Failover.class,
            ClusterCommands.Restart.class,
            ClusterCommands.Reinit.class,
            ClusterCommands.Pause.class,
            ClusterCommands.Resume.class
        })
final class PgCommand implements ClusterCommands.OfKind {
    @Override
    public ClusterSpec.Kind kind() {
        return ClusterSpec.Kind.POSTGRESQL;
    }
}
