package holdfast.server.truth.raft;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandler;
import io.netty.handler.codec.LengthFieldBasedFrameDecoder;
import java.util.ArrayList;
import java.util.List;

/// How bytes between members are cut: 4 bytes of length, a type, the body.
///
/// A connection begins with [Hello] one way and WELCOME or REFUSED the other. Then it carries either messages
/// and pings, or a snapshot: a list of files and their chunks on request. One that begins with ASK_MEMBERS is
/// answered by MEMBERS and ends: so a member that was added, but knows neither its number nor the cluster,
/// learns both.
final class Frames {
    static final int FRAME_BYTES_MAX = 80 << 20;

    static final byte HELLO = 1;
    static final byte WELCOME = 2;
    static final byte REFUSED = 3;
    static final byte MESSAGE = 4;
    static final byte PING = 5;
    static final byte PONG = 6;
    static final byte ASK_LIST = 7;
    static final byte LIST = 8;
    static final byte ASK_CHUNK = 9;
    static final byte CHUNK = 10;
    static final byte ASK_MEMBERS = 11;
    static final byte MEMBERS = 12;

    private static final int LENGTH_BYTES = 4;
    private static final String MAGIC = "holdfast-raft";

    private Frames() {}

    /// Who dials, and whom they think they reached.
    ///
    /// @param version of the protocol; both must speak the same
    /// @param clusterId the same on all members
    /// @param address where the dialler can be dialled
    /// @param wantsSnapshot whether this connection is for one snapshot and nothing else
    record Hello(int version, String clusterId, int from, String name, String address, int to, boolean wantsSnapshot) {
        static final int VERSION = 1;
    }

    static ChannelHandler cutter() {
        return new LengthFieldBasedFrameDecoder(FRAME_BYTES_MAX, 0, LENGTH_BYTES, 0, LENGTH_BYTES);
    }

    /// A frame to be filled and then [#sealed].
    static WireOut open(byte type) {
        WireOut out = new WireOut();
        for (int index = 0; index < LENGTH_BYTES; index++) out.raw((byte) 0);
        return out.raw(type);
    }

    static ByteBuf sealed(WireOut out) {
        out.patch(0, out.size() - LENGTH_BYTES);
        return Unpooled.wrappedBuffer(out.array(), 0, out.size());
    }

    static ByteBuf hello(Hello hello) {
        return sealed(open(HELLO)
                .text(MAGIC)
                .number(hello.version())
                .text(hello.clusterId())
                .number(hello.from())
                .text(hello.name())
                .text(hello.address())
                .number(hello.to())
                .flag(hello.wantsSnapshot()));
    }

    static Hello hello(WireIn in) {
        if (!in.text().equals(MAGIC)) throw new WireIn.Malformed("this is no member of a Holdfast cluster");
        int version = in.small();
        if (version != Hello.VERSION) {
            throw new WireIn.Malformed(
                    "it speaks version " + version + " of the members' protocol; ours is " + Hello.VERSION);
        }
        Hello hello = new Hello(version, in.text(), in.small(), in.text(), in.text(), in.small(), in.flag());
        in.end();
        return hello;
    }

    static ByteBuf askMembers() {
        return sealed(open(ASK_MEMBERS).text(MAGIC).number(Hello.VERSION));
    }

    static void checkAsker(WireIn in) {
        if (!in.text().equals(MAGIC) || in.small() != Hello.VERSION)
            throw new WireIn.Malformed("this is no member of a Holdfast cluster, or one of another version");
        in.end();
    }

    static ByteBuf members(String clusterId, List<RaftLog.Peer> peers) {
        WireOut out = open(MEMBERS).text(clusterId).number(peers.size());
        for (RaftLog.Peer peer : peers)
            out.number(peer.id()).text(peer.name()).text(peer.address()).flag(peer.voter());
        return sealed(out);
    }

    static Introduction.Found members(WireIn in) {
        String clusterId = in.text();
        List<RaftLog.Peer> peers = new ArrayList<>();
        for (int left = in.small(); left > 0; left--)
            peers.add(new RaftLog.Peer(in.small(), in.text(), in.text(), in.flag()));
        in.end();
        return new Introduction.Found(clusterId, peers);
    }

    /// The body of a frame behind its type; releases it.
    static byte[] body(ByteBuf frame) {
        byte[] body = new byte[frame.readableBytes()];
        frame.readBytes(body);
        frame.release();
        return body;
    }
}
