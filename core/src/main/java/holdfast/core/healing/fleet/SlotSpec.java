package holdfast.core.healing.fleet;

import java.util.Arrays;
import java.util.Optional;

/// A replication slot of a PostgreSQL cluster's owner, kept on every member.
public record SlotSpec(Type type) {
    /// Of what it keeps the log for.
    public enum Type {
        /// A copy of the log itself, such as `pg_receivewal` makes.
        PHYSICAL("physical");

        private final String key;

        Type(String key) {
            this.key = key;
        }

        /// As the fleet file writes it.
        public String key() {
            return key;
        }

        public static Optional<Type> of(String key) {
            return Arrays.stream(values()).filter(one -> one.key.equals(key)).findFirst();
        }
    }
}
