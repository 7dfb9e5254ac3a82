package holdfast.server.truth.raft;

import holdfast.core.base.Dice;
import io.microraft.RaftEndpoint;
import io.microraft.RaftRole;
import io.microraft.impl.RaftNodeImpl;
import io.microraft.impl.state.FollowerState;
import io.microraft.impl.state.LeaderState;
import io.microraft.impl.state.RaftState;
import io.microraft.model.message.PreVoteResponse;
import io.microraft.model.message.VoteResponse;
import java.time.Duration;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Consumer;

/// Three things that the engine's own timers do not do: act at once when the leader's connection closes, start
/// a pre-vote again that the engine forgot, and step down when no majority of voters answers.
///
/// None can hurt safety: each ends in the engine's own pre-vote (or in stepping down), and a vote is given by
/// the engine's rules.
final class Elections {
    /// Members start one after the other, in the order of their numbers, so that votes seldom split.
    static final Duration STAGGER = Duration.ofMillis(15);

    /// The others may notice the closed connection later, and refuse until then.
    static final int TRIES_MAX = 4;

    /// A leader that lasts this long ends a row of failed elections.
    private static final Duration CALM_AFTER = Duration.ofSeconds(1);

    private final EngineHost host;
    private final RaftNodeImpl node;
    private final EngineTime time;
    private final RaftConfig config;
    private final Set<Guard> guards;
    private final TreeMap<Integer, VoteResponse> granted = new TreeMap<>(); // to a member that is leaving
    private int grantedTerm;
    private final Dice dice;
    private final Consumer<Runnable> enter;
    private long calmNanos; // when there was last a leader, or an attempt to get one
    private long leaderlessNanos; // when there was last none

    Elections(
            EngineHost host,
            RaftNodeImpl node,
            EngineTime time,
            RaftConfig config,
            Set<Guard> guards,
            Dice dice,
            Consumer<Runnable> enter) {
        this.host = host;
        this.node = node;
        this.time = time;
        this.config = config;
        this.guards = guards;
        this.dice = dice;
        this.enter = enter;
        calmNanos = host.nanos();
        leaderlessNanos = calmNanos;
    }

    /// The connection to `peer` closed. If it led, its silence counts as long enough from now on: this member
    /// grants pre-votes and votes, and asks for them itself. A leader that lives refuses the pre-vote, and its
    /// next append is followed as if nothing had happened.
    void peerGone(int peer) {
        RaftState state = node.state();
        RaftEndpoint leader = state.leader();
        if (leader == null || Roster.id(leader) != peer || state.role() == RaftRole.LEADER) return;
        time.skip(config.leaderTimeout());
        if (state.role() != RaftRole.FOLLOWER) return;
        long turn = state.votingMembers().stream()
                .filter(voter -> Roster.id(voter) < Roster.id(node.getLocalEndpoint()) && Roster.id(voter) != peer)
                .count();
        long delayNanos = turn * STAGGER.toNanos() + dice.nextLong(STAGGER.toNanos() / 4);
        tryLater(delayNanos, peer, state.term(), TRIES_MAX);
    }

    private void tryLater(long delayNanos, int gone, int term, int tries) {
        host.schedule(() -> enter.accept(() -> tryNow(gone, term, tries)), delayNanos);
    }

    private void tryNow(int gone, int term, int tries) {
        RaftState state = node.state();
        RaftEndpoint leader = state.leader();
        boolean settled = leader != null && (Roster.id(leader) != gone || !node.isLeaderHeartbeatTimeoutElapsed());
        if (settled || state.term() != term || state.role() != RaftRole.FOLLOWER) return;
        startPreVote(state);
        if (tries > 1) tryLater(2 * STAGGER.toNanos() + dice.nextLong(STAGGER.toNanos()), gone, term, tries - 1);
    }

    private void startPreVote(RaftState state) {
        calmNanos = host.nanos();
        if (state.leader() != null) node.leader(null);
        node.runPreVote();
    }

    /// The engine sent a pre-vote or vote request.
    void underWay() {
        calmNanos = host.nanos();
    }

    /// An answer to this member's pre-vote. A refusal may show a later term, which the engine overlooks: with a
    /// better log and an earlier term this member would never lead, and the other one never either.
    void preVoted(PreVoteResponse answer) {
        RaftState state = node.state();
        boolean later = answer.getTerm() > state.term() + 1; // one above is what this member itself asked for
        boolean leaderless = state.role() == RaftRole.FOLLOWER && state.leader() == null;
        if (guards.contains(Guard.REFUSED_TERM) && !answer.isGranted() && later && leaderless) {
            node.toFollower(answer.getTerm());
        } else {
            node.handle(answer);
        }
    }

    /// A vote. The engine counts a candidate's own vote even when its newest members exclude it, so the votes
    /// of a member that is leaving are kept back until they are a majority by themselves.
    void voted(VoteResponse answer) {
        RaftState state = node.state();
        boolean leaving = guards.contains(Guard.OWN_VOTE) && !state.isVotingMember(node.getLocalEndpoint());
        if (!leaving || answer.getTerm() != state.term()) {
            node.handle(answer);
            return;
        }
        if (grantedTerm != state.term()) granted.clear();
        grantedTerm = state.term();
        if (!answer.isGranted() || !state.isVotingMember(answer.getSender())) return;
        granted.put(Roster.id(answer.getSender()), answer);
        if (granted.size() >= state.leaderElectionQuorumSize()) granted.values().forEach(node::handle);
    }

    void tick(long nowNanos) {
        RaftState state = node.state();
        if (state.leaderState() != null) {
            led(nowNanos);
            if (guards.contains(Guard.VOTER_QUORUM) && voterQuorumLost(state)) node.toFollower(state.term());
            return;
        }
        if (state.leader() != null && !node.isLeaderHeartbeatTimeoutElapsed()) {
            led(nowNanos);
            return;
        }
        leaderlessNanos = nowNanos;
        // The engine keeps a pre-vote that its leader's return made pointless, and starts no other while it has one
        // (RaftState.preCandidateState is not cleared by AppendEntriesRequestHandler).
        long patienceNanos =
                config.electionTimeout().toNanos() * 2 + config.leaderTimeout().toNanos();
        boolean forgotten = nowNanos - calmNanos > patienceNanos;
        if (guards.contains(Guard.ELECTION_WATCH) && forgotten && state.role() == RaftRole.FOLLOWER)
            startPreVote(state);
    }

    private void led(long nowNanos) {
        calmNanos = nowNanos;
        if (nowNanos - leaderlessNanos > CALM_AFTER.toNanos()) time.calm();
    }

    private boolean voterQuorumLost(RaftState state) {
        LeaderState leading = state.leaderState();
        long now = time.millis();
        int heard = state.isVotingMember(node.getLocalEndpoint()) ? 1 : 0;
        for (RaftEndpoint voter : state.remoteVotingMembers()) {
            FollowerState follower = leading.getFollowerStateOrNull(voter);
            long silentMillis = follower == null ? Long.MAX_VALUE : now - follower.responseTimestamp();
            if (silentMillis < time.leaderTimeoutMillis()) heard++;
        }
        return heard < state.leaderElectionQuorumSize();
    }
}
