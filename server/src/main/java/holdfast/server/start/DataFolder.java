package holdfast.server.start;

import static java.nio.charset.StandardCharsets.UTF_8;

import holdfast.core.base.Reason;
import holdfast.server.base.SafeFile;
import holdfast.server.truth.raft.RaftLog.Peer;
import java.io.IOException;
import java.io.StringReader;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Properties;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/// The folder of one member: locked while it runs, and marked with whose it is, so that no other member or cluster ever
/// writes into it.
public final class DataFolder implements AutoCloseable {
    /// Whose the folder is.
    ///
    /// @param member this member's number in the log, from 1
    /// @param seeds whom a member without a log starts from: those who form the cluster; for one that joins,
    ///     those who were there
    public record Owner(long clusterId, int member, String name, List<Peer> seeds) {}

    public sealed interface Locked {
        record Ready(DataFolder folder) implements Locked {}

        record Refused(Reason why) implements Locked {}
    }

    private static final String LOCK_FILE = "lock";
    private static final String SEED = "seed.";
    private static final String OWNER_FILE = "owner";

    private final Path path;
    private final FileChannel channel;
    private final FileLock lock;

    private DataFolder(Path path, FileChannel channel, FileLock lock) {
        this.path = path;
        this.channel = channel;
        this.lock = lock;
    }

    /// Whether a member was started on it before.
    public static boolean isOwned(Path path) {
        return Files.exists(path.resolve(OWNER_FILE));
    }

    /// Makes the folder when there is none, and locks it.
    public static Locked lock(Path path) {
        try {
            Files.createDirectories(path);
            FileChannel channel =
                    FileChannel.open(path.resolve(LOCK_FILE), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
            @Nullable FileLock lock = tryLock(channel);
            if (lock != null) return new Locked.Ready(new DataFolder(path, channel, lock));
            channel.close();
            return new Locked.Refused(
                    new Reason("data-dir-locked", "data-dir " + path + " is in use by another running server."));
        } catch (IOException failed) {
            return new Locked.Refused(
                    new Reason("data-dir-unusable", "data-dir " + path + " cannot be used: " + failed + "."));
        }
    }

    private static @Nullable FileLock tryLock(FileChannel channel) throws IOException {
        try {
            return channel.tryLock();
        } catch (OverlappingFileLockException _) {
            return null; // held within this process
        }
    }

    Path path(String name) {
        return path.resolve(name);
    }

    /// Null on a folder that belongs to nobody yet.
    public @Nullable Owner owner() throws IOException {
        Path file = path.resolve(OWNER_FILE);
        if (!Files.exists(file)) return null;
        Properties read = new Properties();
        read.load(new StringReader(Files.readString(file)));
        return new Owner(
                Long.parseUnsignedLong(read.getProperty("cluster"), 16),
                Integer.parseInt(read.getProperty("member")),
                read.getProperty("name"),
                seeds(read));
    }

    private static List<Peer> seeds(Properties read) {
        List<Peer> seeds = new ArrayList<>();
        for (String name : new TreeSet<>(read.stringPropertyNames())) {
            if (!name.startsWith(SEED)) continue;
            int id = Integer.parseInt(name.substring(SEED.length()));
            String[] parts = read.getProperty(name).split(" ", -1);
            seeds.add(new Peer(id, parts[0], parts[1], Boolean.parseBoolean(parts[2])));
        }
        seeds.sort(Comparator.comparingInt(Peer::id));
        return List.copyOf(seeds);
    }

    /// Marks the folder, so that it survives a crash whole or not at all.
    public void mark(Owner owner) throws IOException {
        StringBuilder text = new StringBuilder(String.format(
                Locale.ROOT, "cluster=%016x%nmember=%d%nname=%s%n", owner.clusterId(), owner.member(), owner.name()));
        for (Peer seed : owner.seeds()) {
            text.append(SEED + seed.id() + "=" + seed.name() + " " + seed.address() + " " + seed.voter() + "\n");
        }
        SafeFile.write(path.resolve(OWNER_FILE), text.toString().getBytes(UTF_8));
    }

    @Override
    public void close() throws IOException {
        lock.release();
        channel.close();
    }
}
