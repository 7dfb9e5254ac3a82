package holdfast.core.proof;

import holdfast.core.base.Dice;
import holdfast.core.proof.Reply.Found;
import holdfast.core.proof.Watched.Event;
import holdfast.core.proof.Watched.Heard;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// Histories that a right store could have left: each call takes effect at one moment between its call and its return.
final class Generated {
    static final String ROOT = "r/";
    private static final long BASE = 100;

    private final Dice dice;
    private final SortedMap<String, Found> pairs = new TreeMap<>();
    private final List<List<Event>> log = new ArrayList<>();
    private long revision = BASE;
    private int values;

    private Generated(Dice dice) {
        this.dice = dice;
    }

    /// A call before anybody knows its answer.
    private record Plan(int client, long invoked, long point, long returned, int fate) {}

    static History legal(long seed, int clients, int callsEach) {
        return new Generated(new Dice(seed)).run(clients, callsEach);
    }

    private History run(int clients, int callsEach) {
        List<Plan> plans = new ArrayList<>();
        for (int client = 0; client < clients; client++) {
            long at = dice.between(1, 50);
            for (int count = 0; count < callsEach; count++) {
                long point = at + dice.between(0, 60);
                long returned = point + dice.between(0, 60);
                int fate = dice.nextInt(20);
                plans.add(new Plan(client, at, fate == 0 ? point + dice.nextInt(500) : point, returned, fate));
                at = returned + dice.between(1, 40);
            }
        }
        plans.sort(Comparator.comparingLong(Plan::point));
        List<Call> calls = new ArrayList<>();
        for (Plan plan : plans) calls.add(carryOut(plan));
        Op.Write last = Op.put(ROOT + "end", "end");
        long end = plans.stream().mapToLong(Plan::returned).max().orElse(0) + 1_000;
        Reply done = apply(last);
        calls.add(new Call(99, "m1", last, end, end + 1, done));
        calls.sort(Comparator.comparingLong(Call::invokedNanos));
        List<Watched> watches = List.of(watched("all", ROOT), watched("some", ROOT), watched("again", ROOT));
        return new History(BASE, revision, calls, watches, List.of());
    }

    private Call carryOut(Plan plan) {
        Op op = ask(plan.client());
        Reply reply = new Reply.Lost();
        long returned = Call.NEVER;
        switch (plan.fate()) {
            case 0 -> apply(op); // lost, but it happened
            case 1 -> {} // lost, and it did not
            case 2 -> {
                reply = new Reply.Refused();
                returned = plan.returned();
            }
            default -> {
                reply = apply(op);
                returned = plan.returned();
            }
        }
        return new Call(plan.client(), "m" + dice.between(1, 3), op, plan.invoked(), returned, reply);
    }

    private Op ask(int client) {
        String group = ROOT + "g" + dice.nextInt(3) + "/";
        String key = group + (char) ('a' + dice.nextInt(3));
        return switch (dice.nextInt(8)) {
            case 0, 1 -> Op.put(key, value());
            case 2 -> new Op.Read(group, true);
            case 3, 4 -> new Op.Read(key, false);
            case 5 ->
                new Op.Write(
                        new Op.Guard.Present(key),
                        List.of(new Op.Change(key, null), new Op.Change(ROOT + "m/" + client, value())));
            case 6 -> Op.swap(key, modOf(key), value());
            default ->
                new Op.Write(
                        new Op.Guard.Always(),
                        List.of(new Op.Change(group + "a", value()), new Op.Change(group + "b", value())));
        };
    }

    private long modOf(String key) {
        @Nullable Found pair = pairs.get(key);
        return pair == null || dice.oneIn(4) ? dice.nextInt(2) * revision : pair.modRevision();
    }

    private String value() {
        return "v" + values++;
    }

    private Reply apply(Op op) {
        return switch (op) {
            case Op.Read read ->
                new Reply.Done(
                        true,
                        revision,
                        pairs.values().stream()
                                .filter(pair -> read.covers(pair.key()))
                                .toList());
            case Op.Write(Op.Guard guard, List<Op.Change> changes) -> {
                if (!holds(guard)) yield new Reply.Done(false, revision, List.of());
                revision++;
                List<Event> events = new ArrayList<>();
                for (Op.Change change : changes) {
                    @Nullable Found before = pairs.get(change.key());
                    @Nullable String value = change.value();
                    if (value == null) {
                        pairs.remove(change.key());
                        events.add(new Event(change.key(), null, revision, 0, before));
                    } else {
                        long created = before == null ? revision : before.createRevision();
                        pairs.put(change.key(), new Found(change.key(), value, revision, created));
                        events.add(new Event(change.key(), value, revision, created, before));
                    }
                }
                log.add(events);
                yield new Reply.Done(true, revision, List.of());
            }
        };
    }

    private boolean holds(Op.Guard guard) {
        return switch (guard) {
            case Op.Guard.Always _ -> true;
            case Op.Guard.Present(String key) -> pairs.containsKey(key);
            case Op.Guard.WrittenAt(String key, long at) -> {
                @Nullable Found pair = pairs.get(key);
                yield at == (pair == null ? 0 : pair.modRevision());
            }
        };
    }

    /// Everything, in responses of one to three revisions, now and then over a new stream or with a promise between.
    private Watched watched(String name, String prefix) {
        List<Heard> heard = new ArrayList<>();
        heard.add(new Heard.Opened("m1", BASE + 1));
        for (int from = 0; from < log.size(); ) {
            int to = Math.min(log.size(), from + (int) dice.between(1, 3));
            List<Event> events =
                    log.subList(from, to).stream().flatMap(List::stream).toList();
            heard.add(new Heard.Told(to * 100L, BASE + to + dice.nextInt(2), events));
            if (dice.oneIn(5)) heard.add(new Heard.Promised(BASE + to));
            if (dice.oneIn(9)) heard.add(new Heard.Opened("m" + dice.between(1, 3), BASE + to + 1));
            from = to;
        }
        return new Watched(name, prefix, true, heard);
    }
}
