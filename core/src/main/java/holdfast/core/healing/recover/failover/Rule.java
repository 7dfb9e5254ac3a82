package holdfast.core.healing.recover.failover;

import holdfast.core.base.NodeId;
import holdfast.core.base.Require;
import java.util.Collection;
import java.util.Collections;
import java.util.SortedSet;
import java.util.TreeSet;

/// Which replicas a commit needs besides the primary, and so which ones an election needs. A commit that was
/// acknowledged is on the primary and on `need` of `voters`. Whoever is elected without the primary must have heard
/// from so many voters that they have one in common with every such set; whoever keeps the primary in office without
/// the store needs the word of so many that no election can reach its number. With asynchronous replication no
/// commit waits, but elections count in the same way.
///
/// @param voters replicas, without the primary
/// @param need 0 (the primary alone counts: nobody else can be elected) to the number of voters
public record Rule(SortedSet<NodeId> voters, int need) {
    /// The primary stands alone.
    public static final Rule ALONE = new Rule(Collections.emptySortedSet(), 0);

    public Rule {
        voters = Collections.unmodifiableSortedSet(new TreeSet<>(voters));
        Require.between("need", need, voters.isEmpty() ? 0 : 1, voters.size());
    }

    public static Rule of(Collection<NodeId> voters, int need) {
        return new Rule(new TreeSet<>(voters), need);
    }

    /// How many voters must have pledged before one of them may be elected; more than there are when only the
    /// primary itself may be.
    public int toElect() {
        return voters.size() - need + 1;
    }

    public boolean elects(Collection<NodeId> pledged) {
        return count(pledged) >= toElect();
    }

    /// Whether nobody can be elected while these have promised not to pledge.
    public boolean isHeldBy(Collection<NodeId> promised) {
        return count(promised) >= need;
    }

    private long count(Collection<NodeId> hosts) {
        return voters.stream().filter(hosts::contains).count();
    }

    @Override
    public String toString() {
        return voters.isEmpty() ? "the primary alone" : need + " of " + voters;
    }
}
