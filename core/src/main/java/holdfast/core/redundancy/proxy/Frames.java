package holdfast.core.redundancy.proxy;

import java.util.Arrays;

/// Cuts one direction of a connection into messages of PostgreSQL's protocol 3: a byte for the type, four for the
/// length, the body. Messages up to a bound are shown whole; of larger ones the pieces are shown as they come. What
/// was not yet taken by [#next] stays here.
///
/// Example: `Z 0 0 0 5 I D 0 0` shows one whole message of 6 bytes, then [Piece#NONE]; the 3 bytes wait.
public final class Frames {
    private static final int HEADER_BYTES = 5;
    private static final int LENGTH_LEAST = 4;
    private static final int LENGTH_MOST = 1 << 30; // PostgreSQL allows less than 1 GiB
    private static final byte[] NOTHING = {};

    /// What [#next] found; bytes [#start] to [#end] of [#data].
    public enum Piece {
        /// Nothing more before further bytes come.
        NONE,
        /// A message.
        WHOLE,
        /// Header and beginning of a message that is too large to be shown whole.
        FIRST,
        /// More of that message.
        REST,
        /// No message of this protocol; nothing more can be read.
        BAD
    }

    private final int wholeMaxBytes;
    private byte[] data = NOTHING;
    private int at;
    private int start;
    private long streamingBytes;

    /// @param wholeMaxBytes largest message that is shown whole, header included, at least 5
    public Frames(int wholeMaxBytes) {
        this.wholeMaxBytes = wholeMaxBytes;
    }

    /// More bytes of the connection; the array is kept and not changed.
    public void take(byte[] chunk) {
        int left = data.length - at;
        if (left == 0) {
            data = chunk;
        } else {
            byte[] both = Arrays.copyOfRange(data, at, at + left + chunk.length);
            for (int index = 0; index < chunk.length; index++) both[left + index] = chunk[index];
            data = both;
        }
        at = 0;
    }

    public Piece next() {
        start = at;
        int left = data.length - at;
        if (streamingBytes > 0) {
            if (left == 0) return Piece.NONE;
            int taken = (int) Math.min(left, streamingBytes);
            at += taken;
            streamingBytes -= taken;
            return Piece.REST;
        }
        if (left < HEADER_BYTES) return Piece.NONE;
        int length = intAt(at + 1);
        if (length < LENGTH_LEAST || length >= LENGTH_MOST) return Piece.BAD;
        int total = length + 1;
        if (left >= total) {
            at += total;
            return Piece.WHOLE;
        }
        if (total <= wholeMaxBytes) return Piece.NONE;
        at += left;
        streamingBytes = total - (long) left;
        return Piece.FIRST;
    }

    /// Whether the next byte begins a message.
    public boolean atBoundary() {
        return streamingBytes == 0;
    }

    /// Whether nothing waits.
    public boolean isEmpty() {
        return at == data.length;
    }

    /// Type of the message that begins next, 0 when it is not there yet or a large message goes on.
    public byte peek() {
        return streamingBytes > 0 || isEmpty() ? 0 : data[at];
    }

    /// Type of the message shown last; not for [Piece#REST].
    public byte type() {
        return data[start];
    }

    /// The array that [#start] and [#end] count in, until the next [#take].
    public byte[] data() {
        return data;
    }

    public int start() {
        return start;
    }

    public int end() {
        return at;
    }

    /// Forgets everything, for another connection.
    public void clear() {
        data = NOTHING;
        at = 0;
        start = 0;
        streamingBytes = 0;
    }

    private int intAt(int index) {
        int high = (data[index] << 24) | ((data[index + 1] & 255) << 16);
        return high | ((data[index + 2] & 255) << 8) | (data[index + 3] & 255);
    }
}
