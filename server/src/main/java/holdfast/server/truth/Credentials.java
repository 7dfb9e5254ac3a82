package holdfast.server.truth;

/// What somebody shows to say who he is.
public sealed interface Credentials {
    Credentials NONE = new None();

    /// The server itself: nothing is denied to it. Never for what a client asked.
    Credentials HOUSE = new House();

    record None() implements Credentials {}

    record House() implements Credentials {}

    record Token(String text) implements Credentials {}

    /// A verified certificate.
    record Certificate(String commonName) implements Credentials {}
}
