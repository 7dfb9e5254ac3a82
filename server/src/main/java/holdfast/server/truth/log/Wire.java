package holdfast.server.truth.log;

import holdfast.core.truth.Command.Sort.Target;
import holdfast.core.truth.Compare.Field;
import holdfast.core.truth.Compare.Relation;
import java.util.List;

/// Varints and fixed numbers of the protobuf wire format, and the numbers of our enums.
final class Wire {
    /// The place in each list is the number on the wire: add at the end only.
    static final List<Target> TARGETS =
            List.of(Target.KEY, Target.VERSION, Target.CREATE_REVISION, Target.MOD_REVISION, Target.VALUE);

    static final List<Relation> RELATIONS =
            List.of(Relation.EQUAL, Relation.GREATER, Relation.LESS, Relation.NOT_EQUAL);
    static final List<Field> FIELDS = List.of(Field.VERSION, Field.CREATE_REVISION, Field.MOD_REVISION, Field.LEASE);

    private Wire() {}

    static int varintLength(long value) {
        return (63 - Long.numberOfLeadingZeros(value | 1)) / 7 + 1;
    }

    /// Writes at `index`; returns the index after it.
    static int varint(byte[] into, int index, long value) {
        int at = index;
        long rest = value;
        while ((rest & ~0x7fL) != 0) {
            into[at++] = (byte) (rest | 0x80);
            rest >>>= 7;
        }
        into[at++] = (byte) rest;
        return at;
    }

    /// Little endian, 8 bytes.
    static int fixed64(byte[] into, int index, long value) {
        for (int shift = 0; shift < 8; shift++) into[index + shift] = (byte) (value >>> (8 * shift));
        return index + 8;
    }

    static int raw(byte[] into, int index, byte[] from) {
        System.arraycopy(from, 0, into, index, from.length);
        return index + from.length;
    }
}
