package holdfast.core.truth;

import static org.assertj.core.api.Assertions.assertThat;

import holdfast.core.base.Bytes;
import holdfast.core.base.Dice;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

class LeaseBookTest {
    private static final long MILLI = 1_000_000;
    private static final long SECOND = 1_000 * MILLI;
    private static final long STALL_LIMIT = 2 * SECOND;
    private static final long AGAIN = 3 * SECOND;
    private static final int DUE_MAX = 4;
    private static final int RUNS = 2_000;

    private final LeaseBook book = new LeaseBook(DUE_MAX, STALL_LIMIT, AGAIN);

    @Test
    void lease_isDueAfterItsWholeTime_neverEarlier() {
        lead(0, new Lease(1, 1_500));

        assertThat(book.tick(1_500 * MILLI - 1, true)).isEmpty();
        assertThat(book.remainingMillis(1_500 * MILLI - 1, 1)).isEqualTo(1);
        assertThat(book.tick(1_500 * MILLI, true)).containsExactly(1L);
        assertThat(book.remainingMillis(1_500 * MILLI, 1)).isZero();
    }

    @Test
    void dueLease_cannotBeRenewed_andComesAgainUntilRevoked() {
        lead(0, new Lease(1, 1_000));

        assertThat(book.tick(SECOND, true)).containsExactly(1L);
        assertThat(book.renewed(SECOND, 1)).isZero();
        assertThat(book.tick(2 * SECOND, true)).isEmpty();
        assertThat(book.tick(4 * SECOND, true)).containsExactly(1L);
        book.revoked(1);
        assertThat(book.tick(6 * SECOND, true)).isEmpty();
        assertThat(book.remainingMillis(6 * SECOND, 1)).isEqualTo(-1);
        assertThat(book.grantedMillis(1)).isEqualTo(-1);
    }

    @Test
    void leases_areListed_withWhatEndsNextFirst() {
        lead(0, new Lease(1, 4_500), new Lease(2, 1_000), new Lease(3, 3_000));
        assertThat(book.soonestFirst(List.of(1L, 2L, 3L, 4L))).containsExactly(2L, 3L, 1L, 4L);

        assertThat(book.renewed(SECOND / 2, 2)).isEqualTo(1_000);
        assertThat(book.renewed(2 * SECOND, 3)).isEqualTo(3_000);
        assertThat(book.soonestFirst(List.of(1L, 2L, 3L))).containsExactly(2L, 1L, 3L);
    }

    private void lead(long now, Lease... leases) {
        book.elected(now);
        for (Lease lease : leases) book.granted(word(now), lease);
    }

    private static LeaseBook.Word word(long now) {
        return new LeaseBook.Word(1, now, now);
    }

    @Test
    void newLeader_goesOnCounting_fromHalfATtlBeyondTheLog() {
        book.learned(word(0), List.of(new Lease(1, 8_000), new Lease(2, 8_000)));
        book.tick(SECOND, true);
        book.logged(word(SECOND), 2);
        for (int second = 2; second <= 9; second++) book.tick(second * SECOND, true);
        book.elected(9 * SECOND);

        assertThat(book.remainingMillis(9 * SECOND, 1)).isEqualTo(3_000);
        assertThat(book.remainingMillis(9 * SECOND, 2))
                .as("no more than was granted")
                .isEqualTo(4_000);
        assertThat(book.tick(10 * SECOND, true)).isEmpty();
        assertThat(book.tick(12 * SECOND - 1, true)).isEmpty();
        assertThat(book.tick(12 * SECOND, true)).containsExactly(1L);
        assertThat(book.tick(13 * SECOND, true)).containsExactly(2L);
    }

    /// The leader's book and a follower's, which hears of the log later: what one promised the other keeps.
    @Test
    void follower_keepsWhateverTheLeaderPromisedWithoutTheLog() {
        for (long seed = 1; seed <= RUNS; seed++) {
            Dice dice = new Dice(seed);
            LeaseBook leader = new LeaseBook(DUE_MAX, STALL_LIMIT, AGAIN);
            LeaseBook follower = new LeaseBook(DUE_MAX, STALL_LIMIT, AGAIN);
            Lease lease = new Lease(1, 1_000 + dice.nextInt(9_000));
            long lag = dice.nextLong(200 * MILLI);
            leader.elected(0);
            leader.granted(word(0), lease);
            follower.granted(word(lag), lease);
            long promised = lease.ttlMillis() * MILLI;
            long now = 0;
            for (int step = 0; step < 20; step++) {
                now += dice.nextLong(lease.ttlMillis() * MILLI * 3 / 4);
                boolean heard = leader.needsLog(now, 1);
                if (heard) {
                    leader.logged(word(now), 1);
                    follower.logged(word(now + lag), 1);
                }
                if (leader.renewed(now, 1) > 0) promised = now + lease.ttlMillis() * MILLI;
            }
            follower.elected(now + lag);
            for (long at = now + lag; at < promised; at += 100 * MILLI)
                assertThat(follower.tick(at, true)).as("seed %d", seed).isEmpty();
            long inTime = promised + lease.ttlMillis() * MILLI / 2 + lag;
            for (long at = Math.max(now + lag, promised); at < inTime; at += SECOND) follower.tick(at, true);
            assertThat(follower.remainingMillis(inTime, 1)).as("seed %d", seed).isZero();
        }
    }

