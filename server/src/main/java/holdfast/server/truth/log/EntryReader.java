package holdfast.server.truth.log;

import com.google.protobuf.CodedInputStream;
import com.google.protobuf.WireFormat;
import holdfast.core.base.Bytes;
import holdfast.core.base.KeyRange;
import holdfast.core.truth.Alarm;
import holdfast.core.truth.Batch;
import holdfast.core.truth.Caller;
import holdfast.core.truth.Command;
import holdfast.core.truth.Compare;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Reads one entry straight into the core's commands, without generated messages between. Unknown fields are
/// passed over, as protobuf asks; an unknown command is not, because a replica that skipped it would diverge.
final class EntryReader {
    private final CodedInputStream in;
    private final List<Command> commands = new ArrayList<>();
    private final List<DecodedEntry.Tag> tags = new ArrayList<>();

    EntryReader(byte[] entry) {
        in = CodedInputStream.newInstance(entry);
    }

    DecodedEntry read() {
        try {
            long leaderMillis = 0;
            for (int field = field(); field != 0; field = field()) {
                switch (field) {
                    case 1 -> leaderMillis = in.readInt64();
                    case 2 -> group();
                    default -> skip();
                }
            }
            return new DecodedEntry(new Batch(leaderMillis, commands), tags);
        } catch (IOException damage) {
            throw new UncheckedIOException("a log entry cannot be read", damage);
        }
    }

    /// Number of the next field, 0 at the end of the message.
    private int field() throws IOException {
        return WireFormat.getTagFieldNumber(in.readTag());
    }

    private void skip() throws IOException {
        in.skipField(in.getLastTag());
    }

    private int enter() throws IOException {
        return in.pushLimit(in.readRawVarint32());
    }

    private void group() throws IOException {
        int outer = enter();
        int before = commands.size();
        int member = 0;
        long run = 0;
        long firstSequence = 0;
        for (int field = field(); field != 0; field = field()) {
            switch (field) {
                case 1 -> member = in.readInt32();
                case 2 -> run = in.readFixed64();
                case 3 -> firstSequence = in.readInt64();
                case 4 -> commands.add(command());
                default -> skip();
            }
        }
        in.popLimit(outer);
        tags.add(new DecodedEntry.Tag(member, run, firstSequence, commands.size() - before));
    }

    private Command command() throws IOException {
        int outer = enter();
        Command command = switch (field()) {
            case 1 -> put();
            case 2 -> deleteRange();
            case 3 -> txn();
            case 4 -> range();
            case 5 -> {
                long[] numbers = numbers();
                yield new Command.LeaseGrant(numbers[1], numbers[2]);
            }
            case 6 -> new Command.LeaseRevoke(numbers()[1]);
            case 7 -> {
                long[] numbers = numbers();
                yield new Command.LeaseExpire(numbers[1], numbers[2]);
            }
            case 8 -> new Command.Compact(numbers()[1]);
            case 9 -> systemPut();
            case 20 -> setAlarm();
            case 30 -> onBehalf();
            case 31 -> AuthCodec.decode(in.readByteArray());
            default ->
                throw new IOException(
                        "command " + WireFormat.getTagFieldNumber(in.getLastTag()) + " is unknown to this version");
        };
        in.popLimit(outer);
        return command;
    }

    /// A message of nothing but numbers in fields 1 and 2.
    private long[] numbers() throws IOException {
        int outer = enter();
        long[] numbers = new long[3];
        for (int field = field(); field != 0; field = field()) {
            if (field <= 2) numbers[field] = in.readInt64();
            else skip();
        }
        in.popLimit(outer);
        return numbers;
    }

    private Bytes bytes() throws IOException {
        return Bytes.wrap(in.readByteArray());
    }

    private KeyRange keyRange() throws IOException {
        int outer = enter();
        Bytes start = Bytes.EMPTY;
        @Nullable Bytes end = null;
        for (int field = field(); field != 0; field = field()) {
            switch (field) {
                case 1 -> start = bytes();
                case 2 -> end = bytes();
                default -> skip();
            }
        }
        in.popLimit(outer);
        return new KeyRange(start, end);
    }

    private Command.Put put() throws IOException {
        int outer = enter();
        Bytes key = Bytes.EMPTY;
        Bytes value = Bytes.EMPTY;
        long lease = 0;
        boolean wantsBefore = false;
        boolean keepValue = false;
        boolean keepLease = false;
        for (int field = field(); field != 0; field = field()) {
            switch (field) {
                case 1 -> key = bytes();
                case 2 -> value = bytes();
                case 3 -> lease = in.readInt64();
                case 4 -> wantsBefore = in.readBool();
                case 5 -> keepValue = in.readBool();
                case 6 -> keepLease = in.readBool();
                default -> skip();
            }
        }
        in.popLimit(outer);
        return new Command.Put(key, value, lease, wantsBefore, keepValue, keepLease);
    }

