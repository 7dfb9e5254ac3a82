package holdfast.server.proof;

import holdfast.core.base.Bytes;
import holdfast.core.base.Dice;
import holdfast.core.base.KeyRange;
import holdfast.core.proof.Call;
import holdfast.core.proof.Op;
import holdfast.core.proof.Reply;
import holdfast.core.proof.Reply.Found;
import holdfast.server.base.Threads;
import holdfast.server.base.Ticker;
import holdfast.server.client.Answer;
import holdfast.server.client.Etcd;
import holdfast.server.client.Pair;
import holdfast.server.client.Snapshot;
import holdfast.server.client.Txn;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.jspecify.annotations.Nullable;

/// Clients that put, delete, swap and read under one prefix at all members, and write down every call with its times
/// and its answer.
final class Recorder {
    private static final long PAUSE_MILLIS_MAX = 14;
    private static final int GROUPS = 4;
    private static final int KEYS_PER_GROUP = 3;
    private static final int BIG_BYTES = 24 << 10;

    private final String root;
    private final Map<String, Etcd> members;
    private final Ticker ticker;
    private final long startNanos;
    private final boolean big;
    private final ConcurrentLinkedQueue<Call> calls = new ConcurrentLinkedQueue<>();
    private final List<Thread> threads = new ArrayList<>();
    private volatile boolean stopped;

    /// @param root what all keys begin with
    /// @param startNanos the moment that all times count from, on `ticker`
    /// @param big whether to write so much that log files fill up
    Recorder(String root, Map<String, Etcd> members, Ticker ticker, long startNanos, boolean big) {
        this.root = root;
        this.members = members;
        this.ticker = ticker;
        this.startNanos = startNanos;
        this.big = big;
    }

    /// Starts clients 0 to `count` - 1.
    void start(int count, Dice dice) {
        for (int client = 0; client < count; client++) {
            One one = new One(client, dice.split());
            threads.add(Threads.start("client-" + client, one::run));
        }
        if (!big) return;
        threads.add(Threads.start("big", this::fillLogs));
    }

    /// Waits for the calls under way.
    void stop() {
        stopped = true;
        for (Thread thread : threads) {
            try {
                thread.join();
            } catch (InterruptedException _) {
                Thread.currentThread().interrupt();
            }
        }
    }

    /// Values that no judge looks at, outside the round's keys, so that log files fill up.
    private void fillLogs() {
        Bytes key = Bytes.utf8("big");
        Bytes value = Bytes.wrap(new byte[BIG_BYTES]);
        List<Etcd> all = List.copyOf(members.values());
        for (int count = 0; !stopped; count++) {
            Answer<Etcd.Committed> _ = all.get(count % all.size()).commit(new Txn().put(key, value));
            Pause.millis(10);
        }
    }

    List<Call> calls() {
        return List.copyOf(calls);
    }

    long nanos() {
        return ticker.nanos() - startNanos;
    }

    /// Asks `member` and records it.
    Reply call(int client, String member, Op op) {
        Etcd etcd = members.get(member);
        if (etcd == null) throw new IllegalArgumentException("no member " + member);
        long invoked = nanos();
        Reply reply = ask(etcd, op);
        boolean lost = reply instanceof Reply.Lost;
        calls.add(new Call(client, member, op, invoked, lost ? Call.NEVER : nanos(), reply));
        return reply;
    }

    /// Reads every group of keys, each for itself: a read of all would tie all keys together, and leased ones to them.
    void readAll(int client, String member) {
        for (int group = 0; group < GROUPS; group++) {
            Reply _ = call(client, member, new Op.Read(root + "g" + group + "/", true));
        }
    }

