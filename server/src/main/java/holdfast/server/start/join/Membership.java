package holdfast.server.start.join;

import holdfast.core.base.Outcome;

/// What the desk needs of the consensus group. Calls wait.
public interface Membership {

    /// Lets member `id` follow the log without a vote.
    ///
    /// @param peerAddress `HOST:PORT` of its peer socket
    Outcome addLearner(int id, String host, String peerAddress, String clientUrl);

    /// Gives a learner its vote; refused with `not-caught-up` while it lags.
    Outcome promote(int id);
}
