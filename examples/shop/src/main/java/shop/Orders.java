package shop;

import io.etcd.jetcd.ByteSequence;
import io.etcd.jetcd.KeyValue;
import io.etcd.jetcd.kv.GetResponse;
import io.etcd.jetcd.op.Cmp;
import io.etcd.jetcd.op.CmpTarget;
import io.etcd.jetcd.op.Op;
import io.etcd.jetcd.options.GetOption;
import io.etcd.jetcd.options.PutOption;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;

/// Stores orders. `POST /orders` with an `Order-Id` header and the order as body:
///
/// - 201: the order is durable, now or since an earlier try with the same id and body
/// - 409: another order has this id
/// - 503: the store did not answer in time; it may or may not be stored: try again with the same id
///
/// `GET /orders/ID`: 200 with the order, 404, or 503.
final class Orders {
    static final String PREFIX = "/shop/orders/";
    static final String TO_SHIP = "/shop/to-ship/";
    private static final Pattern ID = Pattern.compile("[A-Za-z0-9-]{1,64}");

    private final Store store;

    private Orders(Store store) {
        this.store = store;
    }

    static void start(Shop.Options options) throws IOException {
        Store store = new Store(options.store());
        Orders orders = new Orders(store);
        Door door = new Door(options, store::alive);
        door.on("/orders", (request, body) -> switch (request.getRequestMethod()) {
            case "POST" -> orders.place(request.getRequestHeaders().getFirst("Order-Id"), body);
            case "GET" -> orders.find(request.getRequestURI().getPath());
            default -> new Door.Answer(405, "POST or GET");
        });
        door.open();
    }

    private Door.Answer place(String id, String order) {
        if (id == null || !ID.matcher(id).matches())
            return new Door.Answer(400, "Order-Id: 1 to 64 letters, digits, -");
        ByteSequence key = Store.bytes(PREFIX + id);
        ByteSequence value = Store.bytes(order);
        return store.txn(
                        List.of(new Cmp(key, Cmp.Op.EQUAL, CmpTarget.version(0))),
                        List.of(
                                Op.put(key, value, PutOption.DEFAULT),
                                Op.put(Store.bytes(TO_SHIP + id), value, PutOption.DEFAULT)),
                        List.of(Op.get(key, GetOption.DEFAULT)))
                .map(done -> done.isSucceeded() || isSame(done.getGetResponses(), value)
                        ? new Door.Answer(201, id)
                        : new Door.Answer(409, "another order has the id " + id))
                .orElse(new Door.Answer(503, "the store did not answer in time"));
    }

    private Door.Answer find(String path) {
        String id = path.substring(path.lastIndexOf('/') + 1);
        Optional<GetResponse> found = store.call(kv -> kv.get(Store.bytes(PREFIX + id)));
        if (found.isEmpty()) return new Door.Answer(503, "the store did not answer in time");
        List<KeyValue> orders = found.get().getKvs();
        return orders.isEmpty()
                ? new Door.Answer(404, "no order " + id)
                : new Door.Answer(200, orders.getFirst().getValue().toString());
    }

    private static boolean isSame(List<GetResponse> present, ByteSequence value) {
        return present.stream()
                .flatMap(read -> read.getKvs().stream())
                .anyMatch(kv -> kv.getValue().equals(value));
    }
}
