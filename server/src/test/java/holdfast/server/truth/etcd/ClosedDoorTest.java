package holdfast.server.truth.etcd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

import holdfast.protocol.etcd.LeaseKeepAliveRequest;
import holdfast.server.base.Metrics;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/// A member stops from the outside in: its doors and their threads are gone while the log still answers.
final class ClosedDoorTest {
    private final Vertx clients = Vertx.vertx();
    private final MemoryStore store = new MemoryStore();

    @AfterEach
    void close() throws Exception {
        store.close();
        DoorClient.get(clients.close());
    }

    @Test
    void renewal_answeredAfterTheDoorClosed_isDroppedWithoutAWord() throws Exception {
        Vertx ofDoor = Vertx.vertx();
        EtcdDoor door = EtcdDoor.open(EtcdConfig.at("127.0.0.1", 0), ofDoor, store, new DoorMetrics(new Metrics()));
        store.holdsRenewals = true;
        try (DoorClient client = new DoorClient(clients, door.port())) {
            var call = client.open("etcdserverpb.Lease/LeaseKeepAlive", Map.of());
            var _ = call.write(Buffer.buffer(
                    LeaseKeepAliveRequest.newBuilder().setID(7).build().toByteArray()));
            DoorClient.await(() -> !store.heldRenewals.isEmpty());
            door.close();
            DoorClient.get(ofDoor.close());
            assertThat(store.heldRenewals).hasSize(1);
            assertThatCode(() -> store.heldRenewals.getFirst().run()).doesNotThrowAnyException();
        }
    }
}
