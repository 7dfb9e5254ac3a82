package holdfast.core.proof.sim;

import holdfast.core.base.Bytes;
import java.util.ArrayList;
import java.util.List;

/// Values of the simulated ledger: the store holds a number, the vault the immutable record behind it. Stands for
/// the JSON of the real ledger.
final class Vault {
    private final List<Object> values = new ArrayList<>();

    Bytes put(Object value) {
        values.add(value);
        return Bytes.utf8(Integer.toString(values.size() - 1));
    }

    <T> T get(Bytes value, Class<T> type) {
        return type.cast(values.get(Integer.parseInt(value.utf8())));
    }
}
