package holdfast.server.base.tls;

import java.security.Security;

/// Libraries put a private key that they read from a PEM file into a PKCS #12 store in memory, encrypted under a
/// password that stands beside it, with 10,000 rounds of hashing to put it in and as many to take it out. That is a
/// tenth
/// of a second of CPU for each connection made anew, and a storm when many are. One round is as good for a store that
/// never leaves memory; nothing here ever writes one to disk.
public final class KeysInMemory {
    private KeysInMemory() {}

    /// Call before the first TLS connection. More than once does no harm.
    public static void makeCheap() {
        Security.setProperty("keystore.pkcs12.keyPbeIterationCount", "1");
    }
}
