package holdfast.server.truth.log;

import holdfast.core.truth.Batch;
import java.util.List;

/// What an entry holds: the batch for the keyspace, and who waits for which part of it.
///
/// @param tags one for each group, in the order of the batch
public record DecodedEntry(Batch batch, List<Tag> tags) {

    /// The next `count` commands of the batch came from `member` in its `run`, numbered from `firstSequence` on.
    public record Tag(int member, long run, long firstSequence, int count) {}
}
