package holdfast.server.truth.etcd;

import io.vertx.core.Vertx;
import java.util.Map;
import java.util.concurrent.ThreadLocalRandom;

/// `etcdserverpb.Watch`: opens one [WatchStream] for each call.
final class WatchService {
    private final Vertx vertx;
    private final Gate gate;
    private final EtcdConfig config;
    private final DoorMetrics metrics;

    WatchService(Vertx vertx, Gate gate, EtcdConfig config, DoorMetrics metrics) {
        this.vertx = vertx;
        this.gate = gate;
        this.config = config;
        this.metrics = metrics;
    }

    void addTo(Map<String, Rpc> methods) {
        methods.put("/etcdserverpb.Watch/Watch", this::begin);
    }

    private void begin(Call call) {
        // A tenth by chance, so that streams that began together do not all speak at once.
        long everyMillis = config.progressEvery().toMillis();
        long jitterMillis = ThreadLocalRandom.current().nextLong(Math.max(1, everyMillis / 10));
        new WatchStream(vertx, gate, call, everyMillis + jitterMillis, config.messageBytesMax(), metrics).begin();
    }
}
