package holdfast.server.healing.failover;

import static org.assertj.core.api.Assertions.assertThat;

import holdfast.core.base.NodeId;
import holdfast.core.healing.fleet.ClusterSpec;
import holdfast.core.healing.fleet.Tags;
import holdfast.server.healing.act.ProcessFacts;
import holdfast.server.healing.failover.RoleChanges.Change;
import holdfast.server.healing.failover.RoleChanges.Role;
import holdfast.server.peers.Processes;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class RoleChangesTest {
    private static final Duration LIMIT = Duration.ofSeconds(30);

    @TempDir
    private Path folder;

    /// @param script run by `/bin/sh` with the arguments of a call
    private RoleChanges changes(String script, Duration limit) {
        ClusterSpec spec = new ClusterSpec(
                ClusterSpec.Kind.POSTGRESQL,
                "db",
                List.of(),
                5_432,
                "",
                "",
                System.getProperty("user.name"),
                ClusterSpec.Durability.SYNC_1,
                false,
                ClusterSpec.LEASE,
                ClusterSpec.LAG_BYTES_MAX,
                ClusterSpec.START_WITHIN,
                ClusterSpec.STOP_WITHIN,
                new TreeSet<>(),
                0,
                0,
                0,
                Tags.NONE,
                List.of("/bin/sh", "-c", script, "role"));
        return new RoleChanges(spec, new HostedMember.Place(new NodeId("h1"), "127.0.0.1", folder), folder, limit);
    }

    private static Change change(Role role, long fence) {
        return new Change(role, fence, fence, "h1");
    }

    private List<String> told() {
        try {
            Path file = folder.resolve("told");
            return Files.exists(file) ? Files.readAllLines(file) : List.of();
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
    }

    private void awaitTold(String... lines) {
        Processes.await("told " + List.of(lines), LIMIT, () -> told().equals(List.of(lines)));
    }

    @Test
    void changes_whileACallRuns_areToldByTheLastOne() throws IOException {
        String script =
                "cd %s; echo $* $HOLDFAST_ROLE $HOLDFAST_FENCE $HOLDFAST_PRIMARY >> told; while [ ! -e go ]; do sleep 0.01; done"
                        .formatted(folder);
        try (RoleChanges changes = changes(script, LIMIT)) {
            changes.tell(change(Role.REPLICA, 0));
            awaitTold("on_role_change replica db replica 0 h1");
            changes.tell(change(Role.PRIMARY, 7));
            changes.tell(change(Role.STOPPED, 7));
            changes.tell(change(Role.PRIMARY, 9));
            Files.createFile(folder.resolve("go"));
            awaitTold("on_role_change replica db replica 0 h1", "on_role_change primary db primary 9 h1");
            changes.tell(change(Role.PRIMARY, 9));
            changes.tell(change(Role.STOPPED, 9));
            awaitTold(
                    "on_role_change replica db replica 0 h1",
                    "on_role_change primary db primary 9 h1",
                    "on_role_change stopped db stopped 9 h1");
        }
    }

    @Test
    void call_thatDoesNotEnd_isKilledWithWhatItStarted_andTheNextOneComes() throws IOException {
        String script =
                "cd %s; [ $2 = stopped ] || { sleep 600 & echo $! > child; }; echo $2 >> told; [ $2 = stopped ] || wait"
                        .formatted(folder);
        try (RoleChanges changes = changes(script, Duration.ofSeconds(2))) {
            changes.tell(change(Role.PRIMARY, 7));
            awaitTold("primary");
            changes.tell(change(Role.STOPPED, 7));
            awaitTold("primary", "stopped");
            long child =
                    Long.parseLong(Files.readString(folder.resolve("child")).strip());
            Processes.await(
                    "the child's end",
                    LIMIT,
                    () -> ProcessFacts.of(child)
                            .filter(facts -> facts.state() != 'Z')
                            .isEmpty());
        }
    }

    @Test
    void call_thatFails_isFollowedByTheNextOne_andWhatItSaidIsKept() {
        try (RoleChanges changes = changes("echo $2 | tee -a %s/told; exit 4".formatted(folder), LIMIT)) {
            changes.tell(change(Role.PRIMARY, 7));
            awaitTold("primary");
            changes.tell(change(Role.REPLICA, 7));
            awaitTold("primary", "replica");
            assertThat(folder.resolve("on-role-change.log")).content().startsWith("primary\n");
        }
    }
}
