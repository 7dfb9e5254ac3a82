package shop;

import io.etcd.jetcd.Client;
import io.etcd.jetcd.Watch;
import io.etcd.jetcd.kv.GetResponse;
import io.etcd.jetcd.options.GetOption;
import io.etcd.jetcd.options.WatchOption;
import io.etcd.jetcd.watch.WatchEvent;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Where the healthy instances of a service are, kept fresh by a watch on `/holdfast/endpoints/<service>/`.
/// While the store is away the last known list stays in use.
final class Endpoints {
    private static final Pattern ADDRESS = Pattern.compile("\"address\"\\s*:\\s*\"([^\"]+)\"");
    private static final long LOOK_MILLIS = 250;

    private final Store store;
    private final String prefix;
    private final Map<String, String> addressOfKey = new ConcurrentSkipListMap<>();

    Endpoints(Store store, String service) {
        this.store = store;
        prefix = "/holdfast/endpoints/" + service + "/";
        Thread.ofVirtual().name("endpoints of " + service).start(this::follow);
    }

    /// IP:PORT of each, in the order of their numbers.
    List<String> addresses() {
        return List.copyOf(addressOfKey.values());
    }

    private void follow() {
        while (!Thread.currentThread().isInterrupted()) {
            Client client = store.client();
            readAll().ifPresent(revision -> watch(client, revision + 1));
            Pause.millis(LOOK_MILLIS);
        }
    }

    private Optional<Long> readAll() {
        GetOption all = GetOption.builder().isPrefix(true).build();
        Optional<GetResponse> read = store.call(kv -> kv.get(Store.bytes(prefix), all));
        read.ifPresent(found -> {
            addressOfKey
                    .keySet()
                    .retainAll(found.getKvs().stream()
                            .map(kv -> kv.getKey().toString())
                            .toList());
            found.getKvs()
                    .forEach(kv -> put(kv.getKey().toString(), kv.getValue().toString()));
        });
        return read.map(found -> found.getHeader().getRevision());
    }

    /// Until the watch ends or the connection under it is replaced.
    private void watch(Client client, long fromRevision) {
        AtomicBoolean ended = new AtomicBoolean();
        WatchOption option =
                WatchOption.builder().isPrefix(true).withRevision(fromRevision).build();
        Watch.Listener listener = Watch.listener(
                response -> response.getEvents().forEach(this::apply), _ -> ended.set(true), () -> ended.set(true));
        try (Watch.Watcher _ = client.getWatchClient().watch(Store.bytes(prefix), option, listener)) {
            while (!ended.get() && client.equals(store.client())) Pause.millis(LOOK_MILLIS);
        }
    }

    private void apply(WatchEvent event) {
        String key = event.getKeyValue().getKey().toString();
        if (event.getEventType() == WatchEvent.EventType.DELETE) addressOfKey.remove(key);
        else put(key, event.getKeyValue().getValue().toString());
    }

    private void put(String key, String value) {
        Matcher address = ADDRESS.matcher(value);
        if (address.find()) addressOfKey.put(key, address.group(1));
    }
}