    /// Members that restart and lead in turn, each TTL: what the log says of the lease outlives their books.
    @Test
    void fadingLease_endsThoughEveryLeaderIsJustRestarted() {
        Lease lease = new Lease(1, 8_000);
        lead(0, lease);
        long now = 0;
        LeaseBook leader = book;
        for (int change = 0; change < 4 && leader.remainingMillis(now, 1) != 0; change++) {
            LeaseBook next = new LeaseBook(DUE_MAX, STALL_LIMIT, AGAIN);
            next.learned(word(now), List.of(lease));
            for (long until = now + 4 * SECOND; now < until; now += 100 * MILLI) {
                boolean over = !leader.tick(now, true).isEmpty();
                assertThat(over && now < 12 * SECOND).isFalse();
                next.tick(now, true);
                for (LeaseBook.Kept kept : leader.fading(now)) next.kept(now + 50 * MILLI, 1, kept);
            }
            if (leader.remainingMillis(now, 1) == 0) break;
            next.elected(now);
            leader = next;
        }
        assertThat(leader.remainingMillis(now, 1)).isZero();
        assertThat(now).isLessThanOrEqualTo(17 * SECOND);
    }

    @Test
    void renewedLease_doesNotFade() {
        lead(0, new Lease(1, 8_000));
        for (long now = 0; now < 60 * SECOND; now += 2_600 * MILLI) {
            if (book.needsLog(now, 1)) book.logged(word(now), 1);
            assertThat(book.renewed(now, 1)).isPositive();
            assertThat(book.fading(now)).isEmpty();
        }
    }

    /// What a deposed leader said of a lease before its client came back may arrive after the client's renewal.
    @Test
    void fadingThatCameLate_doesNotShortenARenewedLease() {
        book.granted(new LeaseBook.Word(1, 0, 0), new Lease(1, 2_000));
        book.tick(SECOND, true);
        book.tick(2 * SECOND, true);
        book.logged(new LeaseBook.Word(7, 2 * SECOND, 2 * SECOND), 1);
        book.kept(2_300 * MILLI, 6, new LeaseBook.Kept(1, 1_500));
        book.elected(3 * SECOND);

        assertThat(book.tick(3_900 * MILLI, true)).isEmpty();
        assertThat(book.tick(5 * SECOND - 1, true)).isEmpty();
        assertThat(book.tick(5 * SECOND, true)).containsExactly(1L);
    }

    @Test
    void renewalAfterAStall_needsTheLog_sinceFollowersDidNotStall() {
        lead(0, new Lease(1, 8_000));
        book.tick(0, true);
        book.tick(5 * SECOND, true);

        assertThat(book.needsLog(5 * SECOND, 1)).isTrue();
    }

    @Test
    void newLeader_promisesNothingBeyondAnothersWord() {
        book.granted(word(0), new Lease(1, 8_000));
        book.elected(SECOND);

        assertThat(book.needsLog(SECOND, 1)).isTrue();
        book.logged(word(SECOND + MILLI), 1);
        assertThat(book.needsLog(3 * SECOND, 1)).isFalse();
    }

    @Test
    void deposedLeader_followsTheNextOnesRenewals_ofALeaseThatItFoundDue() {
        lead(0, new Lease(1, 1_000));
        assertThat(book.tick(SECOND, true)).containsExactly(1L);
        book.deposed();
        book.logged(word(SECOND + MILLI), 1);
        book.elected(2 * SECOND);

        assertThat(book.tick(2 * SECOND, true)).isEmpty();
        assertThat(book.tick(2_500 * MILLI, true)).isEmpty();
        assertThat(book.tick(2_501 * MILLI, true)).containsExactly(1L);
    }

    @Test
    void timeWithoutALeader_doesNotCount() {
        book.granted(word(0), new Lease(1, 2_000));
        book.tick(0, true);
        book.tick(SECOND, true);
        for (int second = 2; second <= 30; second++) book.tick(second * SECOND, false);
        book.elected(30 * SECOND);

        assertThat(book.remainingMillis(30 * SECOND, 1)).isEqualTo(2_000);
        assertThat(book.tick(31 * SECOND, true)).isEmpty();
        assertThat(book.tick(32 * SECOND, true)).containsExactly(1L);
    }