    private static Reply ask(Etcd etcd, Op op) {
        return switch (op) {
            case Op.Read(String key, boolean prefix) -> {
                Bytes start = Bytes.utf8(key);
                yield reply(
                        etcd.range(prefix ? KeyRange.prefix(start) : KeyRange.single(start), 0),
                        found -> new Reply.Done(true, found.revision(), found(found)));
            }
            case Op.Write write ->
                reply(etcd.commit(txn(write, 0)), done -> new Reply.Done(done.succeeded(), done.revision(), List.of()));
        };
    }

    /// @param lease what the values are bound to, 0 for nothing
    static Txn txn(Op.Write write, long lease) {
        Txn txn = new Txn();
        switch (write.guard()) {
            case Op.Guard.Always _ -> {}
            case Op.Guard.Present(String key) -> txn.ifPresent(Bytes.utf8(key));
            case Op.Guard.WrittenAt(String key, long revision) -> txn.ifModRevision(Bytes.utf8(key), revision);
        }
        for (Op.Change change : write.changes()) {
            @Nullable String value = change.value();
            if (value == null) txn.delete(Bytes.utf8(change.key()));
            else txn.put(Bytes.utf8(change.key()), Bytes.utf8(value), lease);
        }
        return txn;
    }

    /// Records a write that was asked for elsewhere.
    void record(Call call) {
        calls.add(call);
    }

    static <T> Reply reply(Answer<T> answer, java.util.function.Function<T, Reply> done) {
        return switch (answer) {
            case Answer.Done<T>(T value) -> done.apply(value);
            case Answer.Refused<T> _ -> new Reply.Refused();
            case Answer.Unknown<T> _ -> new Reply.Lost();
        };
    }

    private static List<Found> found(Snapshot snapshot) {
        return snapshot.pairs().stream().map(Recorder::found).toList();
    }

    static Found found(Pair pair) {
        return new Found(pair.key().utf8(), pair.value().utf8(), pair.modRevision(), pair.createRevision());
    }

    /// One client: one call at a time.
    private final class One {
        private final int client;
        private final Dice dice;
        private final Map<String, Long> seen = new TreeMap<>();
        private int values;

        One(int client, Dice dice) {
            this.client = client;
            this.dice = dice;
        }

        void run() {
            List<String> names = List.copyOf(members.keySet());
            while (!stopped) {
                Op op = next();
                Reply reply = call(client, dice.pick(names), op);
                learn(op, reply);
                Pause.millis(dice.nextLong(PAUSE_MILLIS_MAX + 1));
            }
        }

        private Op next() {
            String group = root + "g" + dice.nextInt(GROUPS) + "/";
            String key = group + (char) ('a' + dice.nextInt(KEYS_PER_GROUP));
            return switch (dice.nextInt(12)) {
                case 0, 1, 2 -> Op.put(key, value());
                case 3, 4, 5, 6 -> new Op.Read(key, false);
                case 7 -> new Op.Read(group, true);
                case 8 ->
                    dice.oneIn(4)
                            ? Op.delete(key)
                            : new Op.Write(
                                    new Op.Guard.Present(key),
                                    List.of(new Op.Change(key, null), new Op.Change(root + "m/" + client, value())));
                case 9, 10 -> Op.swap(key, seen.getOrDefault(key, 0L), value());
                default ->
                    new Op.Write(
                            new Op.Guard.Always(),
                            List.of(new Op.Change(group + "a", value()), new Op.Change(group + "b", value())));
            };
        }

        private String value() {
            return "c" + client + "n" + values++;
        }

        private void learn(Op op, Reply reply) {
            if (!(reply instanceof Reply.Done done)) return;
            switch (op) {
                case Op.Read(String key, boolean prefix) -> {
                    if (!prefix) seen.remove(key);
                    for (Found pair : done.found()) seen.put(pair.key(), pair.modRevision());
                }
                case Op.Write write -> {
                    if (!done.succeeded()) return;
                    for (Op.Change change : write.changes()) {
                        if (change.value() == null) seen.remove(change.key());
                        else seen.put(change.key(), done.revision());
                    }
                }
            }
        }
    }
}
