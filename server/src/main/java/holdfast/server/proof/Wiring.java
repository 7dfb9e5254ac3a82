package holdfast.server.proof;

import java.util.List;

/// How the hosts of a [Lab] are told apart and joined.
sealed interface Wiring permits Namespaces, Loopback {

    /// Which way nothing passes any more.
    enum Cut {
        BOTH_WAYS,
        /// The host still sends, nothing reaches it.
        INCOMING,
        /// The host still hears, nothing leaves it.
        OUTGOING
    }

    /// Makes room for one more host and returns its address.
    String addHost(String host);

    /// What to put before a command so that it runs on `host`.
    List<String> enter(String host);

    /// @return empty when done, else why it could not be done
    String cut(String host, Cut way);

    /// From now on nothing from `host` reaches `others`, and everything reaches the rest; replaces what was asked for
    /// before. Not to be mixed with [#cut].
    ///
    /// @param others addresses; none heals
    /// @return empty when done, else why it could not be done
    String silence(String host, List<String> others);

    /// Undoes every cut of `host`. Does nothing when there is none.
    void heal(String host);

    /// What this way of wiring cannot show, in words; empty when it can do everything.
    String leftOut();
}
