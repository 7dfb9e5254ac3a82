package holdfast.server.cli.etcd;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.Arrays;
import java.util.Collection;
import java.util.Set;
import java.util.stream.Collectors;

/// Whether two URLs name the same place: by their text, else by what their hosts resolve to.
final class PeerNames {
    private PeerNames() {}

    static boolean contains(Collection<String> urls, String url) {
        return urls.contains(url) || urls.stream().anyMatch(other -> same(other, url));
    }

    private static boolean same(String one, String other) {
        boolean alike = scheme(one).equals(scheme(other)) && port(one).equals(port(other));
        if (!alike) return false;
        try {
            Set<InetAddress> resolved = Arrays.stream(InetAddress.getAllByName(EtcdSettings.host(one)))
                    .collect(Collectors.toSet());
            return Arrays.stream(InetAddress.getAllByName(EtcdSettings.host(other)))
                    .anyMatch(resolved::contains);
        } catch (UnknownHostException _) {
            return false;
        }
    }

    private static String scheme(String url) {
        return url.substring(0, url.indexOf(':'));
    }

    private static String port(String url) {
        return url.substring(url.lastIndexOf(':'));
    }
}
