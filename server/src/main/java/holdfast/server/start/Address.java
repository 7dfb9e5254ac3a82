package holdfast.server.start;

import holdfast.core.base.Require;

/// Where something listens.
///
/// @param host name or number; an IPv6 number without brackets
/// @param port 0 to 65_535; 0 lets the system pick
public record Address(String host, int port) {

    /// @param key names the setting in the refusal
    public static Address parse(String key, String text) {
        int colon = text.lastIndexOf(':');
        Require.that(key, text, colon > 0 && text.substring(colon + 1).matches("[0-9]{1,5}"), "HOST:PORT");
        int port = Integer.parseInt(text.substring(colon + 1));
        Require.that(key, text, port <= 65_535, "HOST:PORT with a port of at most 65535");
        String host = text.substring(0, colon);
        boolean bracketed = host.startsWith("[") && host.endsWith("]");
        Require.that(key, text, bracketed || !host.contains(":"), "HOST:PORT, an IPv6 number in brackets");
        return new Address(bracketed ? host.substring(1, host.length() - 1) : host, port);
    }

    @Override
    public String toString() {
        return (host.contains(":") ? "[" + host + "]" : host) + ":" + port;
    }
}