    @Test
    void deposedLeader_expiresAndRenewsNothing() {
        lead(0, new Lease(1, 1_000));
        book.deposed();
        book.granted(word(0), new Lease(2, 1_000));

        assertThat(book.leading()).isFalse();
        assertThat(book.tick(SECOND, true)).isEmpty();
        assertThat(book.tick(2 * SECOND, true)).isEmpty();
        assertThat(book.renewed(SECOND, 1)).isZero();
    }

    @Test
    void stalledLeader_creditsItsStallToEveryLease() {
        lead(0, new Lease(1, 5_000));
        book.tick(SECOND, true);

        assertThat(book.tick(31 * SECOND, true)).as("30 s stall").isEmpty();
        assertThat(book.remainingMillis(31 * SECOND, 1)).isEqualTo(4_000);
        assertThat(book.tick(33 * SECOND, true)).isEmpty();
        assertThat(book.tick(35 * SECOND, true)).containsExactly(1L);
    }

    @Test
    void tick_isBounded_soonestFirst() {
        book.elected(0);
        for (long id = 1; id <= 10; id++) book.granted(word(0), new Lease(id, 1_000 - 10 * id));

        assertThat(book.tick(SECOND, true)).containsExactly(10L, 9L, 8L, 7L);
        assertThat(book.tick(SECOND, true)).containsExactly(6L, 5L, 4L, 3L);
        assertThat(book.tick(SECOND, true)).containsExactly(2L, 1L);
    }

    @Test
    void hugeTtl_doesNotOverflow() {
        long now = Long.MAX_VALUE / 4;
        lead(now, new Lease(1, 9_000_000_000_000L), new Lease(2, Long.MAX_VALUE));

        assertThat(book.tick(now + SECOND, true)).isEmpty();
        assertThat(book.remainingMillis(now, 1)).isPositive();
        assertThat(book.remainingMillis(now, 2)).isPositive();
    }

    @Test
    void appliedBatch_grantsAndRevokes() {
        book.elected(0);
        List<Command> commands = List.of(
                new Command.LeaseGrant(1, 1_000),
                new Command.LeaseGrant(2, 1_000),
                new Command.LeaseGrant(2, 9_000),
                Command.Put.of(Bytes.utf8("a"), Bytes.EMPTY),
                new Command.LeaseRevoke(1),
                new Command.LeaseExpire(3, 1));
        Batch batch = new Batch(0, commands);
        book.offer(word(0), batch, new Keyspace().apply(1, 1, batch, new MemoryShelf()));

        assertThat(book.grantedMillis(1)).isEqualTo(-1);
        assertThat(book.grantedMillis(2)).isEqualTo(1_000);
        assertThat(book.grantedMillis(3)).isEqualTo(-1);
    }

    /// Against plain book-keeping: a map from id to the moment until which it must live.
    @Test
    void randomLife_neverEndsALeaseEarly_andEndsEachInTime() {
        for (long seed = 1; seed <= RUNS; seed++) live(new Dice(seed), "seed " + seed);
    }

    private static void live(Dice dice, String seed) {
        LeaseBook book = new LeaseBook(DUE_MAX, STALL_LIMIT, AGAIN);
        Map<Long, Long> untilNanos = new TreeMap<>();
        Map<Long, Long> ttlNanos = new TreeMap<>();
        long now = dice.nextLong(SECOND);
        book.elected(now);
        for (int step = 0; step < 60; step++) {
            long tickedBefore = now;
            now += dice.oneIn(10) ? dice.nextLong(20 * SECOND) : dice.nextLong(STALL_LIMIT);
            long id = 1 + dice.nextInt(4);
            long at = now - dice.nextLong(now - tickedBefore + 1);
            if (dice.oneIn(3)) {
                long ttl = 100 * (1 + dice.nextLong(80));
                book.granted(word(at), new Lease(id, ttl));
                ttlNanos.put(id, ttl * MILLI);
                untilNanos.put(id, at + ttl * MILLI);
            } else if (book.renewed(at, id) > 0) untilNanos.put(id, at + ttlNanos.get(id));
            if (now - tickedBefore > STALL_LIMIT) {
                long stall = now - tickedBefore;
                untilNanos.replaceAll((_, until) -> until + stall);
            }
            List<Long> due = book.tick(now, true);
            long moment = now;
            assertThat(due)
                    .as(seed)
                    .allSatisfy(dead -> assertThat(untilNanos.get(dead)).isLessThanOrEqualTo(moment));
            for (Map.Entry<Long, Long> lease : untilNanos.entrySet()) {
                boolean over = lease.getValue() <= now;
                assertThat(book.remainingMillis(now, lease.getKey()) == 0)
                        .as("%s lease %d", seed, lease.getKey())
                        .isEqualTo(over);
                if (over && due.size() < DUE_MAX)
                    assertThat(book.renewed(now, lease.getKey())).as(seed).isZero();
            }
        }
    }
}
