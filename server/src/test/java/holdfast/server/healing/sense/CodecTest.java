package holdfast.server.healing.sense;

import static org.assertj.core.api.Assertions.assertThat;

import holdfast.core.base.NodeId;
import holdfast.core.healing.detect.Probe;
import holdfast.core.healing.detect.Signal;
import holdfast.core.healing.fleet.Part;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

final class CodecTest {
    private static final NodeId H1 = new NodeId("h1");
    private static final Part.Instance WEB_1 = new Part.Instance("web", 1);

    static Stream<Signal> signals() {
        return Stream.of(
                new Signal.Exited(H1, WEB_1, "a1-2", 137),
                new Signal.Roster(
                        H1,
                        7,
                        List.of(
                                new Signal.Supervised(WEB_1, "a1-2", Signal.Supervised.State.RUNNING, 0),
                                new Signal.Supervised(WEB_1, "a1-2", Signal.Supervised.State.FROZEN, 0),
                                new Signal.Supervised(WEB_1, "a1-2", Signal.Supervised.State.EXITED, -1))),
                new Signal.Probed(
                        H1, WEB_1, 2, "10.0.0.1:80", Signal.Result.BAD_ANSWER, "503 Service Unavailable", 5, 6, ""),
                new Signal.Probed(
                        H1, new Part.Host(new NodeId("h2")), 0, "10.0.0.2:1", Signal.Result.TIMEOUT, "", 5, 6, "q-1"));
    }

    @ParameterizedTest
    @MethodSource("signals")
    void signal_sentAndHeard_isTheSame(Signal signal) {
        assertThat(SignalCodec.encode(signal).flatMap(up -> SignalCodec.decode(H1, 7, up)))
                .contains(signal);
    }

    @Test
    void question_sentAndHeard_isTheSame() {
        Probe probe = new Probe("q-1", H1, WEB_1, 1, "10.0.0.1:80", 400_000_000);
        assertThat(SignalCodec.decode(H1, SignalCodec.encode(probe).getAsk())).contains(probe);
        Probe host = new Probe("q-2", H1, new Part.Host(new NodeId("h2")), 0, "10.0.0.2:1", 400_000_000);
        assertThat(SignalCodec.decode(H1, SignalCodec.encode(host).getAsk())).contains(host);
    }

    @Test
    void heartbeat_signed_isHeard_andOneOfAnotherKeyOrChanged_isNot() {
        Signal.Heartbeat beat = new Signal.Heartbeat(H1, 7, 8, 9);
        ByteBuffer datagram = new BeatCodec(new byte[32]).encode(beat);
        assertThat(new BeatCodec(new byte[32]).decode(datagram.duplicate())).contains(beat);
        assertThat(new BeatCodec(new byte[] {1}).decode(datagram.duplicate())).isEmpty();
        datagram.put(datagram.limit() - 1, (byte) 99);
        assertThat(new BeatCodec(new byte[32]).decode(datagram)).isEmpty();
        assertThat(new BeatCodec(new byte[32]).decode(ByteBuffer.allocate(10))).isEmpty();
    }
}
