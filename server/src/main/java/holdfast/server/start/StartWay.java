package holdfast.server.start;

import holdfast.server.truth.Store;
import holdfast.server.truth.raft.RaftLog;
import holdfast.server.truth.raft.RaftOptions;
import java.io.IOException;
import java.util.function.UnaryOperator;

/// How a server starts, beside its config. What stands between the parts is the seam at which tests put a broken part,
/// to see that its fault is found; it can be reached by code only, never by a flag or a file.
///
/// @param repair whether to remove log and state first and get them from the others
/// @param log starts the log
/// @param store stands between the store and its doors
public record StartWay(boolean repair, LogOpener log, UnaryOperator<Store> store) {
    public static final StartWay NORMAL = new StartWay(false, RaftLog::open, UnaryOperator.identity());

    @FunctionalInterface
    public interface LogOpener {
        RaftLog open(RaftOptions options, RaftLog.Machine machine) throws IOException;
    }

    public StartWay withRepair() {
        return new StartWay(true, log, store);
    }
}
