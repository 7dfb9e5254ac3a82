package holdfast.server.truth.raft;

import holdfast.core.base.Reason;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Looks whether a snapshot is as the machine wrote it, before another member gets it and before one that came is used:
/// a flipped bit would go from disk to disk with good checksums. On any thread that may wait.
final class SnapshotCheck {
    private static final Logger LOG = LoggerFactory.getLogger(SnapshotCheck.class);

    /// As [RaftLog.Machine#damage].
    interface Look {
        @Nullable
        String damage(Path folder, Runnable each);
    }

    private final Look look;
    private final Consumer<Reason> halt;
    private final Runnable anew;
    private volatile boolean halting;
    private final Map<Path, String> damaged = new ConcurrentHashMap<>(); // of ours, until the next one is made

    /// @param halt ends this member: its state is damaged, too
    /// @param anew has the next snapshot made as soon as one may be
    SnapshotCheck(Look look, Consumer<Reason> halt, Runnable anew) {
        this.look = look;
        this.halt = halt;
        this.anew = anew;
    }

    /// Before our snapshot in `folder` goes to another member.
    ///
    /// @param each called before each file
    /// @return why it must not; null when it may
    @Nullable
    String ofOurs(Path folder, Runnable each) {
        @Nullable String known = damaged.get(folder);
        if (known != null || !Files.isDirectory(folder)) return known; // what is gone is for whoever reads it to say
        @Nullable String found = damage(folder, each);
        if (found == null || halting || !Files.isDirectory(folder)) return found;
        if (damaged.put(folder, found) == null) {
            LOG.error("{} No member gets it, and a new one is made. The state that is served from is whole.", found);
        }
        anew.run();
        return found;
    }

    /// Before what came from another member is used.
    @Nullable
    String ofTheirs(Path folder) {
        return damage(folder, () -> {});
    }

    /// A new one was made.
    void made() {
        damaged.clear();
    }

    private @Nullable String damage(Path folder, Runnable each) {
        try {
            return look.damage(folder, each);
        } catch (RuntimeException broken) {
            String sentence = "The state is damaged, and a snapshot of it: " + broken.getMessage()
                    + " Start this member with --repair: it then gets everything anew from the others.";
            halting = true;
            halt.accept(new Reason("store-damaged", sentence));
            return sentence;
        }
    }
}
