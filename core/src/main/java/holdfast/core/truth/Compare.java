package holdfast.core.truth;

import holdfast.core.base.Bytes;
import holdfast.core.base.KeyRange;

/// One condition of a transaction: every key of `range` must stand in `relation` to the operand. An empty range
/// is compared once as all zeros, but a VALUE of a missing key never compares true (etcd v3 API, `Compare`).
public sealed interface Compare {
    KeyRange range();

    Relation relation();

    enum Relation {
        EQUAL,
        GREATER,
        LESS,
        NOT_EQUAL
    }

    enum Field {
        VERSION,
        CREATE_REVISION,
        MOD_REVISION,
        LEASE
    }

    record OfField(KeyRange range, Relation relation, Field field, long operand) implements Compare {}

    record OfValue(KeyRange range, Relation relation, Bytes operand) implements Compare {}
}
