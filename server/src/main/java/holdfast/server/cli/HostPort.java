package holdfast.server.cli;

import holdfast.core.base.Require;

/// `HOST:PORT` of a flag.
///
/// @param port 0 to 65535
record HostPort(String host, int port) {
    static HostPort parse(String key, String text) {
        int colon = text.lastIndexOf(':');
        boolean good = colon > 0 && text.substring(colon + 1).matches("\\d{1,5}");
        Require.that(key, text, good, "HOST:PORT");
        int port = Integer.parseInt(text.substring(colon + 1));
        Require.between(key + " port", port, 0, 65_535);
        return new HostPort(text.substring(0, colon), port);
    }
}
