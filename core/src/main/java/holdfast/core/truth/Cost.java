package holdfast.core.truth;

import java.util.List;

/// What a command is charged against the quota before it is proposed (etcd, `storage/quota.go`).
public final class Cost {
    private static final int PUT_BYTES = 256;
    private static final int LEASE_BYTES = 64;

    private Cost() {}

    /// Bytes; 0 for whatever takes no room.
    public static long of(Command command) {
        return switch (command) {
            case Command.Put put ->
                (long) PUT_BYTES + put.key().size() + put.value().size();
            case Command.Txn txn -> Math.max(of(txn.success()), of(txn.failure()));
            case Command.LeaseGrant _ -> LEASE_BYTES;
            case Command.OnBehalf(Caller _, Command inner) -> of(inner);
            case Command.Range _,
                    Command.DeleteRange _,
                    Command.LeaseRevoke _,
                    Command.LeaseExpire _,
                    Command.Compact _,
                    Command.SystemPut _,
                    Command.SetAlarm _,
                    Command.AuthChange _ -> 0;
        };
    }

    private static long of(List<Command.Op> ops) {
        long sum = 0;
        for (Command.Op op : ops) sum += of(op);
        return sum;
    }
}
