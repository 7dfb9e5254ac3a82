package holdfast.server.truth;

import holdfast.core.base.KeyRange;

/// What somebody may need the right to, beside what he asks of the store.
public sealed interface Right {
    /// To be anybody at all.
    Right KNOWN = new Known();

    /// To have the role root.
    Right ROOT = new Root();

    record Known() implements Right {}

    record Root() implements Right {}

    record Reads(KeyRange range) implements Right {}
}
