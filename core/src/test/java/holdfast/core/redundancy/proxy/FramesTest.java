package holdfast.core.redundancy.proxy;

import static org.assertj.core.api.Assertions.assertThat;

import holdfast.core.redundancy.frames.Cutter.Piece;
import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class FramesTest {
    private static final int WHOLE_MAX = 64;

    @Test
    void message_cutAnywhere_comesWholeOrInPieces() {
        for (int size : new int[] {5, 6, 63, 64, 65, 66, 300}) {
            for (int cut = 0; cut <= size; cut++) {
                byte[] message = Talk.message('Q', new byte[size - 5]);
                Frames frames = new Frames(WHOLE_MAX);
                ByteArrayOutputStream out = new ByteArrayOutputStream();
                List<Piece> pieces = new ArrayList<>();
                frames.take(Arrays.copyOf(message, cut));
                drain(frames, out, pieces);
                frames.take(Arrays.copyOfRange(message, cut, size));
                drain(frames, out, pieces);
                assertThat(out.toByteArray()).as("%d cut at %d", size, cut).isEqualTo(message);
                assertThat(frames.isEmpty()).isTrue();
                assertThat(frames.atBoundary()).isTrue();
                if (size <= WHOLE_MAX) assertThat(pieces).containsExactly(Piece.WHOLE);
            }
        }
    }

    private static void drain(Frames frames, ByteArrayOutputStream out, List<Piece> pieces) {
        for (Piece piece = frames.next(); piece != Piece.NONE; piece = frames.next()) {
            pieces.add(piece);
            out.write(frames.data(), frames.start(), frames.end() - frames.start());
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5})
    void stream_cutByChance_isTheSameMessages(long seed) {
        Random chance = new Random(seed);
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        StringBuilder types = new StringBuilder();
        for (int n = 0; n < 500; n++) {
            char type = (char) ('A' + chance.nextInt(26));
            types.append(type);
            all.writeBytes(
                    Talk.message(type, new byte[chance.nextInt(4) == 0 ? chance.nextInt(400) : chance.nextInt(20)]));
        }
        byte[] bytes = all.toByteArray();
        Frames frames = new Frames(WHOLE_MAX);
        StringBuilder seen = new StringBuilder();
        for (int at = 0; at < bytes.length; ) {
            int end = Math.min(bytes.length, at + 1 + chance.nextInt(100));
            frames.take(Arrays.copyOfRange(bytes, at, end));
            at = end;
            for (Piece piece = frames.next(); piece != Piece.NONE; piece = frames.next()) {
                if (piece == Piece.WHOLE || piece == Piece.FIRST) seen.append((char) frames.type());
            }
        }
        assertThat(seen.toString()).isEqualTo(types.toString());
    }

    @Test
    void length_impossible_isBad() {
        for (byte[] bad : new byte[][] {{'Q', 0, 0, 0, 3}, {'Q', -1, 0, 0, 0}, {'Q', 0x40, 0, 0, 0}}) {
            Frames frames = new Frames(WHOLE_MAX);
            frames.take(bad);
            assertThat(frames.next()).isEqualTo(Piece.BAD);
        }
    }
}
