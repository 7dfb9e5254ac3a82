package holdfast.core.healing.recover.failover;

import holdfast.core.base.NodeId;
import java.util.Collections;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// A member's own server, as it was found just now.
///
/// @param systemId of its data; 0 while there is none
/// @param founding its data was made for a cluster that the store did not know yet
/// @param standby its data is a standby's (`standby.signal`)
/// @param position written and on disk; of a stopped one its log is at zero, unless it was a primary that was stopped
/// in
///     an orderly way
/// @param replayed what of it is applied; for a primary the same
/// @param startedAt where its timeline began, as far as it knows
/// @param settled nothing is being received and all that was is replayed: `position` is final
/// @param intact its position tells of everything that it ever acknowledged; false after a restart of a server whose
///     disk lags behind what it says, such as Redis: its data may lack the last writes, or it does not know how far it
/// is
/// @param follows whom it is set to receive from; null for nobody
/// @param followsTerm the term for which it was set so, 0 for none
/// @param receiving the connection to it stands
/// @param lostSinceNanos since when it has not been receiving though it follows somebody, or, of a primary, since when
///     no standby that counts has been streaming from it; 0 while one does
/// @param rewound how often it was rewound since it last received
/// @param applied the rule that its server was last told, null when that is not known
/// @param appliedAt where the log ended when that took effect
/// @param flushed what each standby that streams from here has on disk
/// @param downSinceNanos since when it has been down without our doing, 0 while it is not
/// @param failedStarts in a row
public record Local(
        long systemId,
        boolean founding,
        Phase phase,
        boolean standby,
        Position position,
        Lsn replayed,
        Lsn startedAt,
        boolean settled,
        boolean intact,
        @Nullable NodeId follows,
        long followsTerm,
        boolean receiving,
        long lostSinceNanos,
        int rewound,
        @Nullable Rule applied,
        Lsn appliedAt,
        SortedMap<NodeId, Lsn> flushed,
        long downSinceNanos,
        int failedStarts) {

    /// What the server does.
    public enum Phase {
        STOPPED,
        /// Running, and not answering yet.
        STARTING,
        STANDBY,
        PRIMARY
    }

    public Local {
        flushed = Collections.unmodifiableSortedMap(new TreeMap<>(flushed));
    }

    public boolean hasData() {
        return systemId != 0;
    }
}
