package holdfast.core.truth;

import static org.assertj.core.api.Assertions.assertThat;

import holdfast.core.base.Dice;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/// Three members' books of one lease on one log, with members that apply late, stall, restart, and lead in turn, and
/// with words of deposed leaders that come late. Whoever leads, a renewal that was answered holds for a whole TTL.
final class LeaseBooksTest {
    private static final long MILLI = 1_000_000;
    private static final long STEP = 20 * MILLI;
    private static final long STALL_LIMIT = 100 * MILLI;
    private static final int STEPS = 600;
    private static final int RUNS = 20_000;
    private static final Lease LEASE = new Lease(1, 2_000);
    private static final long TTL = 2_000 * MILLI;

    @Test
    void promise_isKept_whoeverLeads() {
        int ended = 0;
        for (long seed = 1; seed <= RUNS; seed++) if (new Cluster(seed).endsInTime(seed)) ended++;
        assertThat(ended).as("runs in which the lease ended").isGreaterThan(RUNS / 2);
    }

    private enum Kind {
        GRANT,
        RENEWAL,
        FADING
    }

    /// @param by whose word it is; it may be appended by a later leader
    /// @param askedNanos by the client
    private record Said(Kind kind, int by, long askedNanos, long appendedNanos, long knownIndex, LeaseBook.Kept kept) {
        Said appended(long nowNanos) {
            return new Said(kind, by, askedNanos, nowNanos, knownIndex, kept);
        }
    }

    private static final class Member {
        LeaseBook book = new LeaseBook(4, STALL_LIMIT, 10 * TTL);
        int applied;
        boolean ready;
        long awakeNanos;
        long appliesNanos;
    }

    private static final class Cluster {
        private final Dice dice;
        private final List<Member> members = List.of(new Member(), new Member(), new Member());
        private final List<Said> log = new ArrayList<>();
        private final List<Said> late = new ArrayList<>(); // of deposed leaders, for the next one to append
        private final List<Said> sent = new ArrayList<>(); // by this leader, not appended yet
        private int leader;
        private long leaderlessUntilNanos;
        private long promisedNanos = TTL;
        private long now;

        Cluster(long seed) {
            dice = new Dice(seed);
        }

        boolean endsInTime(long seed) {
            members.getFirst().book.elected(0);
            members.getFirst().ready = true;
            log.add(new Said(Kind.GRANT, 0, 0, 0, 0, new LeaseBook.Kept(1, 0)));
            long silentFrom = dice.nextLong(STEPS) * STEP;
            int faultsOneIn = 5 + dice.nextInt(60);
            int renewalsOneIn = 2 + dice.nextInt(40);
            for (int step = 0; step < STEPS; step++) {
                now += STEP;
                if (dice.oneIn(faultsOneIn)) fault();
                append();
                for (int id = 0; id < members.size(); id++) if (members.get(id).awakeNanos <= now) apply(id);
                if (now < silentFrom && dice.oneIn(renewalsOneIn)) renew();
                for (int id = 0; id < members.size(); id++) {
                    if (members.get(id).awakeNanos > now || !tick(id)) continue;
                    assertThat(now).as("seed %d: ended by %d", seed, id).isGreaterThanOrEqualTo(promisedNanos);
                    return true;
                }
            }
            return false;
        }

        private void fault() {
            Member member = members.get(dice.nextInt(3));
            switch (dice.nextInt(4)) {
                case 0 -> member.awakeNanos = now + dice.nextLong(TTL);
                case 1 -> member.appliesNanos = now + dice.nextLong(TTL / 2);
                case 2 -> {
                    if (member == members.get(leader)) return;
                    member.book = new LeaseBook(4, STALL_LIMIT, 10 * TTL);
                    member.book.learned(new LeaseBook.Word(member.applied, now, now), List.of(LEASE));
                }
                default -> elect(dice.nextInt(3));
            }
        }

        private void elect(int next) {
            members.get(leader).book.deposed();
            members.get(leader).ready = false;
            late.addAll(sent);
            sent.clear();
            leader = next;
            leaderlessUntilNanos = now + dice.nextLong(TTL / 2);
        }

        private boolean leaderless() {
            return now < leaderlessUntilNanos || members.get(leader).awakeNanos > now;
        }

        private void append() {
            if (leaderless()) return;
            while (!sent.isEmpty()) log.add(sent.removeFirst().appended(now));
            if (!late.isEmpty() && dice.oneIn(5)) log.add(late.removeFirst().appended(now));
        }

        private void apply(int id) {
            Member member = members.get(id);
            if (member.appliesNanos > now) return;
            while (member.applied < log.size() && (id == leader || !dice.oneIn(3))) {
                Said said = log.get(member.applied++);
                LeaseBook.Word word = new LeaseBook.Word(member.applied, said.appendedNanos, now);
                switch (said.kind) {
                    case GRANT -> member.book.granted(word, LEASE);
                    case RENEWAL -> {
                        member.book.logged(word, 1);
                        if (id == leader && said.by == id && member.ready) answered(said.askedNanos);
                    }
                    case FADING -> member.book.kept(now, said.knownIndex, said.kept);
                }
            }
            if (id == leader && !member.ready && !leaderless() && member.applied == log.size()) {
                member.book.elected(now);
                member.ready = true;
            }
        }

        private void renew() {
            Member member = members.get(leader);
            if (leaderless() || !member.ready) return;
            if (member.book.needsLog(now, 1))
                sent.add(new Said(Kind.RENEWAL, leader, now, now, 0, new LeaseBook.Kept(1, 0)));
            else answered(now);
        }

        private void answered(long askedNanos) {
            if (members.get(leader).book.renewed(now, 1) > 0) promisedNanos = Math.max(promisedNanos, askedNanos + TTL);
        }

        /// @return whether the lease ends
        private boolean tick(int id) {
            Member member = members.get(id);
            boolean due = !member.book.tick(now, !leaderless()).isEmpty();
            for (LeaseBook.Kept kept : member.book.fading(now))
                sent.add(new Said(Kind.FADING, id, now, now, member.applied, kept));
            return due && id == leader && !leaderless();
        }
    }
}
