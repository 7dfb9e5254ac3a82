package holdfast.server.start;

import holdfast.core.base.Reason;
import holdfast.server.start.DataFolder.Owner;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Removes what a damaged member has on disk, so that it starts empty and catches up from the others. Who it is stays.
///
/// Until it has caught up it gives no vote to anybody with a log (see `Newborn` of the raft room), so that entries that
/// only it and one other had are not lost by its forgetting them.
public final class Repair {
    private static final Logger LOG = LoggerFactory.getLogger(Repair.class);

    private Repair() {}

    /// Removes what the member in `folder` has, while it does not run. Its next start, by whatever command, fetches it.
    ///
    /// @return why nothing was removed; null when it is done
    public static @Nullable Reason run(Path folder) throws IOException {
        if (!DataFolder.isOwned(folder)) return new Reason("no-data", folder + " is no data folder of a member.");
        return switch (DataFolder.lock(folder)) {
            case DataFolder.Locked.Refused(Reason why) -> why;
            case DataFolder.Locked.Ready(DataFolder locked) -> {
                try (locked) {
                    @Nullable Owner owner = locked.owner();
                    yield owner == null ? new Reason("no-data", folder + " is empty.") : wipe(locked, owner);
                }
            }
        };
    }

    /// The order makes an interrupted repair look damaged, never shorter than it was: the state first, of the log the
    /// oldest file first.
    ///
    /// @return why it must not be done; null when it is done
    static @Nullable Reason wipe(DataFolder folder, Owner owner) throws IOException {
        boolean others = owner.seeds().stream().anyMatch(seed -> seed.id() != owner.member());
        if (!others) {
            return new Reason(
                    "repair-alone",
                    "Member " + owner.name() + " has nobody to catch up from: what it has on disk is all there is."
                            + " Restore it from a snapshot.");
        }
        LOG.warn("Repair: the log and state of member {} are removed; it catches up from the others.", owner.name());
        remove(folder.path("state"));
        Path raft = folder.path("raft");
        remove(raft.resolve("snapshots"));
        remove(raft.resolve("log"));
        remove(raft);
        return null;
    }

    private static void remove(Path path) throws IOException {
        if (!Files.exists(path)) return;
        List<Path> inside;
        try (Stream<Path> tree = Files.walk(path)) {
            inside = tree.sorted().toList();
        }
        for (Path one : inside) if (!Files.isDirectory(one)) Files.delete(one); // oldest first
        for (Path one : inside.reversed()) Files.deleteIfExists(one); // a folder after what was in it
    }
}
