package holdfast.server.truth;

import holdfast.core.base.Reason;
import holdfast.protocol.log.MemberRecord;
import java.net.URI;
import java.net.URISyntaxException;
import java.util.List;
import java.util.function.IntPredicate;
import org.jspecify.annotations.Nullable;

/// Which changes of members etcd refuses, and in which words (etcd, `etcdserver/server.go` and
/// `etcdserver/api/membership/cluster.go`).
///
/// @param connected whether the member of a number can be reached right now
record MemberRules(List<Entry> roll, IntPredicate connected) {
    private static final int LEARNERS_MAX = 1; // of those that clients see as such

    /// One member: its vote in the log, and what its record says.
    record Entry(int number, long id, boolean voter, MemberRecord record) {
        /// As clients see it: a voter that is not in sync yet is one.
        boolean votes() {
            return voter || record.getWantsVote();
        }

        boolean hasStarted() {
            return !record.getName().isEmpty();
        }
    }

    @Nullable
    Entry find(long id) {
        for (Entry entry : roll) if (entry.id() == id) return entry;
        return null;
    }

    @Nullable
    Reason refuseAddition(List<String> peerUrls, boolean learner, boolean strict) {
        if (strict && !learner && !isReadyToAdd()) return Reasons.NOT_ENOUGH_STARTED;
        if (strict && voters() > 1 && reachable() < majority(voters() + 1)) return Reasons.UNHEALTHY;
        @Nullable Reason why = refuseUrls(peerUrls, 0);
        if (why != null) return why;
        long learners = roll.stream().filter(entry -> !entry.votes()).count();
        return learner && learners >= LEARNERS_MAX ? Reasons.TOO_MANY_LEARNERS : null;
    }

    /// @param number the member that they are for, 0 for one that is not there yet
    @Nullable
    Reason refuseUrls(List<String> peerUrls, int number) {
        for (String url : peerUrls) if (!isPeerUrl(url)) return Reasons.BAD_PEER_URLS;
        if (peerUrls.isEmpty()) return Reasons.BAD_PEER_URLS;
        for (Entry entry : roll)
            for (String url : peerUrls)
                if (entry.number() != number && entry.record().getPeerUrlsList().contains(url))
                    return Reasons.PEER_URL_EXISTS;
        return null;
    }

    /// One that is there alone may always get a second one: that is how data are saved from it.
    private boolean isReadyToAdd() {
        return (voters() == 1 && started(-1) == 1) || started(-1) >= majority(voters() + 1);
    }

    boolean isReadyToPromote() {
        return started(-1) + 1 >= majority(voters() + 1);
    }

    @Nullable
    Reason refuseRemoval(Entry leaving, int self) {
        if (!leaving.votes()) return null;
        if (started(leaving.number()) < majority(voters() - 1)) return Reasons.NOT_ENOUGH_STARTED;
        if (leaving.number() != self && !connected.test(leaving.number())) return null; // it decides nothing now
        return reachable() - 1 < 1 + (voters() - 1) / 2 ? Reasons.UNHEALTHY : null;
    }

    private int voters() {
        return (int) roll.stream().filter(Entry::votes).count();
    }

    private int started(int without) {
        return (int) roll.stream()
                .filter(entry -> entry.votes() && entry.number() != without && entry.hasStarted())
                .count();
    }

    private int reachable() {
        return (int) roll.stream()
                .filter(entry -> entry.votes() && connected.test(entry.number()))
                .count();
    }

    private static int majority(int members) {
        return members / 2 + 1;
    }

    static boolean isPeerUrl(String text) {
        try {
            URI url = new URI(text.strip());
            boolean web = "http".equals(url.getScheme()) || "https".equals(url.getScheme());
            @Nullable String path = url.getPath();
            return web && url.getHost() != null && url.getPort() > 0 && (path == null || path.isEmpty());
        } catch (URISyntaxException _) {
            return false;
        }
    }

    /// `HOST:PORT` of a peer URL.
    static String addressOf(String peerUrl) {
        return peerUrl.strip().substring(peerUrl.strip().indexOf("://") + 3);
    }
}
