package holdfast.core.redundancy.resp;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import holdfast.core.redundancy.frames.Cutter.Piece;
import holdfast.core.redundancy.resp.Frames.Side;
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

    /// One reply of either version, made by chance.
    private static void reply(Random chance, int depth, StringBuilder out) {
        int kind = chance.nextInt(depth > 3 ? 10 : 16);
        String text = "r\n$*".repeat(chance.nextInt(4)) + "x".repeat(chance.nextInt(8) == 0 ? 200 : chance.nextInt(6));
        switch (kind) {
            case 0 -> out.append("+OK\r\n");
            case 1 -> out.append("-ERR $5 no\r\n");
            case 2 -> out.append(":-12\r\n");
            case 3 -> out.append("$-1\r\n*-1\r\n".substring(0, 5));
            case 4 -> out.append("_\r\n");
            case 5 -> out.append("#t\r\n");
            case 6 -> out.append(",1.5e10\r\n");
            case 7 -> out.append("(12345678901234567890\r\n");
            case 8 -> out.append("=" + (text.length() + 4) + "\r\ntxt:" + text + "\r\n");
            case 9 -> out.append("!" + text.length() + "\r\n" + text + "\r\n");
            case 10 -> out.append("*-1\r\n");
            case 11, 12, 13 -> {
                int count = chance.nextInt(4);
                out.append(List.of("*", "~", ">").get(kind - 11) + count + "\r\n");
                for (int n = 0; n < count; n++) reply(chance, depth + 1, out);
            }
            case 14 -> {
                int count = chance.nextInt(3);
                out.append("%" + count + "\r\n");
                for (int n = 0; n < 2 * count; n++) reply(chance, depth + 1, out);
            }
            case 15 -> {
                out.append("|1\r\n+key\r\n:1\r\n");
                reply(chance, depth + 1, out);
            }
            default -> out.append("$" + text.length() + "\r\n" + text + "\r\n");
        }
    }

    private static void command(Random chance, StringBuilder out) {
        switch (chance.nextInt(6)) {
            case 0 -> out.append("PING some words\r\n");
            case 1 -> out.append("*0\r\n");
            case 2 -> out.append("\r\n");
            default -> {
                int words = 1 + chance.nextInt(4);
                out.append("*" + words + "\r\n");
                for (int n = 0; n < words; n++) {
                    String word = "*\r\n$1".repeat(chance.nextInt(3))
                            + "y".repeat(chance.nextInt(chance.nextInt(9) == 0 ? 300 : 9));
                    out.append("$" + word.length() + "\r\n" + word + "\r\n");
                }
            }
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
    void stream_cutByChance_isTheSameCommandsOrReplies(long seed) {
        Random chance = new Random(seed);
        for (Side side : Side.values()) {
            List<String> made = new ArrayList<>();
            for (int n = 0; n < 400; n++) {
                StringBuilder one = new StringBuilder();
                if (side == Side.COMMANDS) command(chance, one);
                else reply(chance, 0, one);
                made.add(one.toString());
            }
            assertThat(cut(new Frames(side, WHOLE_MAX), String.join("", made), chance))
                    .isEqualTo(made);
        }
    }

    private static List<String> cut(Frames frames, String stream, Random chance) {
        byte[] bytes = stream.getBytes(ISO_8859_1);
        List<String> seen = new ArrayList<>();
        ByteArrayOutputStream now = new ByteArrayOutputStream();
        for (int at = 0; at < bytes.length; ) {
            int end = Math.min(bytes.length, at + 1 + chance.nextInt(100));
            frames.take(Arrays.copyOfRange(bytes, at, end));
            at = end;
            for (Piece piece = frames.next(); piece != Piece.NONE; piece = frames.next()) {
                assertThat(piece).isNotEqualTo(Piece.BAD);
                if ((piece == Piece.WHOLE || piece == Piece.FIRST) && chance.nextInt(3) == 0) {
                    frames.back();
                    assertThat(frames.atBoundary()).isTrue();
                    assertThat(frames.next()).isEqualTo(piece);
                }
                now.write(frames.data(), frames.start(), frames.end() - frames.start());
                if (!frames.atBoundary()) continue;
                seen.add(now.toString(ISO_8859_1));
                now.reset();
            }
        }
        assertThat(frames.isEmpty()).isTrue();
        return seen;
    }

    @Test
    void whatIsNoProtocol_isBad() {
        for (String bad :
                List.of("*1\r\n:1\r\n", "*1\r\n$-1\r\n", "*x\r\n", "*1\n", "*1\r\n$99999999999\r\n", "*1\r\n$\r\n")) {
            Frames frames = new Frames(Side.COMMANDS, WHOLE_MAX);
            frames.take(bad.getBytes(ISO_8859_1));
            assertThat(frames.next()).as(bad).isEqualTo(Piece.BAD);
        }
        for (String bad : List.of("x\r\n", "$?\r\n", "*9999999999\r\n", "$1\rx", "*1\r\nbad\r\n")) {
            Frames frames = new Frames(Side.REPLIES, WHOLE_MAX);
            frames.take(bad.getBytes(ISO_8859_1));
            assertThat(frames.next()).as(bad).isEqualTo(Piece.BAD);
        }
    }

    @Test
    void line_withoutEnd_isBadAtRedisBound() {
        Frames frames = new Frames(Side.COMMANDS, WHOLE_MAX);
        frames.take("x".repeat(64 * 1024).getBytes(ISO_8859_1));
        assertThat(frames.next()).isEqualTo(Piece.FIRST);
        frames.take("xx".getBytes(ISO_8859_1));
        assertThat(frames.next()).isEqualTo(Piece.BAD);
    }
}
