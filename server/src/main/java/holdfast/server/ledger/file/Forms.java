package holdfast.server.ledger.file;

import holdfast.core.base.Ratio;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// The fleet file as records: a component `dependsOn` is the key `depends-on`. Null is what was left out. What is
/// allowed beyond types is decided by the records of `core.healing.fleet`; the bounds here are for the schema.
final class Forms {
    private Forms() {}

    record FleetForm(
            @Key(says = "Name of the fleet: 1 to 63 of a-z 0-9 -.", required = true) @Nullable
            String fleet,

            @Key(says = "Machines that may run instances, by name.") @Nullable
            Map<String, HostForm> hosts,

            @Key(says = "What to run or observe, by name.", required = true) @Nullable
            Map<String, ServiceForm> services) {}

    record HostForm(
            @Key(says = "IP address or DNS name where the host's agent and instances are reached.", required = true)
            @Nullable
            String address) {}

    record ServiceForm(
            @Key(
                    says =
                            "postgresql or redis for a cluster of such servers, with one member on each host; singleton for "
                                    + "a command that is active on one host at a time; else left out.",
                    words = {"postgresql", "redis", "singleton"})
            @Nullable
            String kind,

            @Key(says = "How a PostgreSQL cluster is run.") @Nullable
            PostgresForm postgresql,

            @Key(says = "How a singleton stands by and moves.") @Nullable
            SingletonForm singleton,

            @Key(says = "How a Redis or Valkey cluster is run.") @Nullable
            RedisForm redis,

            @Key(says = "Program and arguments; ${port} ${host} ${address} ${instance} ${store} are replaced.")
            @Nullable
            List<String> command,

            @Key(says = "How many instances, 1 if not given.", least = 1, most = 1_000) @Nullable
            Integer instances,

            @Key(says = "Port of instance 1; instance k listens on port + k - 1.", least = 0, most = 65_535) @Nullable
            Integer port,

            @Key(says = "Hosts where it may run; all if not given.") @Nullable
            List<String> hosts,

            @Key(says = "Environment variables; the same words are replaced as in command.") @Nullable
            Map<String, String> env,

            @Key(says = "How an instance is asked whether it is well.") @Nullable
            List<CheckForm> checks,

            @Key(says = "Services that it needs to be well.") @Nullable
            List<String> dependsOn,

            @Key(
                    says = "What to try, in order; ends in hand-over.",
                    words = {"restart", "move", "hand-over"})
            @Nullable
            List<String> recovery,

            @Key(says = "How much healing may do.") @Nullable
            LimitsForm limits,

            @Key(says = "Longest from a start until it is well, 15s if not given.") @Nullable
            Duration startWithin,

            @Key(says = "Longest from SIGTERM to SIGKILL, 5s if not given.") @Nullable
            Duration stopWithin,

            @Key(says = "true: never started or stopped by us.") @Nullable
            Boolean observe,

            @Key(says = "Where an observed service's instances are: HOST:PORT by name.") @Nullable
            Map<String, String> at) {}

    record PostgresForm(
            @Key(says = "Folder of PostgreSQL's programs; the newest under /usr/lib/postgresql if not given.") @Nullable
            String bin,

            @Key(says = "Folder of the cluster's files on each host; one below the agent's if not given.") @Nullable
            String data,

            @Key(says = "User that the server runs as when the agent is root, postgres if not given.") @Nullable
            String user,

            @Key(
                    says = "How many replicas have a commit before it is acknowledged: async none, sync-1 one, quorum "
                            + "so many that with the primary they are more than half; sync-1 if not given.",
                    words = {"async", "sync-1", "quorum"})
            @Nullable
            String durability,

            @Key(says = "true: commits wait even when no replica is there.") @Nullable
            Boolean strict,

            @Key(says = "How long the primary counts as alive without a renewal, 2s if not given.") @Nullable
            Duration lease,

            @Key(
                    says = "With async: a replica that lacks more than this is not elected, 1048576 if not given.",
                    least = 0,
                    most = 999_999_999)
            @Nullable
            Integer lagBytesMax,

            @Key(says = "Longest restart of a primary while a replica could take over, 2s if not given.") @Nullable
            Duration startWithin,

            @Key(says = "Longest orderly stop, 30s if not given.") @Nullable
            Duration stopWithin,

            @Key(says = "Parameters for postgresql.conf.") @Nullable
            Map<String, String> parameters,

            @Key(says = "Lines of pg_hba.conf, before our own.") @Nullable
            List<String> hba,

            @Key(
                    says =
                            "Command that copies the primary into $PGDATA, first word a path from the root; pg_basebackup if "
                                    + "not given, or when it fails.")
            @Nullable
            List<String> replicaMethod,

            @Key(says = "Hosts that are never elected.") @Nullable
            List<String> noFailover,

            @Key(
                    says =
                            "Among members that have equally much the one with the highest becomes the primary; 0 to 1000, "
                                    + "1 for those not named; 0 is never elected.")
            @Nullable
            Map<String, Integer> priority,

            @Key(says = "Hosts that readers are not sent to.") @Nullable
            List<String> noBalance,

            @Key(says = "Hosts whose confirmation no commit waits for.") @Nullable
            List<String> noSync,

            @Key(
                    says =
                            "Command that is told when a host's member becomes the primary, a replica or stops, first word a "
                                    + "path from the root.")
            @Nullable
            List<String> onRoleChange,

            @Key(says = "Command that is run once in a new cluster before it serves, first word a path from the root.")
            @Nullable
            List<String> postInit,

            @Key(says = "Replication slots of your own, by name, kept on every member.") @Nullable
            Map<String, SlotForm> slots,

            @Key(says = "Port of the health endpoints, 8008 if not given; 0 for none.", least = 0, most = 65_535)
            @Nullable
            Integer restPort,

            @Key(says = "Port of the proxy to the primary on each host; none if not given.", least = 0, most = 65_535)
            @Nullable
            Integer writePort,

            @Key(says = "Port of the proxy to the replicas on each host; none if not given.", least = 0, most = 65_535)
            @Nullable
            Integer readPort) {}

