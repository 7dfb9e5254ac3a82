package holdfast.core.base;

import com.google.errorprone.annotations.FormatMethod;

/// Invariants that stay on in production. A broken one is a bug: it halts the core that holds it, nothing else.
public final class Check {
    private Check() {}

    /// Throws [IllegalStateException] with the numbers unless `holds`.
    @FormatMethod
    public static void invariant(boolean holds, String format, Object... numbers) {
        if (!holds) throw new IllegalStateException(String.format(format, numbers));
    }
}
