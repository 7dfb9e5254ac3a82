package holdfast.server.start;

import holdfast.server.start.DataFolder.Owner;
import holdfast.server.truth.raft.RaftLog.Peer;
import java.util.ArrayList;
import java.util.List;

/// Who forms a cluster, the same on all of its first members: they number themselves by the order of their names.
final class Founding {
    private Founding() {}

    /// Who owns a fresh folder.
    static Owner of(ServerConfig config) {
        List<Peer> seeds = seeds(config);
        int member = seeds.stream()
                .filter(seed -> seed.name().equals(config.name()))
                .mapToInt(Peer::id)
                .findFirst()
                .orElseThrow();
        return new Owner(clusterId(config, seeds), member, config.name(), seeds);
    }

    private static List<Peer> seeds(ServerConfig config) {
        List<Peer> seeds = new ArrayList<>();
        for (ServerConfig.Seed seed : config.initialCluster()) {
            seeds.add(new Peer(seeds.size() + 1, seed.name(), seed.peer().toString(), true));
        }
        return seeds;
    }

    /// From the token and who formed the cluster (FNV-1a, 64 bits).
    private static long clusterId(ServerConfig config, List<Peer> seeds) {
        long hash = 0xcbf29ce484222325L;
        String text = config.clusterToken() + seeds;
        for (int index = 0; index < text.length(); index++) {
            hash = (hash ^ text.charAt(index)) * 0x100000001b3L;
        }
        return hash == 0 ? 1 : hash;
    }
}
