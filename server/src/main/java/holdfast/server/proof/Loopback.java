package holdfast.server.proof;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/// Hosts that are only names: plain processes, each host with an address of its own on the loopback interface.
final class Loopback implements Wiring {
    private static final int FIRST = 11;
    private final Map<String, String> addressOfHost = new TreeMap<>();

    @Override
    public String addHost(String host) {
        return addressOfHost.computeIfAbsent(host, _ -> "127.0.77." + (FIRST + addressOfHost.size()));
    }

    @Override
    public List<String> enter(String host) {
        return List.of();
    }

    @Override
    public String cut(String host, Cut way) {
        return leftOut();
    }

    @Override
    public String silence(String host, List<String> others) {
        return others.isEmpty() ? "" : leftOut();
    }

    @Override
    public void heal(String host) {
        // nothing can be cut
    }

    @Override
    public String leftOut() {
        return "hosts are plain processes here (network namespaces need root and `ip` on Linux), so no cable can be cut";
    }
}
