package holdfast.core.redundancy.proxy;

import holdfast.core.redundancy.frames.Cutter;

/// Messages of PostgreSQL's protocol 3: a byte for the type, four for the length, the body.
///
/// Example: `Z 0 0 0 5 I D 0 0` shows one whole message of 6 bytes, then [Piece#NONE]; the 3 bytes wait.
public final class Frames extends Cutter {
    private static final int HEADER_BYTES = 5;
    private static final int LENGTH_LEAST = 4;
    private static final int LENGTH_MOST = 1 << 30; // PostgreSQL allows less than 1 GiB

    private final int wholeMaxBytes;
    private long streamingBytes;

    /// @param wholeMaxBytes largest message that is shown whole, header included, at least 5
    public Frames(int wholeMaxBytes) {
        this.wholeMaxBytes = wholeMaxBytes;
    }

    @Override
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

    @Override
    public boolean atBoundary() {
        return streamingBytes == 0;
    }

    /// Type of the message that begins next, 0 when it is not there yet or a large message goes on.
    public byte peek() {
        return streamingBytes > 0 || isEmpty() ? 0 : data[at];
    }

    @Override
    public void clear() {
        super.clear();
        streamingBytes = 0;
    }

    private int intAt(int index) {
        int high = (data[index] << 24) | ((data[index + 1] & 255) << 16);
        return high | ((data[index + 2] & 255) << 8) | (data[index + 3] & 255);
    }
}
