package holdfast.core.truth;

import holdfast.core.base.Bytes;
import holdfast.core.base.KeyRange;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// etcd's rules written down as plainly as can be: a full copy of the map for every revision. Knows nothing of
/// the keyspace's code, and is right by being simple.
final class Model {
    final TreeMap<Long, TreeMap<Bytes, KeyValue>> states = new TreeMap<>();
    final List<Event> events = new ArrayList<>();
    final TreeMap<Long, Long> leases = new TreeMap<>();
    final TreeMap<Bytes, Bytes> system = new TreeMap<>();
    final TreeMap<Alarm.Kind, TreeMap<Long, Alarm>> alarms = new TreeMap<>();
    long revision = 1;
    long compactRevision = -1;
    long index;
    long term;
    long millis;

    Model() {
        states.put(1L, new TreeMap<>());
    }

    /// What it was at this moment, for views.
    Model copy() {
        Model copy = new Model();
        copy.states.putAll(states);
        copy.events.addAll(events);
        copy.leases.putAll(leases);
        copy.system.putAll(system);
        copy.revision = revision;
        copy.compactRevision = compactRevision;
        return copy;
    }

    Applied apply(long entryIndex, long entryTerm, Batch batch) {
        if (entryIndex <= index) return new Applied(entryIndex, revision, List.of(), List.of());
        index = entryIndex;
        term = entryTerm;
        millis = Math.max(millis, batch.leaderMillis());
        int eventsBefore = events.size();
        List<Applied.Answer> answers = new ArrayList<>();
        for (Command command : batch.commands()) {
            Write write = new Write();
            Reply reply = barred(command) ? new Reply.Refused(barrier()) : write.run(command);
            if (!write.events.isEmpty()) {
                revision++;
                states.put(revision, write.map);
                events.addAll(write.events);
            }
            answers.add(new Applied.Answer(revision, reply));
        }
        return new Applied(index, revision, answers, List.copyOf(events.subList(eventsBefore, events.size())));
    }

    List<Alarm> standing() {
        return alarms.values().stream().flatMap(of -> of.values().stream()).toList();
    }

    private boolean stands(Alarm.Kind kind) {
        return standing().stream().anyMatch(alarm -> alarm.kind() == kind);
    }

    private Refusal barrier() {
        return stands(Alarm.Kind.CORRUPT) ? Refusal.CORRUPT : Refusal.NO_SPACE;
    }

    private boolean barred(Command command) {
        if (command instanceof Command.SystemPut || command instanceof Command.SetAlarm) return false;
        return stands(Alarm.Kind.CORRUPT) || (stands(Alarm.Kind.NO_SPACE) && takesRoom(command));
    }

    private static boolean takesRoom(Command command) {
        if (command instanceof Command.Txn txn)
            return txn.success().stream().anyMatch(Model::takesRoom)
                    || txn.failure().stream().anyMatch(Model::takesRoom);
        return command instanceof Command.Put || command instanceof Command.LeaseGrant;
    }

    /// What all that can be read counts.
    Stock stock() {
        List<Event> readable = new ArrayList<>();
        for (Event event : events) if (event.now().modRevision() >= compactRevision) readable.add(event);
        long bytes = 64L * leases.size();
        for (Event event : readable) bytes += bytes(event.now());
        if (compactRevision > 0)
            for (KeyValue pair : states.get(compactRevision).values())
                if (pair.modRevision() < compactRevision) bytes += bytes(pair);
        return new Stock(bytes, states.get(revision).size(), standing());
    }

    private static long bytes(KeyValue pair) {
        return 64L + pair.key().size() + pair.value().size();
    }

    Reply range(Command.Range query) {
        Refusal refusal = refusal(query);
        return refusal != null ? new Reply.Refused(refusal) : page(query, states.get(at(query)));
    }

    Reply read(Command.Txn txn) {
        return new Write().run(txn);
    }

    List<Bytes> attached(long lease) {
        return states.get(revision).values().stream()
                .filter(pair -> pair.lease() == lease)
                .map(KeyValue::key)
                .toList();
    }

    private long at(Command.Range query) {
        return query.atRevision() <= 0 ? revision : query.atRevision();
    }

    private @Nullable Refusal refusal(Command.Range query) {
        if (query.atRevision() > revision) return Refusal.REVISION_IN_FUTURE;
        if (query.atRevision() > 0 && query.atRevision() < compactRevision) return Refusal.REVISION_COMPACTED;
        return null;
    }

