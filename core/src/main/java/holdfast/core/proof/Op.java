package holdfast.core.proof;

import java.util.List;
import org.jspecify.annotations.Nullable;

/// What a client asked for. Keys and values are text; every value that is ever put is put once in a history, so that
/// whoever sees it knows which write it was.
public sealed interface Op {
    /// A linearizable read of one key, or of all keys that begin with `key`.
    record Read(String key, boolean prefix) implements Op {
        public boolean covers(String other) {
            return prefix ? other.startsWith(key) : other.equals(key);
        }
    }

    /// All of `changes` at one revision if the guard holds, else nothing.
    ///
    /// @param changes at least one, each of another key
    record Write(Guard guard, List<Change> changes) implements Op {
        public Write {
            changes = List.copyOf(changes);
        }

        boolean changes(String key) {
            return changes.stream().anyMatch(change -> change.key().equals(key));
        }
    }

    /// @param value null deletes
    record Change(String key, @Nullable String value) {}

    sealed interface Guard {
        record Always() implements Guard {}

        record Present(String key) implements Guard {}

        /// @param revision the key's last write; 0 for no such key
        record WrittenAt(String key, long revision) implements Guard {}
    }

    /// The key that a guard looks at, if it looks at any.
    static @Nullable String guarded(Guard guard) {
        return switch (guard) {
            case Guard.Always _ -> null;
            case Guard.Present(String key) -> key;
            case Guard.WrittenAt(String key, long _) -> key;
        };
    }

    static Write put(String key, String value) {
        return new Write(new Guard.Always(), List.of(new Change(key, value)));
    }

    static Write delete(String key) {
        return new Write(new Guard.Present(key), List.of(new Change(key, null)));
    }

    static Write swap(String key, long revision, String value) {
        return new Write(new Guard.WrittenAt(key, revision), List.of(new Change(key, value)));
    }
}
