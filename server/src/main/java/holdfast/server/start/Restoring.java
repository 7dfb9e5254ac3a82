package holdfast.server.start;

import holdfast.core.base.Bytes;
import holdfast.core.base.KeyRange;
import holdfast.core.base.Reason;
import holdfast.core.truth.Archive;
import holdfast.core.truth.Tip;
import holdfast.server.base.Ticker;
import holdfast.server.start.DataFolder.Locked;
import holdfast.server.start.DataFolder.Owner;
import holdfast.server.truth.disk.ArchiveFile;
import holdfast.server.truth.disk.RocksShelf;
import holdfast.server.truth.disk.ShelfBroken;
import holdfast.server.truth.raft.RaftLog.Peer;
import holdfast.server.truth.raft.RestoredLog;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/// Makes the data folder of one member of a new cluster out of a snapshot. Each member does it with the same file and
/// the same `initial-cluster`; then they start as any cluster does.
public final class Restoring {
    /// Who the members are is written anew by each of them.
    private static final KeyRange MEMBERS = KeyRange.prefix(Bytes.utf8("member/"));

    private static final String PART = ".restoring";

    /// @param bump added to the revision; more than 0 makes everything before it compacted
    /// @param checksSum whether the file must end in its checksum
    public record Wish(Path file, long bump, boolean checksSum) {}

    private Restoring() {}

    /// Writes the folder `config.dataDir()`, which must not be there or be empty, whole or not at all.
    ///
    /// @return why it was not done
    public static Optional<Reason> run(ServerConfig config, Wish wish) {
        Path folder = config.dataDir();
        Path part = folder.resolveSibling(folder.getFileName() + PART);
        try {
            if (!isFree(folder)) {
                return Optional.of(new Reason(
                        "data-dir-not-empty", "data-dir \"" + folder + "\" not empty or could not be read."));
            }
            if (ArchiveFile.read(wish.file(), wish.checksSum(), _ -> {}) instanceof ArchiveFile.Read.Refused(var why)) {
                return Optional.of(why);
            }
            remove(part);
            Optional<Reason> failed = switch (DataFolder.lock(part)) {
                case Locked.Refused(Reason why) -> Optional.of(why);
                case Locked.Ready(DataFolder data) -> {
                    try (data) {
                        yield fill(data, config, wish);
                    }
                }
            };
            if (failed.isEmpty()) Files.move(part, folder, StandardCopyOption.REPLACE_EXISTING);
            else remove(part);
            return failed;
        } catch (IOException failed) {
            return Optional.of(new Reason("restore-failed", folder + " cannot be written: " + failed + "."));
        } catch (ShelfBroken broken) {
            return Optional.of(broken.reason());
        }
    }

    private static Optional<Reason> fill(DataFolder data, ServerConfig config, Wish wish) throws IOException {
        Owner owner = Founding.of(config);
        return switch (RocksShelf.open(data.path("state"))) {
            case RocksShelf.Opened.Broken(Reason why) -> Optional.of(why);
            case RocksShelf.Opened.Ready(RocksShelf shelf) -> {
                try (shelf) {
                    yield fill(data, shelf, owner, wish);
                }
            }
        };
    }

    private static Optional<Reason> fill(DataFolder data, RocksShelf shelf, Owner owner, Wish wish) throws IOException {
        Archive.Remake remake = new Archive.Remake(wish.bump(), wish.bump() > 0, MEMBERS);
        ArchiveFile.Read read =
                ArchiveFile.read(wish.file(), wish.checksSum(), rows -> Archive.restore(rows, remake, shelf));
        return switch (read) {
            case ArchiveFile.Read.Refused(Reason why) -> Optional.of(why);
            case ArchiveFile.Read.Whole whole -> {
                Tip tip = Archive.settle(whole.head(), remake, shelf);
                Peer self = owner.seeds().stream()
                        .filter(seed -> seed.id() == owner.member())
                        .findFirst()
                        .orElseThrow();
                List<Peer> peers = owner.seeds();
                RestoredLog.write(
                        data.path("raft"),
                        self,
                        peers,
                        tip.appliedIndex(),
                        Math.toIntExact(tip.appliedTerm()),
                        Ticker.system(),
                        shelf::checkpoint);
                data.mark(owner);
                yield Optional.empty();
            }
        };
    }

    private static boolean isFree(Path folder) throws IOException {
        if (!Files.exists(folder)) return true;
        if (!Files.isDirectory(folder)) return false;
        try (Stream<Path> entries = Files.list(folder)) {
            return entries.findAny().isEmpty();
        }
    }

    private static void remove(Path folder) throws IOException {
        if (!Files.exists(folder)) return;
        try (Stream<Path> all = Files.walk(folder)) {
            for (Path path : all.sorted(Comparator.reverseOrder()).toList()) Files.delete(path);
        }
    }
}
