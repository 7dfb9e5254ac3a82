package holdfast.core.truth;

import holdfast.core.base.Bytes;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// How much the store holds and what is wrong with it. Lies in one row, written with the batch that changes it,
/// so that asking costs nothing and never scans.
///
/// `bytes` counts every version that can still be read, once, with what etcd's file takes around it, and each
/// lease. A put adds; [Scrub] takes away what it removes. So it falls after a compaction, and members differ by
/// no more than how far their scrubbing has come.
///
/// @param keys living ones
/// @param alarms in order of kind and member; equal on all members at equal index
public record Stock(long bytes, long keys, List<Alarm> alarms) {
    /// Around key and value of one version: its revision, its numbers and its place in a page (etcd's file,
    /// measured).
    static final int VERSION_BYTES = 64;

    static final int LEASE_BYTES = 64;

    private static final Stock NOTHING = new Stock(0, 0, List.of());
    private static final int RAISED_BY_STORE = 1;

    static Stock of(ShelfView view) {
        Bytes row = view.get(Tables.STOCK);
        if (row == null) return NOTHING;
        Reel reel = new Reel(row, 0);
        long bytes = reel.fixedLong();
        long keys = reel.fixedLong();
        List<Alarm> alarms = new ArrayList<>();
        for (long left = reel.number(); left > 0; left--) {
            long member = reel.fixedLong();
            Alarm.Kind kind = Alarm.Kind.of(reel.raw());
            alarms.add(new Alarm(member, kind, reel.raw() == RAISED_BY_STORE));
        }
        return new Stock(bytes, keys, List.copyOf(alarms));
    }

    Bytes encode() {
        Pen pen = new Pen(18 + 10 * alarms.size()).fixed(bytes).fixed(keys).number(alarms.size());
        for (Alarm alarm : alarms)
            pen.fixed(alarm.memberId()).raw(alarm.kind().code()).raw(alarm.raisedByStore() ? RAISED_BY_STORE : 0);
        return pen.done();
    }

    /// What one version takes; a delete is one, too.
    static long bytesOf(Bytes key, Row row) {
        return (long) VERSION_BYTES + key.size() + row.value().size();
    }

    Stock with(long newBytes, long newKeys) {
        return new Stock(newBytes, newKeys, alarms);
    }

    public boolean has(Alarm.Kind kind) {
        for (Alarm alarm : alarms) if (alarm.kind() == kind) return true;
        return false;
    }

    /// Why `command` may not be carried out now, or null.
    @Nullable
    Refusal refusal(Command command) {
        if (alarms.isEmpty()) return null;
        if (has(Alarm.Kind.CORRUPT) && isData(command)) return Refusal.CORRUPT;
        return has(Alarm.Kind.NO_SPACE) && Cost.of(command) > 0 ? Refusal.NO_SPACE : null;
    }

    private static boolean isData(Command command) {
        return switch (command) {
            case Command.Op _ -> true;
            case Command.LeaseGrant _, Command.LeaseRevoke _, Command.LeaseExpire _, Command.Compact _ -> true;
            case Command.SystemPut _, Command.SetAlarm _, Command.AuthChange _ -> false;
            case Command.OnBehalf(Caller _, Command inner) -> isData(inner);
        };
    }
}
