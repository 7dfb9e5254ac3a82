package holdfast.core.truth;

import holdfast.core.base.Bytes;
import holdfast.core.base.Dice;
import holdfast.core.base.KeyRange;
import java.util.ArrayList;
import java.util.List;

/// A random program for the keyspace: few keys that are awkward neighbours, few values, many ways to collide.
public record Program(long seed, List<Step> steps) {

    sealed interface Step {
        /// @param again the entry before comes once more, as after a crash
        /// @param unseen the board does not see the batch, as when a snapshot was installed
        record Apply(boolean newTerm, boolean again, boolean unseen, Batch batch) implements Step {}

        record Look(Command.Range range) implements Step {}

        record LookTxn(Command.Txn txn) implements Step {}

        record Replay(Keyspace.Span span, KeyRange range, int maxEvents, boolean wantsBefore) implements Step {}

        record Watch(WatchBoard.Watcher watcher) implements Step {}

        record Take(int which) implements Step {}

        record Drop(int which) implements Step {}

        record Cancel(int which) implements Step {}

        record CatchUp(int maxEvents) implements Step {}

        record Scrub(int maxRows) implements Step {}

        record Hold() implements Step {}

        record LookHeld(int which, Command.Range range) implements Step {}
    }

    private static final List<Bytes> KEYS = List.of(
            Bytes.utf8("a"),
            Bytes.copyOf(new byte[] {'a', 0}),
            Bytes.copyOf(new byte[] {'a', 0, 1}),
            Bytes.utf8("ab"),
            Bytes.utf8("b"),
            Bytes.copyOf(new byte[] {0}),
            Bytes.copyOf(new byte[] {(byte) 0xff}),
            Bytes.copyOf(new byte[] {(byte) 0xff, (byte) 0xff}));
    private static final List<Bytes> VALUES =
            List.of(Bytes.EMPTY, Bytes.utf8("1"), Bytes.utf8("2"), Bytes.utf8("longer"));

    static Program of(long seed) {
        return new Writer(seed).write();
    }

    Program without(int from, int count) {
        List<Step> fewer = new ArrayList<>(steps.subList(0, from));
        fewer.addAll(steps.subList(Math.min(steps.size(), from + count), steps.size()));
        return new Program(seed, fewer);
    }

    @Override
    public String toString() {
        StringBuilder text = new StringBuilder("program of seed " + seed + ":\n");
        for (Step step : steps) text.append("  ").append(step).append('\n');
        return text.toString();
    }

    private static final class Writer {
        private final Dice dice;
        private final long seed;
        private final List<Bytes> keys;
        private final int stepsMax;
        private long revisionGuess = 1;
        private long term = 1;

        Writer(long seed) {
            this.seed = seed;
            this.dice = new Dice(seed);
            boolean hot = dice.oneIn(8); // few keys with many versions
            this.keys = hot ? KEYS.subList(0, 2) : KEYS;
            this.stepsMax = hot ? 120 : 36;
        }

        Program write() {
            List<Step> steps = new ArrayList<>();
            int count = 6 + dice.nextInt(stepsMax - 6);
            while (steps.size() < count) steps.add(step());
            return new Program(seed, steps);
        }

        private Step step() {
            return switch (dice.nextInt(24)) {
                case 0, 1, 2 -> new Step.Look(range());
                case 3 -> new Step.LookTxn(new Command.Txn(compares(), reads(1), reads(1)));
                case 4 ->
                    new Step.Replay(
                            new Keyspace.Span(dice.between(0, revisionGuess), dice.between(0, revisionGuess + 2)),
                            keyRange(),
                            1 + dice.nextInt(6),
                            dice.oneIn(2));
                case 5, 6 ->
                    new Step.Watch(new WatchBoard.Watcher(
                            keyRange(),
                            dice.oneIn(2) ? 0 : dice.between(0, revisionGuess + 2),
                            dice.oneIn(2),
                            !dice.oneIn(5),
                            !dice.oneIn(5)));
                case 7, 8, 9 -> new Step.Take(dice.nextInt(8));
                case 10 -> dice.oneIn(3) ? new Step.Cancel(dice.nextInt(8)) : new Step.Drop(dice.nextInt(8));
                case 11, 12 -> new Step.CatchUp(1 + dice.nextInt(40));
                case 13, 14 -> new Step.Scrub(1 + dice.nextInt(8));
                case 15 -> dice.oneIn(2) ? new Step.Hold() : new Step.LookHeld(dice.nextInt(4), range());
                default -> apply();
            };
        }

