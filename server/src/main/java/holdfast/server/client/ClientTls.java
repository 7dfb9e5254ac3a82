package holdfast.server.client;

import holdfast.core.base.Require;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/// How to trust the store and how to be trusted by it. All files are PEM.
///
/// @param authority certificates that the store's own must chain to; null means those of the Java runtime
/// @param certificate our certificate for mutual TLS, with `key`; both or neither
public record ClientTls(
        @Nullable Path authority,
        @Nullable Path certificate,
        @Nullable Path key) {
    public static final ClientTls NONE = new ClientTls(null, null, null);

    public ClientTls {
        Require.that("tls certificate", certificate + "", (certificate == null) == (key == null), "given with its key");
    }
}