    private Command.SystemPut systemPut() throws IOException {
        int outer = enter();
        Bytes key = Bytes.EMPTY;
        Bytes value = Bytes.EMPTY;
        for (int field = field(); field != 0; field = field()) {
            switch (field) {
                case 1 -> key = bytes();
                case 2 -> value = bytes();
                default -> skip();
            }
        }
        in.popLimit(outer);
        return new Command.SystemPut(key, value);
    }

    private Command.SetAlarm setAlarm() throws IOException {
        int outer = enter();
        long[] numbers = new long[5];
        for (int field = field(); field != 0; field = field()) {
            if (field < numbers.length) numbers[field] = in.readInt64();
            else skip();
        }
        in.popLimit(outer);
        Alarm.Kind kind = Alarm.Kind.of((int) numbers[2]);
        return new Command.SetAlarm(new Alarm(numbers[1], kind, numbers[3] != 0), numbers[4] != 0);
    }

    private Command.OnBehalf onBehalf() throws IOException {
        int outer = enter();
        Bytes user = Bytes.EMPTY;
        long authRevision = 0;
        @Nullable Command inner = null;
        for (int field = field(); field != 0; field = field()) {
            switch (field) {
                case 1 -> user = bytes();
                case 2 -> authRevision = in.readInt64();
                case 3 -> inner = command();
                default -> skip();
            }
        }
        in.popLimit(outer);
        if (inner == null) throw new IOException("somebody asks for nothing");
        return new Command.OnBehalf(new Caller(user, authRevision), inner);
    }

    private Command.DeleteRange deleteRange() throws IOException {
        int outer = enter();
        KeyRange range = KeyRange.ALL;
        boolean wantsBefore = false;
        for (int field = field(); field != 0; field = field()) {
            switch (field) {
                case 1 -> range = keyRange();
                case 2 -> wantsBefore = in.readBool();
                default -> skip();
            }
        }
        in.popLimit(outer);
        return new Command.DeleteRange(range, wantsBefore);
    }

    private Command.Range range() throws IOException {
        int outer = enter();
        KeyRange range = KeyRange.ALL;
        long[] numbers = new long[12];
        for (int field = field(); field != 0; field = field()) {
            if (field == 1) range = keyRange();
            else if (field < numbers.length) numbers[field] = in.readInt64();
            else skip();
        }
        in.popLimit(outer);
        Command.Sort sort = new Command.Sort(Wire.TARGETS.get((int) numbers[4]), numbers[5] == 0);
        return new Command.Range(
                range,
                numbers[2],
                numbers[3],
                sort,
                numbers[6] != 0,
                numbers[7] != 0,
                numbers[8],
                numbers[9],
                numbers[10],
                numbers[11]);
    }

    private Command.Txn txn() throws IOException {
        int outer = enter();
        List<Compare> compares = new ArrayList<>();
        List<Command.Op> success = new ArrayList<>();
        List<Command.Op> failure = new ArrayList<>();
        for (int field = field(); field != 0; field = field()) {
            switch (field) {
                case 1 -> compares.add(compare());
                case 2 -> success.add(op());
                case 3 -> failure.add(op());
                default -> skip();
            }
        }
        in.popLimit(outer);
        return new Command.Txn(compares, success, failure);
    }

    private Command.Op op() throws IOException {
        if (command() instanceof Command.Op op) return op;
        throw new IOException("a transaction holds a command that may not stand in one");
    }

    private Compare compare() throws IOException {
        int outer = enter();
        KeyRange range = KeyRange.ALL;
        int relation = 0;
        @Nullable Bytes value = null;
        int operandField = 0;
        long operand = 0;
        for (int field = field(); field != 0; field = field()) {
            switch (field) {
                case 1 -> range = keyRange();
                case 2 -> relation = in.readInt32();
                case 3, 4, 5, 6 -> {
                    operandField = field - 3;
                    operand = in.readInt64();
                }
                case 7 -> value = bytes();
                default -> skip();
            }
        }
        in.popLimit(outer);
        if (value != null) return new Compare.OfValue(range, Wire.RELATIONS.get(relation), value);
        return new Compare.OfField(range, Wire.RELATIONS.get(relation), Wire.FIELDS.get(operandField), operand);
    }
}
