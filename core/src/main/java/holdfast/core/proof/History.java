package holdfast.core.proof;

import java.util.List;

/// Everything that the clients of one round saw. All keys of a round are its own.
///
/// @param baseRevision the store's revision before the first call; none of the round's keys existed
/// @param endRevision that of the last write, made when everything else had ended; every watcher must reach it
/// @param watches at least one from `baseRevision` + 1 on over all keys of the round
public record History(
        long baseRevision, long endRevision, List<Call> calls, List<Watched> watches, List<Leased> leases) {
    public History {
        calls = List.copyOf(calls);
        watches = List.copyOf(watches);
        leases = List.copyOf(leases);
    }
}