    private static List<KeyValue> in(KeyRange range, TreeMap<Bytes, KeyValue> map) {
        return map.values().stream().filter(pair -> range.contains(pair.key())).toList();
    }

    private static Reply.Page page(Command.Range query, TreeMap<Bytes, KeyValue> map) {
        List<KeyValue> all = in(query.range(), map);
        if (query.countOnly()) return new Reply.Page(List.of(), all.size(), false);
        List<KeyValue> pairs = new ArrayList<>();
        for (KeyValue pair : all) {
            if (query.minModRevision() != 0 && pair.modRevision() < query.minModRevision()) continue;
            if (query.maxModRevision() != 0 && pair.modRevision() > query.maxModRevision()) continue;
            if (query.minCreateRevision() != 0 && pair.createRevision() < query.minCreateRevision()) continue;
            if (query.maxCreateRevision() != 0 && pair.createRevision() > query.maxCreateRevision()) continue;
            pairs.add(pair);
        }
        Comparator<KeyValue> order = switch (query.sort().target()) {
            case KEY -> Comparator.comparing(KeyValue::key);
            case VERSION -> Comparator.comparing(KeyValue::version);
            case CREATE_REVISION -> Comparator.comparing(KeyValue::createRevision);
            case MOD_REVISION -> Comparator.comparing(KeyValue::modRevision);
            case VALUE -> Comparator.comparing(KeyValue::value);
        };
        if (!query.sort().ascending()) order = order.reversed();
        pairs.sort(order.thenComparing(KeyValue::key));
        boolean more = query.limitKeys() > 0 && pairs.size() > query.limitKeys();
        while (more && pairs.size() > query.limitKeys()) pairs.removeLast();
        if (query.keysOnly())
            pairs.replaceAll(pair -> new KeyValue(
                    pair.key(), Bytes.EMPTY, pair.createRevision(), pair.modRevision(), pair.version(), pair.lease()));
        return new Reply.Page(pairs, all.size(), more);
    }

    /// One command on a copy of the newest map.
    private final class Write {
        final TreeMap<Bytes, KeyValue> before = states.get(revision);
        final TreeMap<Bytes, KeyValue> map = new TreeMap<>(before);
        final List<Event> events = new ArrayList<>();

        Reply run(Command command) {
            if (command instanceof Command.Op op) {
                Refusal refusal = op instanceof Command.Put put && putRefusal(put) == Refusal.KEY_NOT_FOUND
                        ? leaseFirst(put)
                        : refusal(op, true);
                if (refusal == null) refusal = refusal(op, false);
                return refusal != null ? new Reply.Refused(refusal) : carryOut(op);
            }
            return switch (command) {
                case Command.LeaseGrant(long id, long ttl) -> {
                    if (leases.containsKey(id)) yield new Reply.Refused(Refusal.LEASE_EXISTS);
                    leases.put(id, ttl);
                    yield new Reply.Granted(id, ttl);
                }
                case Command.LeaseRevoke(long id) -> revoke(id);
                case Command.LeaseExpire(long id, long ofTerm) ->
                    ofTerm < term ? new Reply.Refused(Refusal.TERM_PASSED) : revoke(id);
                case Command.Compact(long to) -> {
                    if (to <= compactRevision) yield new Reply.Refused(Refusal.REVISION_COMPACTED);
                    if (to > revision) yield new Reply.Refused(Refusal.REVISION_IN_FUTURE);
                    compactRevision = to;
                    yield new Reply.Compacted();
                }
                case Command.SystemPut(Bytes key, Bytes value) -> {
                    if (value.isEmpty()) system.remove(key);
                    else system.put(key, value);
                    yield new Reply.Putted(null);
                }
                case Command.SetAlarm(Alarm alarm, boolean raised) -> {
                    TreeMap<Long, Alarm> of = alarms.computeIfAbsent(alarm.kind(), _ -> new TreeMap<>());
                    Alarm old = of.remove(alarm.memberId());
                    if (!raised) yield new Reply.Alarmed(old == null ? List.of() : List.of(alarm));
                    boolean byStore = alarm.raisedByStore() && (old == null || old.raisedByStore());
                    Alarm now = new Alarm(alarm.memberId(), alarm.kind(), byStore);
                    of.put(alarm.memberId(), now);
                    yield new Reply.Alarmed(List.of(now));
                }
                case Command.Op op -> throw new AssertionError(op);
                case Command.AuthChange change -> throw new AssertionError(change); // see AuthTest
                case Command.OnBehalf judged -> throw new AssertionError(judged);
            };
        }

