package holdfast.core.proof;

import java.util.List;

/// How a call ended, as its client knows it.
public sealed interface Reply {
    /// @param succeeded whether a write's guard held; true for a read
    /// @param revision the store's revision in the answer's header
    /// @param found what a read returned, in key order
    record Done(boolean succeeded, long revision, List<Found> found) implements Reply {
        public Done {
            found = List.copyOf(found);
        }
    }

    /// No answer: it may have happened, at any time after it was asked, or never.
    record Lost() implements Reply {}

    /// The store said that it did not happen and will not.
    record Refused() implements Reply {}

    /// A pair in an answer.
    ///
    /// @param modRevision when it was last written
    /// @param createRevision when its present life began
    record Found(String key, String value, long modRevision, long createRevision) {}
}
