package holdfast.server.healing.sense;

import com.google.protobuf.InvalidProtocolBufferException;
import holdfast.core.base.NodeId;
import holdfast.core.healing.detect.Signal;
import holdfast.protocol.loop.Beat;
import java.nio.ByteBuffer;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.util.Optional;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/// Heartbeats as datagrams: HMAC-SHA256 over a `Beat`, then the `Beat`. The key is handed over on the stream,
/// so that nobody else can make a dead host look alive. One thread.
public final class BeatCodec {
    public static final int DATAGRAM_BYTES_MAX = 512;

    private static final String ALGORITHM = "HmacSHA256";
    private static final int MAC_BYTES = 32;

    private final Mac mac;

    public BeatCodec(byte[] key) {
        try {
            mac = Mac.getInstance(ALGORITHM);
            mac.init(new SecretKeySpec(key, ALGORITHM));
        } catch (GeneralSecurityException bug) {
            throw new IllegalStateException("every Java runtime has " + ALGORITHM, bug);
        }
    }

    public ByteBuffer encode(Signal.Heartbeat beat) {
        byte[] body = Beat.newBuilder()
                .setHost(beat.witness().name())
                .setIncarnation(beat.incarnation())
                .setSequence(beat.sequence())
                .setStalledNanos(beat.stalledNanos())
                .build()
                .toByteArray();
        ByteBuffer datagram = ByteBuffer.allocate(MAC_BYTES + body.length);
        return datagram.put(mac.doFinal(body)).put(body).flip();
    }

    /// Empty when it is not whole or not signed with the key.
    public Optional<Signal.Heartbeat> decode(ByteBuffer datagram) {
        if (datagram.remaining() <= MAC_BYTES) return Optional.empty();
        byte[] signature = new byte[MAC_BYTES];
        datagram.get(signature);
        byte[] body = new byte[datagram.remaining()];
        datagram.get(body);
        if (!MessageDigest.isEqual(signature, mac.doFinal(body))) return Optional.empty();
        try {
            Beat beat = Beat.parseFrom(body);
            return Optional.of(new Signal.Heartbeat(
                    new NodeId(beat.getHost()), beat.getIncarnation(), beat.getSequence(), beat.getStalledNanos()));
        } catch (InvalidProtocolBufferException | IllegalArgumentException _) {
            return Optional.empty();
        }
    }
}
