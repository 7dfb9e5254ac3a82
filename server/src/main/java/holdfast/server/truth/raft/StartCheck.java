package holdfast.server.truth.raft;

import io.microraft.model.log.SnapshotEntry;
import io.microraft.persistence.RestoredRaftState;
import java.io.IOException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/// Whether log, snapshot and machine of a member that starts belong together and make up a whole.
final class StartCheck {
    private static final String CURE = "Start this member with --repair: it then gets everything anew from the others.";

    private StartCheck() {}

    /// Throws [IOException] with one sentence that names the files and the cure.
    static void run(
            @Nullable RestoredRaftState restored, RaftOptions options, SnapshotFolders folders, RaftLog.Machine machine)
            throws IOException {
        checkSnapshot(restored, folders, machine);
        checkSelf(restored, options);
    }

    /// The log alone is not enough when the machine lost what the snapshot holds.
    private static void checkSnapshot(
            @Nullable RestoredRaftState restored, SnapshotFolders folders, RaftLog.Machine machine) throws IOException {
        if (restored == null && machine.durableIndex() > 0) {
            throw new IOException("The state on disk ends at entry " + machine.durableIndex()
                    + ", but the log is empty: its files are gone. " + CURE);
        }
        SnapshotEntry snapshot = restored == null ? null : restored.getSnapshotEntry();
        if (snapshot == null || machine.durableIndex() >= snapshot.getIndex()) return;
        SnapshotHandle handle = SnapshotHandle.of(snapshot);
        Path folder = folders.of(handle);
        String needed = "The log begins behind entry " + snapshot.getIndex() + ", but the state on disk ends at "
                + machine.durableIndex();
        if (!folders.isWhole(handle))
            throw new IOException(needed + " and the snapshot " + folder + " is gone. " + CURE);
        @Nullable String damage = damage(machine, folder);
        if (damage != null) throw new IOException(needed + ". " + damage + " " + CURE);
    }

    private static @Nullable String damage(RaftLog.Machine machine, Path folder) throws IOException {
        try {
            return machine.damage(folder, () -> {});
        } catch (RuntimeException broken) {
            throw new IOException(broken.getMessage() + " " + CURE, broken);
        }
    }

    private static void checkSelf(@Nullable RestoredRaftState restored, RaftOptions options) throws IOException {
        if (restored == null) return;
        int owner = ModelCodec.id(restored.getLocalEndpointPersistentState().getLocalEndpoint());
        if (owner == options.self().id()) return;
        throw new IOException("The log in " + options.folder() + " belongs to member " + owner + "; this is member "
                + options.self().id() + ".");
    }
}
