package holdfast.server.truth.log;

import holdfast.core.base.KeyRange;
import holdfast.core.truth.Alarm;
import holdfast.core.truth.Caller;
import holdfast.core.truth.Command;
import holdfast.core.truth.Compare;
import java.util.List;

/// Writes log entries (`log.proto`). A command is encoded once, by the thread that proposes it; a group joins
/// the commands of one member, an entry joins groups, and neither reads what it joins. So the leader orders what
/// a follower forwards without decoding it.
///
/// ```
/// entry = 1:leaderMillis  group*
/// group = 2:{ 1:member 2:run 3:firstSequence  command* }
/// command = 4:{ ... }
/// ```
public final class BatchCodec {
    private static final int HINT_BYTES = 48; // tags and numbers of a put around its key and value
    private static final int GROUP_COMMANDS = 4;
    private static final int ENTRY_GROUPS = 2;

    private BatchCodec() {}

    /// One command, framed for its group.
    public static byte[] command(Command command) {
        BackwardWriter out = new BackwardWriter(HINT_BYTES + sizeHint(command));
        write(out, command, GROUP_COMMANDS);
        return out.toBytes();
    }

    /// Joins framed commands whose sequence numbers count up from `firstSequence`.
    public static byte[] group(int member, long run, long firstSequence, List<byte[]> commands) {
        int size = 1 + Wire.varintLength(member) + 1 + 8 + 1 + Wire.varintLength(firstSequence);
        for (byte[] command : commands) size += command.length;
        byte[] group = new byte[1 + Wire.varintLength(size) + size];
        int at = Wire.varint(group, 0, ENTRY_GROUPS << 3 | 2);
        at = Wire.varint(group, at, size);
        at = Wire.varint(group, at, 1 << 3);
        at = Wire.varint(group, at, member);
        at = Wire.varint(group, at, 2 << 3 | 1);
        at = Wire.fixed64(group, at, run);
        at = Wire.varint(group, at, 3 << 3);
        at = Wire.varint(group, at, firstSequence);
        for (byte[] command : commands) at = Wire.raw(group, at, command);
        return group;
    }

    /// Joins framed groups into one entry.
    public static byte[] entry(long leaderMillis, List<byte[]> groups) {
        int size = 1 + Wire.varintLength(leaderMillis);
        for (byte[] group : groups) size += group.length;
        byte[] entry = new byte[size];
        int at = Wire.varint(entry, 0, 1 << 3);
        at = Wire.varint(entry, at, leaderMillis);
        for (byte[] group : groups) at = Wire.raw(entry, at, group);
        return entry;
    }

    /// Reads an entry. An entry that this version cannot read is a bug or damage that checksums missed: it
    /// throws.
    public static DecodedEntry decode(byte[] entry) {
        return new EntryReader(entry).read();
    }

    private static int sizeHint(Command command) {
        return switch (command) {
            case Command.Put put -> put.key().size() + put.value().size();
            case Command.Txn txn -> txn.success().size() * 128 + txn.failure().size() * 128;
            case Command.SystemPut put -> put.key().size() + put.value().size();
            case Command.Range _, Command.DeleteRange _, Command.Compact _ -> 64;
            case Command.LeaseGrant _, Command.LeaseRevoke _, Command.LeaseExpire _, Command.SetAlarm _ -> 0;
            case Command.OnBehalf(Caller caller, Command inner) ->
                HINT_BYTES + caller.user().size() + sizeHint(inner);
            case Command.AuthChange _ -> 128;
        };
    }

    private static void write(BackwardWriter out, Command command, int field) {
        int end = out.mark();
        switch (command) {
            case Command.Put put -> writePut(out, put);
            case Command.DeleteRange delete -> {
                out.flag(2, delete.wantsBefore());
                write(out, 1, delete.range());
                out.head(2, end);
            }
            case Command.Txn txn -> writeTxn(out, txn);
            case Command.Range range -> writeRange(out, range);
            case Command.LeaseGrant grant -> {
                out.number(2, grant.ttlMillis());
                out.number(1, grant.id());
                out.head(5, end);
            }
            case Command.LeaseRevoke revoke -> {
                out.number(1, revoke.id());
                out.head(6, end);
            }
            case Command.LeaseExpire expire -> {
                out.number(2, expire.term());
                out.number(1, expire.id());
                out.head(7, end);
            }
            case Command.Compact compact -> {
                out.number(1, compact.revision());
                out.head(8, end);
            }
            case Command.SystemPut put -> {
                out.bytes(2, put.value());
                out.bytes(1, put.key());
                out.head(9, end);
            }
            case Command.SetAlarm(Alarm alarm, boolean raised) -> {
                out.flag(4, raised);
                out.flag(3, alarm.raisedByStore());
                out.number(2, alarm.kind().code());
                out.number(1, alarm.memberId());
                out.head(20, end);
            }
            case Command.OnBehalf(Caller caller, Command inner) -> {
                write(out, inner, 3);
                out.number(2, caller.authRevision());
                out.bytes(1, caller.user());
                out.head(30, end);
            }
            case Command.AuthChange change -> out.optionalBytes(31, AuthCodec.encode(change));
        }
        out.head(field, end);
    }

    private static void write(BackwardWriter out, int field, KeyRange range) {
        int end = out.mark();
        if (range.end() != null) out.optionalBytes(2, range.end());
        out.bytes(1, range.start());
        out.head(field, end);
    }

    private static void writePut(BackwardWriter out, Command.Put put) {
        int end = out.mark();
        out.flag(6, put.keepLease());
        out.flag(5, put.keepValue());
        out.flag(4, put.wantsBefore());
        out.number(3, put.lease());
        out.bytes(2, put.value());
        out.bytes(1, put.key());
        out.head(1, end);
    }

    private static void writeRange(BackwardWriter out, Command.Range range) {
        int end = out.mark();
        out.number(11, range.maxCreateRevision());
        out.number(10, range.minCreateRevision());
        out.number(9, range.maxModRevision());
        out.number(8, range.minModRevision());
        out.flag(7, range.countOnly());
        out.flag(6, range.keysOnly());
        out.flag(5, !range.sort().ascending());
        out.number(4, Wire.TARGETS.indexOf(range.sort().target()));
        out.number(3, range.limitKeys());
        out.number(2, range.atRevision());
        write(out, 1, range.range());
        out.head(4, end);
    }

    private static void writeTxn(BackwardWriter out, Command.Txn txn) {
        int end = out.mark();
        for (Command.Op op : txn.failure().reversed()) write(out, op, 3);
        for (Command.Op op : txn.success().reversed()) write(out, op, 2);
        for (Compare compare : txn.compares().reversed()) writeCompare(out, compare);
        out.head(3, end);
    }

    private static void writeCompare(BackwardWriter out, Compare compare) {
        int end = out.mark();
        switch (compare) {
            case Compare.OfField of -> out.optionalNumber(3 + Wire.FIELDS.indexOf(of.field()), of.operand());
            case Compare.OfValue of -> out.optionalBytes(7, of.operand());
        }
        out.number(2, Wire.RELATIONS.indexOf(compare.relation()));
        write(out, 1, compare.range());
        out.head(1, end);
    }
}
