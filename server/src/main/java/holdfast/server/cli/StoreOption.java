package holdfast.server.cli;

import holdfast.core.base.Require;
import holdfast.server.client.ClientTls;
import holdfast.server.client.Endpoint;
import holdfast.server.client.EtcdConfig;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/// The mixin of every command that talks to a store, ours or any etcd v3.
final class StoreOption {
    static final String STANDARD = "http://127.0.0.1:2379";

    @Option(
            names = {"--store", "--endpoints"},
            paramLabel = "URL,...",
            description = "Members of the store, http or https (default: $$HOLDFAST_STORE, else " + STANDARD + ").")
    private @Nullable String urls;

    @Option(names = "--cacert", paramLabel = "FILE", description = "PEM: what the store's certificate must chain to.")
    private @Nullable Path authority;

    @Option(names = "--cert", paramLabel = "FILE", description = "PEM: our certificate, for mutual TLS.")
    private @Nullable Path certificate;

    @Option(names = "--key", paramLabel = "FILE", description = "PEM: the key of --cert (PKCS #8).")
    private @Nullable Path key;

    /// Whether a store was named by flag; the environment does not count.
    boolean flagged() {
        return urls != null;
    }

    /// @throws Require.BadValue for what is not a URL, or a certificate without its key
    EtcdConfig config() {
        String named = urls != null ? urls : System.getenv().getOrDefault("HOLDFAST_STORE", STANDARD);
        return EtcdConfig.of(Endpoint.parseAll(named)).withTls(new ClientTls(authority, certificate, key));
    }

    @Nullable
    Path authority() {
        return authority;
    }

    @Nullable
    Path certificate() {
        return certificate;
    }

    @Nullable
    Path key() {
        return key;
    }
}
