package holdfast.server.truth.raft;

import holdfast.core.base.Require;
import holdfast.server.base.Threads;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The receiving end of a snapshot: asks for the list, then for what is missing, a few chunks at a time. Begins
/// behind what an earlier try left. At last every file is read back against its checksum and forced.
@SuppressWarnings("FutureReturnValueIgnored") // a failed write closes the channel, and that is seen
final class SnapshotFetch extends ChannelInboundHandlerAdapter {
    private static final Logger LOG = LoggerFactory.getLogger(SnapshotFetch.class);
    private static final int CHUNKS_ASKED_MAX = 4;
    private static final int STALL_SECONDS_MAX = 5;
    private static final int LOOKS_BEFORE_LIST_MAX = 24; // the other member may read gigabytes for its checksums

    private final SnapshotFolders folders;
    private final SnapshotCheck check;
    private final SnapshotHandle handle;
    private final Consumer<Boolean> done;
    private final Deque<Chunk> wanted = new ArrayDeque<>();
    private final Deque<Chunk> asked = new ArrayDeque<>();
    private @Nullable Path part;
    private List<SnapshotHandle.File> files = List.of();
    private @Nullable FileChannel writing;
    private String writingName = "";
    private boolean listed;
    private boolean over;
    private long progress;
    private int looks;

    private record Chunk(String name, long at, int bytes) {}

    /// @param done told once, on any thread
    SnapshotFetch(SnapshotFolders folders, SnapshotCheck check, SnapshotHandle handle, Consumer<Boolean> done) {
        this.folders = folders;
        this.check = check;
        this.handle = handle;
        this.done = done;
    }

    /// The handshake is over.
    void begin(Channel channel) {
        watch(channel, -1);
        channel.writeAndFlush(Frames.sealed(ask(Frames.ASK_LIST)));
    }

    /// Gives up unless something came since the last look.
    private void watch(Channel channel, long progressBefore) {
        if (over) return;
        if ((listed || ++looks == LOOKS_BEFORE_LIST_MAX) && progress == progressBefore) {
            end(channel, "nothing came for " + STALL_SECONDS_MAX * (listed ? 1 : LOOKS_BEFORE_LIST_MAX) + " s");
            return;
        }
        long now = progress;
        channel.eventLoop().schedule(() -> watch(channel, now), STALL_SECONDS_MAX, TimeUnit.SECONDS);
    }

    private WireOut ask(byte type) {
        return Frames.open(type).number(handle.index()).number(handle.memberId());
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
        ByteBuf frame = (ByteBuf) message;
        byte type = frame.readByte();
        WireIn in = new WireIn(Frames.body(frame));
        if (over) return;
        progress++;
        try {
            switch (type) {
                case Frames.LIST -> begin(in);
                case Frames.CHUNK -> write(in);
                case Frames.REFUSED -> throw new IOException("the other member says: " + in.text());
                default -> throw new WireIn.Malformed("frame type " + type);
            }
            askMore(context.channel());
        } catch (IOException | WireIn.Malformed | Require.BadValue failed) {
            end(context.channel(), String.valueOf(failed.getMessage()));
        }
    }

    private void begin(WireIn in) throws IOException {
        files = in.list(from -> new SnapshotHandle.File(from.text(), from.number(), (int) from.number()));
        listed = true;
        Path folder = folders.part(handle);
        part = folder;
        for (SnapshotHandle.File file : files) {
            Path place = SnapshotFolders.within(folder, file.name());
            long have = Files.exists(place) ? Files.size(place) : -1;
            if (have > file.bytes()) {
                Files.delete(place);
                have = -1;
            }
            if (have < 0) {
                Files.createDirectories(place.resolveSibling(""));
                Files.createFile(place);
                have = 0;
            }
            for (long at = have; at < file.bytes(); at += SnapshotServing.CHUNK_BYTES_MAX) {
                int bytes = (int) Math.min(SnapshotServing.CHUNK_BYTES_MAX, file.bytes() - at);
                wanted.add(new Chunk(file.name(), at, bytes));
            }
        }
    }

    private void write(WireIn in) throws IOException {
        Chunk chunk = asked.poll();
        String name = in.text();
        long at = in.number();
        int crc = (int) in.number();
        byte[] bytes = in.block();
        CRC32C actual = new CRC32C();
        actual.update(bytes);
        if (chunk == null || !chunk.equals(new Chunk(name, at, bytes.length)) || (int) actual.getValue() != crc) {
            throw new IOException("a chunk of " + name + " at byte " + at + " is not what was asked for");
        }
        ByteBuffer from = ByteBuffer.wrap(bytes);
        FileChannel file = fileOf(name);
        while (from.hasRemaining()) file.write(from, at + from.position());
    }

    private FileChannel fileOf(String name) throws IOException {
        FileChannel open = writing;
        if (open != null && writingName.equals(name)) return open;
        if (open != null) open.close();
        if (part == null) throw new IOException("a chunk came before the list");
        open = FileChannel.open(SnapshotFolders.within(part, name), StandardOpenOption.WRITE);
        writing = open;
        writingName = name;
        return open;
    }

    private void askMore(Channel channel) throws IOException {
        while (asked.size() < CHUNKS_ASKED_MAX && !wanted.isEmpty()) {
            Chunk chunk = wanted.remove();
            asked.add(chunk);
            channel.write(Frames.sealed(
                    ask(Frames.ASK_CHUNK).text(chunk.name()).number(chunk.at()).number(chunk.bytes())));
        }
        channel.flush();
        Path folder = part;
        if (!listed || !asked.isEmpty() || folder == null) return;
        over = true;
        if (writing != null) writing.close();
        channel.close();
        Threads.startPlatform("raft-snapshot-check", () -> done.accept(settle(folder)));
    }

    private boolean settle(Path folder) {
        try {
            for (SnapshotHandle.File file : files) {
                Path place = folder.resolve(file.name());
                if (SnapshotFolders.checksum(place) == file.crc()) continue;
                Files.delete(place);
                LOG.warn("{} of the snapshot at {} came with a wrong checksum.", file.name(), handle.index());
                return false;
            }
            @Nullable String damage = check.ofTheirs(folder);
            if (damage != null) {
                LOG.error("The snapshot at {} was damaged before it came here. {}", handle.index(), damage);
                SnapshotFolders.delete(folder);
                return false;
            }
            folders.publish(folder, folders.of(handle));
            return true;
        } catch (IOException failed) {
            LOG.warn("The snapshot at {} could not be kept.", handle.index(), failed);
            return false;
        }
    }

    private void end(Channel channel, String why) {
        if (over) return;
        over = true;
        LOG.warn("Fetching the snapshot at {} stopped: {}.", handle.index(), why);
        channel.close();
        try {
            if (writing != null) writing.close();
        } catch (IOException failed) {
            LOG.debug("A part of a snapshot could not be closed.", failed);
        }
        done.accept(false);
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
        end(context.channel(), "the connection closed");
    }

    @Override
    @SuppressWarnings("deprecation") // it is deprecated in another type that declares it
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
        end(context.channel(), String.valueOf(cause));
    }
}
