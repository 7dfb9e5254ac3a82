package holdfast.core.truth;

import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;

/// Who is wrong when members that stand at the same log index hold different things (etcd,
/// `etcdserver/corrupt.go`).
public final class DigestVote {
    private DigestVote() {}

    /// @param hashes by member number
    /// @param members how many there are, also those who did not answer
    /// @return nobody while all agree; those who differ from a majority of all members; 0 alone when there is no
    /// such majority, because then nobody can tell
    public static List<Integer> wrong(SortedMap<Integer, Long> hashes, int members) {
        TreeMap<Long, Integer> votes = new TreeMap<>();
        for (long hash : hashes.values()) votes.merge(hash, 1, Integer::sum);
        if (votes.size() < 2) return List.of();
        for (var vote : votes.entrySet()) {
            if (vote.getValue() <= members / 2) continue;
            List<Integer> others = new ArrayList<>();
            hashes.forEach((member, hash) -> {
                if (!hash.equals(vote.getKey())) others.add(member);
            });
            return others;
        }
        return List.of(0);
    }
}
