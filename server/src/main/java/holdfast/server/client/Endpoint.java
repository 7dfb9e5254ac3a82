package holdfast.server.client;

import holdfast.core.base.Require;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/// Where one member of the store takes clients: `http://HOST:PORT` or `https://HOST:PORT`.
///
/// @param port 1 to 65535
public record Endpoint(String host, int port, boolean tls) {
    private static final Pattern URL =
            Pattern.compile("(?:(https?)://)?(\\[[0-9a-fA-F:]+]|[^:/\\s]+)(?::(\\d{1,5}))?/?");
    private static final int PORT = 2379;

    public Endpoint {
        Require.between("store port", port, 1, 65_535);
    }

    /// @param url `http://h:2379`, `https://h:2379`, or `h:2379` for plain text; the port is 2379 when left out
    /// @throws Require.BadValue when it is none of these
    public static Endpoint parse(String url) {
        Matcher parts = URL.matcher(url.strip());
        Require.that("store", url, parts.matches(), "http://HOST:PORT or https://HOST:PORT");
        String port = parts.group(3);
        return new Endpoint(
                parts.group(2), port == null ? PORT : Integer.parseInt(port), "https".equals(parts.group(1)));
    }

    /// Several, separated by commas.
    public static List<Endpoint> parseAll(String urls) {
        return Stream.of(urls.split(",")).map(Endpoint::parse).toList();
    }

    @Override
    public String toString() {
        return (tls ? "https://" : "http://") + host + ":" + port;
    }
}
