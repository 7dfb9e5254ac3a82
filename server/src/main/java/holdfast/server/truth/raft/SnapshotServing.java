package holdfast.server.truth.raft;

import holdfast.core.base.Require;
import holdfast.server.base.Threads;
import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/// The sending end of a snapshot: answers for a list of files and for chunks of them, in the order asked. Who
/// asks sets the pace.
@SuppressWarnings("FutureReturnValueIgnored") // a failed write closes the channel, and that is seen
final class SnapshotServing extends ChannelInboundHandlerAdapter {
    static final int CHUNK_BYTES_MAX = 512 << 10;

    /// Whoever is refused asks again at once; the next snapshot takes longer.
    private static final int REFUSAL_SECONDS = 2;

    private final SnapshotFolders folders;
    private final SnapshotCheck check;

    SnapshotServing(SnapshotFolders folders, SnapshotCheck check) {
        this.folders = folders;
        this.check = check;
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
        ByteBuf frame = (ByteBuf) message;
        byte type = frame.readByte();
        WireIn in = new WireIn(Frames.body(frame));
        try {
            long index = in.number();
            int member = in.small();
            folders.served(index, member);
            Path folder = folders.of(index, member);
            if (type == Frames.ASK_LIST) sendList(context, folder, () -> folders.served(index, member));
            else if (type == Frames.ASK_CHUNK) sendChunk(context, folder, in.text(), in.number(), in.small());
            else throw new WireIn.Malformed("frame type " + type);
        } catch (IOException | WireIn.Malformed | Require.BadValue failed) {
            refuse(context, String.valueOf(failed));
        }
    }

    private void sendList(ChannelHandlerContext context, Path folder, Runnable each) {
        Threads.startPlatform("raft-snapshot-list", () -> {
            @Nullable String damage = check.ofOurs(folder, each);
            if (damage != null) {
                context.executor().schedule(() -> refuse(context, damage), REFUSAL_SECONDS, TimeUnit.SECONDS);
                return;
            }
            try {
                List<SnapshotHandle.File> files = SnapshotFolders.listWithChecksums(folder, each);
                WireOut out = Frames.open(Frames.LIST)
                        .list(
                                files,
                                (to, file) -> to.text(file.name())
                                        .number(file.bytes())
                                        .number(file.crc() & 0xffff_ffffL));
                context.writeAndFlush(Frames.sealed(out));
            } catch (IOException failed) {
                refuse(context, String.valueOf(failed));
            }
        });
    }

    private static void sendChunk(ChannelHandlerContext context, Path folder, String name, long at, int bytes)
            throws IOException {
        Require.between("snapshot chunk", bytes, 0, CHUNK_BYTES_MAX);
        ByteBuffer chunk = ByteBuffer.allocate(bytes);
        try (FileChannel file = FileChannel.open(SnapshotFolders.within(folder, name), StandardOpenOption.READ)) {
            for (int count = 0; chunk.hasRemaining() && count >= 0; ) count = file.read(chunk, at + chunk.position());
        }
        if (chunk.hasRemaining()) throw new IOException(name + " is shorter than " + (at + bytes) + " bytes");
        CRC32C crc = new CRC32C();
        crc.update(chunk.array());
        context.writeAndFlush(Frames.sealed(Frames.open(Frames.CHUNK)
                .text(name)
                .number(at)
                .number(crc.getValue())
                .block(chunk.array())));
    }

    private static void refuse(ChannelHandlerContext context, String why) {
        context.writeAndFlush(Frames.sealed(Frames.open(Frames.REFUSED).text(why)));
    }

    @Override
    @SuppressWarnings("deprecation") // it is deprecated in another type that declares it
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
        context.close();
    }
}
