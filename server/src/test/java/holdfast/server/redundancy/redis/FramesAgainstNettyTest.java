package holdfast.server.redundancy.redis;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import holdfast.core.redundancy.frames.Cutter.Piece;
import holdfast.core.redundancy.resp.Frames;
import io.netty.buffer.Unpooled;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.codec.redis.RedisArrayAggregator;
import io.netty.handler.codec.redis.RedisBulkStringAggregator;
import io.netty.handler.codec.redis.RedisDecoder;
import io.netty.util.ReferenceCountUtil;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Where replies of version 2 end, beside a codec that is not ours.
final class FramesAgainstNettyTest {
    private static String reply(Random chance, int depth) {
        return switch (chance.nextInt(depth > 3 ? 5 : 7)) {
            case 0 -> "+OK\r\n";
            case 1 -> "-ERR no\r\n";
            case 2 -> ":" + chance.nextInt() + "\r\n";
            case 3 -> "$-1\r\n";
            case 4 -> {
                String text = "\r\n*1$".repeat(chance.nextInt(3)) + "x".repeat(chance.nextInt(50));
                yield "$" + text.length() + "\r\n" + text + "\r\n";
            }
            default -> {
                int count = chance.nextInt(5);
                StringBuilder array = new StringBuilder("*" + count + "\r\n");
                for (int n = 0; n < count; n++) array.append(reply(chance, depth + 1));
                yield array.toString();
            }
        };
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5})
    void replies_endWhereNettyEndsThem(long seed) {
        Random chance = new Random(seed);
        StringBuilder all = new StringBuilder();
        for (int n = 0; n < 300; n++) all.append(reply(chance, 0));
        byte[] bytes = all.toString().getBytes(ISO_8859_1);
        EmbeddedChannel netty =
                new EmbeddedChannel(new RedisDecoder(), new RedisBulkStringAggregator(), new RedisArrayAggregator());
        Frames frames = new Frames(Frames.Side.REPLIES, 1 << 20);
        List<Integer> ours = new ArrayList<>();
        List<Integer> theirs = new ArrayList<>();
        for (int at = 0; at < bytes.length; ) {
            int end = Math.min(bytes.length, at + 1 + chance.nextInt(30));
            byte[] chunk = Arrays.copyOfRange(bytes, at, end);
            frames.take(chunk);
            int seen = 0;
            while (frames.next() == Piece.WHOLE) seen++;
            ours.add(seen);
            boolean _ = netty.writeInbound(Unpooled.wrappedBuffer(chunk));
            int told = 0;
            for (Object message = netty.readInbound(); message != null; message = netty.readInbound()) {
                ReferenceCountUtil.release(message);
                told++;
            }
            theirs.add(told);
            at = end;
        }
        assertThat(ours).isEqualTo(theirs);
        assertThat(ours.stream().mapToInt(Integer::intValue).sum()).isEqualTo(300);
        boolean _ = netty.finishAndReleaseAll();
    }
}
