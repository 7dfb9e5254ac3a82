package holdfast.server.truth.raft;

import holdfast.core.base.Require;
import holdfast.server.base.Ticker;
import java.io.IOException;
import java.io.InputStream;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;
import java.util.zip.CRC32C;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Where snapshots lie: `INDEX-MEMBER` for a whole one, `INDEX-MEMBER.part` while it is fetched, `making` while
/// the machine writes it. A whole one has that name only after its files were forced. Any thread.
final class SnapshotFolders {
    private static final Logger LOG = LoggerFactory.getLogger(SnapshotFolders.class);
    private static final String PART = ".part";
    private static final String MAKING = "making";

    /// A folder that was read this recently is not deleted yet: whoever got all of it checks and forces it first.
    private static final long SERVED_NANOS = 60_000_000_000L;

    private final Path root;
    private final int self;
    private final Ticker ticker;
    private final Map<String, Long> servedNanos = new ConcurrentHashMap<>();

    SnapshotFolders(Path root, int self, Ticker ticker) throws IOException {
        this.root = root;
        this.self = self;
        this.ticker = ticker;
        Files.createDirectories(root);
    }

    /// The whole snapshot's folder, there or not.
    Path of(SnapshotHandle handle) {
        return of(handle.index(), handle.memberId());
    }

    Path of(long index, int member) {
        return root.resolve(index + "-" + member);
    }

    boolean isWhole(SnapshotHandle handle) {
        return Files.isDirectory(of(handle));
    }

    /// An empty folder for the machine.
    Path fresh() throws IOException {
        Path making = root.resolve(MAKING);
        delete(making);
        return Files.createDirectory(making);
    }

    /// Forces what the machine wrote into [#fresh] and gives it its name.
    SnapshotHandle seal(long index, List<RaftLog.Peer> peers) throws IOException {
        Path making = root.resolve(MAKING);
        List<SnapshotHandle.File> files = list(making);
        publish(making, of(index, self));
        return new SnapshotHandle(index, self, peers, files);
    }

    /// Where the files of a snapshot gather while it is fetched.
    Path part(SnapshotHandle handle) throws IOException {
        return Files.createDirectories(root.resolve(handle.index() + "-" + handle.memberId() + PART));
    }

    /// Forces the files in `from` and then names the folder `to`.
    void publish(Path from, Path to) throws IOException {
        try (Stream<Path> all = Files.walk(from)) {
            for (Path file : all.sorted(Comparator.reverseOrder()).toList()) {
                if (Files.isDirectory(file)) {
                    LogFiles.forceFolder(file);
                } else {
                    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
                        channel.force(true);
                    }
                }
            }
        }
        delete(to);
        Files.move(from, to, StandardCopyOption.ATOMIC_MOVE);
        LogFiles.forceFolder(root);
    }

    /// Somebody reads the snapshot at `index` by `member`: keep it for a while.
    void served(long index, int member) {
        servedNanos.put(index + "-" + member, ticker.nanos());
    }

    /// Whether somebody read the snapshot at `index` by `member` not long ago.
    boolean isRead(long index, int member) {
        return isRead(index + "-" + member);
    }

    private boolean isRead(String name) {
        Long read = servedNanos.get(name);
        return read != null && ticker.nanos() - read < SERVED_NANOS;
    }

    /// Deletes everything older than the snapshot at `index`, but for what is being read.
    void forgetBefore(long index) {
        try (Stream<Path> all = Files.list(root)) {
            for (Path folder : all.toList()) {
                String name = folder.getFileName().toString();
                if (name.equals(MAKING) || isRead(name) || indexOf(name) >= index) continue;
                delete(folder);
                servedNanos.remove(name);
            }
        } catch (IOException failed) {
            LOG.warn("Old snapshots under {} could not be deleted.", root, failed);
        }
    }

    private static long indexOf(String name) {
        int dash = name.indexOf('-');
        try {
            return dash < 0 ? 0 : Long.parseLong(name.substring(0, dash));
        } catch (NumberFormatException _) {
            return 0;
        }
    }

    /// Every file below `folder`, in name order, without checksums.
    private static List<SnapshotHandle.File> list(Path folder) throws IOException {
        try (Stream<Path> all = Files.walk(folder)) {
            List<Path> files = all.filter(Files::isRegularFile).sorted().toList();
            List<SnapshotHandle.File> listed = new ArrayList<>();
            for (Path file : files) {
                listed.add(new SnapshotHandle.File(folder.relativize(file).toString(), Files.size(file), 0));
            }
            return listed;
        }
    }

    /// The same, with the checksum of each: reads everything, so never on the driver's thread.
    ///
    /// @param each called before each file
    static List<SnapshotHandle.File> listWithChecksums(Path folder, Runnable each) throws IOException {
        List<SnapshotHandle.File> listed = new ArrayList<>();
        for (SnapshotHandle.File file : list(folder)) {
            each.run();
            listed.add(new SnapshotHandle.File(file.name(), file.bytes(), checksum(folder.resolve(file.name()))));
        }
        return listed;
    }

    static int checksum(Path file) throws IOException {
        CRC32C crc = new CRC32C();
        byte[] buffer = new byte[256 << 10];
        try (InputStream in = Files.newInputStream(file)) {
            for (int count = in.read(buffer); count >= 0; count = in.read(buffer)) crc.update(buffer, 0, count);
        }
        return (int) crc.getValue();
    }

    /// A file's place below `folder`; refuses a name that leads out of it.
    static Path within(Path folder, String name) {
        Path place = folder.resolve(name).normalize();
        Require.that("snapshot file", name, place.startsWith(folder) && !place.equals(folder), "below its folder");
        return place;
    }

    static void delete(Path folder) throws IOException {
        if (!Files.exists(folder)) return;
        try (Stream<Path> all = Files.walk(folder)) {
            for (Path file : all.sorted(Comparator.reverseOrder()).toList()) Files.deleteIfExists(file);
        }
    }
}
