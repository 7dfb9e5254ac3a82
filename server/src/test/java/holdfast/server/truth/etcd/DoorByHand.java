package holdfast.server.truth.etcd;

import io.vertx.core.Vertx;

/// Opens the door over memory on a given port, to be tried by hand.
final class DoorByHand {
    public static void main(String[] arguments) throws Exception {
        EtcdDoor door = EtcdDoor.open(
                EtcdConfig.at("127.0.0.1", Integer.parseInt(arguments[0])), Vertx.vertx(), new MemoryStore(), () -> "");
        System.out.println("open on " + door.port());
        Thread.currentThread().join();
    }
}
