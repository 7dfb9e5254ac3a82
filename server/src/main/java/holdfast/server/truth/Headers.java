package holdfast.server.truth;

/// Where this member stands. Written by the raft driver's thread, read by any.
final class Headers {
    private final long clusterId;
    private final long memberId;
    private volatile long term;
    private volatile long revision;
    private volatile long appliedIndex;

    Headers(long clusterId, long memberId) {
        this.clusterId = clusterId;
        this.memberId = memberId;
    }

    Store.Header now() {
        return at(revision);
    }

    Store.Header at(long atRevision) {
        return new Store.Header(clusterId, memberId, term, atRevision);
    }

    long clusterId() {
        return clusterId;
    }

    long memberId() {
        return memberId;
    }

    long revision() {
        return revision;
    }

    long appliedIndex() {
        return appliedIndex;
    }

    void term(long newTerm) {
        term = newTerm;
    }

    void applied(long index, long newRevision) {
        revision = newRevision;
        appliedIndex = index;
    }
}
