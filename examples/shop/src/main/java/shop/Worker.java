package shop;

import io.etcd.jetcd.ByteSequence;
import io.etcd.jetcd.KeyValue;
import io.etcd.jetcd.kv.GetResponse;
import io.etcd.jetcd.op.Cmp;
import io.etcd.jetcd.op.CmpTarget;
import io.etcd.jetcd.op.Op;
import io.etcd.jetcd.options.DeleteOption;
import io.etcd.jetcd.options.GetOption;
import io.etcd.jetcd.options.PutOption;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// Ships orders in the background: each one moves from `/shop/to-ship/` to `/shop/shipped/` in a transaction, so that
/// two workers, or one that was frozen and wakes, never ship an order twice.
final class Worker {
    static final String SHIPPED = "/shop/shipped/";
    private static final int ORDERS_PER_TURN_MAX = 40; // two operations each, the store allows 128 in a transaction
    private static final long TURN_MILLIS = 250;

    private final Store store;
    private final String name;

    private Worker(Store store, String name) {
        this.store = store;
        this.name = name;
    }

    static void start(Shop.Options options) throws IOException {
        Store store = new Store(options.store());
        Door door = new Door(options, store::alive);
        door.open();
        Thread.ofPlatform().name("shipping").start(new Worker(store, options.listen())::work);
    }

    private void work() {
        GetOption firstOnes = GetOption.builder()
                .isPrefix(true)
                .withLimit(ORDERS_PER_TURN_MAX)
                .build();
        while (!Thread.currentThread().isInterrupted()) {
            Optional<GetResponse> waiting = store.call(kv -> kv.get(Store.bytes(Orders.TO_SHIP), firstOnes));
            waiting.filter(found -> !found.getKvs().isEmpty()).ifPresent(found -> ship(found.getKvs()));
            Pause.millis(TURN_MILLIS);
        }
    }

    /// All or none: when another worker was faster with one of them, the next turn sees what is left.
    private void ship(List<KeyValue> orders) {
        List<Cmp> stillWaiting = new ArrayList<>();
        List<Op> moves = new ArrayList<>();
        for (KeyValue order : orders) {
            String id = order.getKey().toString().substring(Orders.TO_SHIP.length());
            ByteSequence by = Store.bytes(name);
            stillWaiting.add(new Cmp(order.getKey(), Cmp.Op.EQUAL, CmpTarget.modRevision(order.getModRevision())));
            moves.add(Op.delete(order.getKey(), DeleteOption.DEFAULT));
            moves.add(Op.put(Store.bytes(SHIPPED + id), by, PutOption.DEFAULT));
        }
        store.txn(stillWaiting, moves, List.of());
    }
}
