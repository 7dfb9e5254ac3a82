package holdfast.core.redundancy.frames;

import java.util.Arrays;

/// Cuts one direction of a connection into messages. Those up to a bound are shown whole; of larger ones the pieces are
/// shown as they come. What was not yet taken by [#next] stays here.
public abstract class Cutter {
    private static final byte[] NOTHING = {};

    /// What [#next] found; bytes [#start] to [#end] of [#data].
    public enum Piece {
        /// Nothing more before further bytes come.
        NONE,
        /// A message.
        WHOLE,
        /// The beginning of one that is too large to be shown whole.
        FIRST,
        /// More of that one.
        REST,
        /// No message of this protocol; nothing more can be read.
        BAD
    }

    protected byte[] data = NOTHING;
    protected int at;
    protected int start;

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
        start = 0;
    }

    public abstract Piece next();

    /// Whether the next byte begins a message.
    public abstract boolean atBoundary();

    /// Whether nothing waits.
    public final boolean isEmpty() {
        return at == data.length;
    }

    /// First byte of what was shown last; not for [Piece#REST].
    public final byte type() {
        return data[start];
    }

    /// The array that [#start] and [#end] count in, until the next [#take].
    public final byte[] data() {
        return data;
    }

    public final int start() {
        return start;
    }

    public final int end() {
        return at;
    }

    /// Forgets everything, for another connection.
    public void clear() {
        data = NOTHING;
        at = 0;
        start = 0;
    }
}