        private Refusal leaseFirst(Command.Put put) {
            return put.lease() != 0 && !leases.containsKey(put.lease())
                    ? Refusal.LEASE_NOT_FOUND
                    : Refusal.KEY_NOT_FOUND;
        }

        private @Nullable Refusal putRefusal(Command.Put put) {
            if ((put.keepValue() || put.keepLease()) && !before.containsKey(put.key())) return Refusal.KEY_NOT_FOUND;
            return put.lease() != 0 && !leases.containsKey(put.lease()) ? Refusal.LEASE_NOT_FOUND : null;
        }

        private @Nullable Refusal refusal(Command.Op op, boolean puts) {
            if (op instanceof Command.Txn txn) {
                for (Command.Op inner : branch(txn)) {
                    Refusal refusal = refusal(inner, puts);
                    if (refusal != null) return refusal;
                }
            }
            if (op instanceof Command.Put put && puts) return putRefusal(put);
            return op instanceof Command.Range range && !puts ? Model.this.refusal(range) : null;
        }

        private List<Command.Op> branch(Command.Txn txn) {
            return txn.compares().stream().allMatch(this::holds) ? txn.success() : txn.failure();
        }

        private boolean holds(Compare compare) {
            List<KeyValue> pairs = in(compare.range(), before);
            if (pairs.isEmpty()) {
                if (compare instanceof Compare.OfValue) return false;
                pairs = List.of(new KeyValue(compare.range().start(), Bytes.EMPTY, 0, 0, 0, 0));
            }
            return pairs.stream().allMatch(pair -> holds(compare, pair));
        }

        private static boolean holds(Compare compare, KeyValue pair) {
            int order;
            if (compare instanceof Compare.OfValue value) order = pair.value().compareTo(value.operand());
            else {
                Compare.OfField field = (Compare.OfField) compare;
                long is = switch (field.field()) {
                    case VERSION -> pair.version();
                    case CREATE_REVISION -> pair.createRevision();
                    case MOD_REVISION -> pair.modRevision();
                    case LEASE -> pair.lease();
                };
                order = Long.compare(is, field.operand());
            }
            return switch (compare.relation()) {
                case EQUAL -> order == 0;
                case NOT_EQUAL -> order != 0;
                case LESS -> order < 0;
                case GREATER -> order > 0;
            };
        }

        private Reply carryOut(Command.Op op) {
            return switch (op) {
                case Command.Put put -> {
                    KeyValue old = put(put);
                    yield new Reply.Putted(put.wantsBefore() ? old : null);
                }
                case Command.DeleteRange(KeyRange range, boolean wantsBefore) -> {
                    List<KeyValue> died = in(range, map);
                    died.forEach(this::delete);
                    yield new Reply.Deleted(died.size(), wantsBefore ? died : List.of());
                }
                case Command.Range range ->
                    range.atRevision() > 0 ? page(range, states.get(range.atRevision())) : page(range, map);
                case Command.Txn txn -> {
                    List<Reply> replies = new ArrayList<>();
                    for (Command.Op inner : branch(txn)) replies.add(carryOut(inner));
                    yield new Reply.Txned(txn.compares().stream().allMatch(this::holds), replies);
                }
            };
        }

        private @Nullable KeyValue put(Command.Put put) {
            KeyValue old = map.get(put.key());
            KeyValue now = new KeyValue(
                    put.key(),
                    put.keepValue() && old != null ? old.value() : put.value(),
                    old == null ? revision + 1 : old.createRevision(),
                    revision + 1,
                    old == null ? 1 : old.version() + 1,
                    put.keepLease() && old != null ? old.lease() : put.lease());
            map.put(put.key(), now);
            events.add(new Event(Event.Kind.PUT, now, old));
            return old;
        }

        private void delete(KeyValue old) {
            map.remove(old.key());
            events.add(new Event(Event.Kind.DELETE, new KeyValue(old.key(), Bytes.EMPTY, 0, revision + 1, 0, 0), old));
        }

        private Reply revoke(long id) {
            if (leases.remove(id) == null) return new Reply.Refused(Refusal.LEASE_NOT_FOUND);
            before.values().stream().filter(pair -> pair.lease() == id).forEach(this::delete);
            return new Reply.Revoked();
        }
    }
}
