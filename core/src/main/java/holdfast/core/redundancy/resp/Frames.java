package holdfast.core.redundancy.resp;

import holdfast.core.redundancy.frames.Cutter;

/// Commands or replies of Redis' protocol, versions 2 and 3, without decoding them (Redis documentation, "Redis
/// serialization protocol specification"). No byte is looked at twice.
///
/// A reply is counted, not built: one element is missing at first; an array of three adds three and is one itself, a
/// map of
/// three adds six, an attribute adds its pairs and is none. It ends when none is missing. Example: after `*2 $3 get $1`
/// one is missing, with the `k` none.
public final class Frames extends Cutter {
    private static final long BULK_BYTES_MAX = 1L << 32; // Redis allows 512 MiB unless it is told otherwise
    private static final long ELEMENTS_MAX = Integer.MAX_VALUE;
    private static final long MISSING_MAX = 1L << 40;
    private static final int INLINE_BYTES_MAX = 64 * 1024; // Redis' own bound

    /// Who speaks.
    public enum Side {
        /// A client: arrays of bulk strings, or words on a line.
        COMMANDS,
        /// A server.
        REPLIES
    }

    private enum Expected {
        TYPE,
        /// A number that ends its line.
        NUMBER,
        /// What is left of a line that means nothing here.
        LINE,
        /// So many bytes.
        BODY,
        NEVER
    }

    private final Side side;
    private final int wholeMaxBytes;
    private int scanned; // what lies before is done
    private Expected expected = Expected.TYPE;
    private long missing; // elements, 0 at a boundary
    private byte type; // of the element
    private long number;
    private int digits;
    private boolean negative;
    private boolean returned; // the line's carriage return is behind
    private long bodyBytes;
    private int lineBytes;
    private boolean streaming;

    /// @param wholeMaxBytes largest that is shown whole, at least 1
    public Frames(Side side, int wholeMaxBytes) {
        this.side = side;
        this.wholeMaxBytes = wholeMaxBytes;
    }

    @Override
    public void take(byte[] chunk) {
        scanned -= at;
        super.take(chunk);
    }

    @Override
    public Piece next() {
        start = at;
        if (scan()) {
            at = scanned;
            boolean rest = streaming;
            streaming = false;
            return rest ? Piece.REST : Piece.WHOLE;
        }
        if (expected == Expected.NEVER) return Piece.BAD;
        if (!streaming && data.length - at <= wholeMaxBytes) return Piece.NONE;
        if (data.length == at) return Piece.NONE;
        at = data.length;
        boolean rest = streaming;
        streaming = true;
        return rest ? Piece.REST : Piece.FIRST;
    }

    /// Takes back what [#next] has shown, which was [Piece#WHOLE] or [Piece#FIRST]: it is shown again.
    public void back() {
        at = start;
        scanned = start;
        missing = 0;
        expected = Expected.TYPE;
        streaming = false;
    }

    @Override
    public boolean atBoundary() {
        return !streaming;
    }

    @Override
    public void clear() {
        super.clear();
        scanned = 0;
        missing = 0;
        expected = Expected.TYPE;
        streaming = false;
    }

    /// Goes on to the end of a command or reply; false when bytes are missing, or it is none.
    private boolean scan() {
        boolean ended = false;
        while (!ended && scanned < data.length && expected != Expected.NEVER) {
            ended = switch (expected) {
                case TYPE -> type(data[scanned]);
                case NUMBER -> digit(data[scanned++]);
                case LINE -> line();
                case BODY -> body();
                case NEVER -> false;
            };
        }
        return ended;
    }

    private boolean type(byte found) {
        type = found;
        number = 0;
        digits = 0;
        negative = false;
        returned = false;
        if (missing == 0) {
            missing = 1;
            lineBytes = 0;
        }
        if (side == Side.COMMANDS) return command(found);
        expected = switch (found) {
            case '+', '-', ':', '_', '#', ',', '(' -> Expected.LINE;
            case '$', '=', '!', '*', '~', '>', '%', '|' -> Expected.NUMBER;
            default -> Expected.NEVER;
        };
        scanned++;
        return false;
    }

    private boolean command(byte found) {
        if (found == '$' && missing > 1) {
            expected = Expected.NUMBER;
            scanned++;
        } else if (missing > 1) {
            expected = Expected.NEVER;
        } else if (found == '*') {
            expected = Expected.NUMBER;
            scanned++;
        } else {
            expected = Expected.LINE;
        }
        return false;
    }

    private boolean digit(byte found) {
        if (returned) {
            if (found != '\n') expected = Expected.NEVER;
            return found == '\n' && counted(negative ? -number : number);
        }
        if (found >= '0' && found <= '9' && number <= BULK_BYTES_MAX) {
            number = 10 * number + (found - '0');
            digits++;
        } else if (found == '-' && digits == 0 && !negative) {
            negative = true;
        } else if (found == '\r' && digits > 0) {
            returned = true;
        } else {
            expected = Expected.NEVER;
        }
        return false;
    }

    private boolean counted(long count) {
        expected = Expected.TYPE;
        if (type == '$' || type == '=' || type == '!') {
            if ((count < 0 && side == Side.COMMANDS) || count > BULK_BYTES_MAX) {
                expected = Expected.NEVER;
                return false;
            }
            if (count < 0) return one();
            bodyBytes = count + 2;
            expected = Expected.BODY;
            return false;
        }
        long more = Math.max(0, count);
        if (type == '%' || type == '|') more *= 2;
        if (more > ELEMENTS_MAX || missing + more > MISSING_MAX) {
            expected = Expected.NEVER;
            return false;
        }
        missing += more;
        if (type == '|') return false;
        // A command's array stays missing until its last word, so that words are told from what begins one.
        return side == Side.COMMANDS ? more == 0 && one() : one();
    }

    private boolean one() {
        missing--;
        if (side == Side.COMMANDS && missing == 1) missing = 0; // the array itself
        expected = Expected.TYPE;
        return missing == 0;
    }

    private boolean line() {
        while (scanned < data.length) {
            if (data[scanned++] == '\n') return one();
            if (side == Side.COMMANDS && ++lineBytes > INLINE_BYTES_MAX) {
                expected = Expected.NEVER;
                return false;
            }
        }
        return false;
    }

    private boolean body() {
        int taken = (int) Math.min(data.length - scanned, bodyBytes);
        scanned += taken;
        bodyBytes -= taken;
        return bodyBytes == 0 && one();
    }
}