        private Step apply() {
            boolean newTerm = dice.oneIn(12);
            if (newTerm) term++;
            List<Command> commands = new ArrayList<>();
            for (int count = 1 + dice.nextInt(4); count > 0; count--) commands.add(command());
            revisionGuess += commands.size();
            Batch batch = new Batch(dice.nextLong(1_000), commands);
            return new Step.Apply(newTerm, dice.oneIn(12), dice.oneIn(15), batch);
        }

        private Command command() {
            return switch (dice.nextInt(16)) {
                case 0 -> new Command.LeaseGrant(1 + dice.nextInt(3), 1_000 * dice.between(1, 9));
                case 1 -> new Command.LeaseRevoke(1 + dice.nextInt(3));
                case 2 -> new Command.LeaseExpire(1 + dice.nextInt(3), dice.oneIn(2) ? term : term - 1);
                case 3 -> new Command.Compact(dice.between(-1, revisionGuess + 1));
                case 4 -> dice.oneIn(3) ? alarm() : new Command.SystemPut(dice.pick(keys), dice.pick(VALUES));
                default -> op(2);
            };
        }

        private Command alarm() {
            Alarm.Kind kind = dice.oneIn(3) ? Alarm.Kind.CORRUPT : Alarm.Kind.NO_SPACE;
            return new Command.SetAlarm(new Alarm(dice.nextInt(2), kind, dice.oneIn(2)), dice.oneIn(3));
        }

        private Command.Op op(int depth) {
            return switch (dice.nextInt(depth > 0 ? 10 : 8)) {
                case 0 -> range();
                case 1 -> new Command.DeleteRange(keyRange(), dice.oneIn(2));
                case 8, 9 -> new Command.Txn(compares(), ops(depth - 1), ops(depth - 1));
                default -> put();
            };
        }

        private Command.Put put() {
            return new Command.Put(
                    dice.pick(keys),
                    dice.pick(VALUES),
                    dice.oneIn(3) ? 1 + dice.nextInt(3) : 0,
                    dice.oneIn(3),
                    dice.oneIn(12),
                    dice.oneIn(12));
        }

        private List<Command.Op> ops(int depth) {
            List<Command.Op> ops = new ArrayList<>();
            for (int count = dice.nextInt(4); count > 0; count--) ops.add(op(depth));
            return ops;
        }

        private List<Command.Op> reads(int depth) {
            List<Command.Op> ops = new ArrayList<>();
            for (int count = dice.nextInt(3); count > 0; count--)
                ops.add(depth > 0 && dice.oneIn(4) ? new Command.Txn(compares(), reads(0), reads(0)) : range());
            return ops;
        }

        private List<Compare> compares() {
            List<Compare> compares = new ArrayList<>();
            for (int count = dice.nextInt(3); count > 0; count--) {
                Compare.Relation relation = dice.pick(List.of(Compare.Relation.values()));
                Compare.Field field = dice.pick(List.of(Compare.Field.values()));
                KeyRange range = dice.oneIn(3) ? keyRange() : KeyRange.single(dice.pick(keys));
                compares.add(
                        dice.oneIn(3)
                                ? new Compare.OfValue(range, relation, dice.pick(VALUES))
                                : new Compare.OfField(range, relation, field, dice.nextLong(4)));
            }
            return compares;
        }

        private Command.Range range() {
            boolean filtered = dice.oneIn(4);
            return new Command.Range(
                    keyRange(),
                    dice.oneIn(2) ? 0 : dice.between(0, revisionGuess + 1),
                    dice.oneIn(2) ? 0 : dice.between(1, 5),
                    new Command.Sort(
                            dice.oneIn(2) ? Command.Sort.Target.KEY : dice.pick(List.of(Command.Sort.Target.values())),
                            dice.oneIn(2)),
                    dice.oneIn(6),
                    dice.oneIn(8),
                    bound(filtered),
                    bound(filtered),
                    bound(filtered),
                    bound(filtered));
        }

        private long bound(boolean filtered) {
            return filtered && dice.oneIn(2) ? dice.between(0, revisionGuess) : 0;
        }

        private KeyRange keyRange() {
            return switch (dice.nextInt(8)) {
                case 0, 1, 2, 3 -> KeyRange.single(dice.pick(keys));
                case 4 -> KeyRange.prefix(dice.pick(keys));
                case 5 -> KeyRange.from(dice.pick(keys));
                case 6 -> KeyRange.ALL;
                default -> new KeyRange(dice.pick(keys), dice.pick(keys));
            };
        }
    }
}
