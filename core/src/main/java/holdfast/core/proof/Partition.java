package holdfast.core.proof;

import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/// Splits a history into parts that share no key: it has an order if and only if each part has one (Herlihy and Wing
/// 1990, locality). Keys that one call touches belong together; a key that no answer depends on, since nobody reads or
/// guards it, ties nothing together.
final class Partition {
    private final SortedMap<String, String> parent = new TreeMap<>();

    private Partition() {}

    static List<List<Call>> of(List<Call> history) {
        Partition partition = new Partition();
        SortedSet<String> written = new TreeSet<>();
        for (Call call : history) {
            if (call.op() instanceof Op.Write write) write.changes().forEach(change -> written.add(change.key()));
        }
        for (Call call : history) partition.lookAt(call.op(), written);
        for (Call call : history) partition.join(partition.keysOf(call.op()));
        SortedMap<String, List<Call>> parts = new TreeMap<>();
        for (Call call : history) {
            List<String> keys = partition.keysOf(call.op());
            if (keys.isEmpty()) continue;
            parts.computeIfAbsent(partition.root(keys.getFirst()), _ -> new ArrayList<>())
                    .add(call);
        }
        return List.copyOf(parts.values());
    }

    /// Enters the keys that answers depend on.
    private void lookAt(Op op, SortedSet<String> written) {
        switch (op) {
            case Op.Write(Op.Guard guard, var _) -> {
                @Nullable String key = Op.guarded(guard);
                if (key != null) parent.putIfAbsent(key, key);
            }
            case Op.Read read -> {
                parent.putIfAbsent(read.key(), read.key());
                if (!read.prefix()) return;
                for (String key : written.tailSet(read.key())) {
                    if (!read.covers(key)) break;
                    parent.putIfAbsent(key, key);
                }
            }
        }
    }

    private List<String> keysOf(Op op) {
        List<String> keys = new ArrayList<>();
        switch (op) {
            case Op.Write(Op.Guard guard, var changes) -> {
                @Nullable String guarded = Op.guarded(guard);
                if (guarded != null) keys.add(guarded);
                for (Op.Change change : changes) if (parent.containsKey(change.key())) keys.add(change.key());
            }
            case Op.Read read -> {
                keys.add(read.key());
                if (read.prefix()) {
                    for (String key : parent.tailMap(read.key()).keySet()) {
                        if (!read.covers(key)) break;
                        keys.add(key);
                    }
                }
            }
        }
        return keys;
    }

    private void join(List<String> keys) {
        for (int index = 1; index < keys.size(); index++) {
            String one = root(keys.getFirst());
            String other = root(keys.get(index));
            if (!one.equals(other)) parent.put(other, one);
        }
    }

    private String root(String key) {
        String at = key;
        while (true) {
            String up = parent.getOrDefault(at, at);
            if (up.equals(at)) return at;
            at = up;
        }
    }
}
