package holdfast.core.truth;

import org.jspecify.annotations.Nullable;

/// One change of one key. A delete's `now` carries only the key and the delete's revision.
///
/// @param before the pair as it stood just before; null on a create
public record Event(Kind kind, KeyValue now, @Nullable KeyValue before) {
    public enum Kind {
        PUT,
        DELETE
    }
}