    record SlotForm(
            @Key(
                    says = "physical: for a copy of the log, such as pg_receivewal makes.",
                    words = {"physical"},
                    required = true)
            @Nullable
            String type) {}

    record SingletonForm(
            @Key(says = "How long the active one counts as alive without a renewal, 1s if not given.") @Nullable
            Duration lease,

            @Key(
                    says =
                            "cold: the command is started on the active host only; warm: on every host, and it waits for "
                                    + "the line `active FENCE KEY` on its standard input; cold if not given.",
                    words = {"cold", "warm"})
            @Nullable
            String standby,

            @Key(says = "Virtual IP address of the active host with the length of its net, such as 10.0.0.9/24.")
            @Nullable
            String address,

            @Key(says = "Network interface that gets the address, such as eth0.") @Nullable
            String networkInterface) {}

    record RedisForm(
            @Key(says = "Folder of valkey-server or redis-server; searched on the PATH if not given.") @Nullable
            String bin,

            @Key(says = "Folder of the server's files on each host; one below the agent's if not given.") @Nullable
            String data,

            @Key(says = "User that the server runs as when the agent is root, redis if not given.") @Nullable
            String user,

            @Key(
                    says =
                            "How many replicas have a write before the proxy passes its answer on: async none, sync-1 one, "
                                    + "quorum so many that with the primary they are more than half; async if not given.",
                    words = {"async", "sync-1", "quorum"})
            @Nullable
            String durability,

            @Key(says = "true: no writes while too few replicas are there.") @Nullable
            Boolean strict,

            @Key(says = "How long the primary counts as alive without a renewal, 2s if not given.") @Nullable
            Duration lease,

            @Key(
                    says = "With async: a replica that lacks more than this is not elected, 1048576 if not given.",
                    least = 0,
                    most = 999_999_999)
            @Nullable
            Integer lagBytesMax,

            @Key(says = "Longest start of a primary while a replica could take over, 2s if not given.") @Nullable
            Duration startWithin,

            @Key(says = "Longest orderly stop, 30s if not given.") @Nullable
            Duration stopWithin,

            @Key(says = "Directives for redis.conf.") @Nullable
            Map<String, String> parameters,

            @Key(says = "Whether clients need the password that is kept in the store, true if not given.") @Nullable
            Boolean auth,

            @Key(says = "Hosts that are never elected.") @Nullable
            List<String> noFailover,

            @Key(
                    says =
                            "Among members that have equally much the one with the highest becomes the primary; 0 to 1000, "
                                    + "1 for those not named; 0 is never elected.")
            @Nullable
            Map<String, Integer> priority,

            @Key(says = "Hosts that readers are not sent to.") @Nullable
            List<String> noBalance,

            @Key(
                    says =
                            "Command that is told when a host's member becomes the primary, a replica or stops, first word a "
                                    + "path from the root.")
            @Nullable
            List<String> onRoleChange,

            @Key(says = "Port of the health endpoints, 8009 if not given; 0 for none.", least = 0, most = 65_535)
            @Nullable
            Integer restPort,

            @Key(
                    says = "Port on each host that speaks Sentinel's protocol; none if not given.",
                    least = 0,
                    most = 65_535)
            @Nullable
            Integer sentinelPort,

            @Key(
                    says =
                            "Where clients that ask there are sent: servers, or proxy for that host's proxy ports; servers if "
                                    + "not given.",
                    words = {"servers", "proxy"})
            @Nullable
            String sentinelAnnounces,

            @Key(says = "Port of the proxy to the primary on each host; none if not given.", least = 0, most = 65_535)
            @Nullable
            Integer writePort,

            @Key(says = "Port of the proxy to the replicas on each host; none if not given.", least = 0, most = 65_535)
            @Nullable
            Integer readPort) {}

    record CheckForm(
            @Key(says = "GET this path at the instance's port; 200 to 399 is well.") @Nullable
            String http,

            @Key(says = "A connection to this port opens; 0 is the instance's own.", least = 0, most = 65_535) @Nullable
            Integer tcp,

            @Key(says = "This command on the instance's host ends with status 0.") @Nullable
            List<String> exec,

            @Key(says = "Time between two probes by one host, 500ms if not given.") @Nullable
            Duration every,

            @Key(says = "Longest wait for an answer, at most `every`; 400ms if not given.") @Nullable
            Duration timeout,

            @Key(says = "Bad answers in a row that make it ill, 3 if not given.", least = 1, most = 100) @Nullable
            Integer failures,

            @Key(says = "Good answers in a row that make it well, 2 if not given.", least = 1, most = 100) @Nullable
            Integer passes) {}

    record LimitsForm(
            @Key(says = "Most restarts of one instance within `per`, 3 if not given.", least = 0, most = 100) @Nullable
            Integer restarts,

            @Key(says = "The window of `restarts`, 10min if not given.") @Nullable
            Duration per,

            @Key(says = "Largest share of a service out of routing at once, 50% if not given.") @Nullable
            Ratio isolateAtMost) {}
}
