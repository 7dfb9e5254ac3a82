package holdfast.server.truth;

import static org.assertj.core.api.Assertions.assertThat;

import holdfast.core.base.Bytes;
import holdfast.core.base.KeyRange;
import holdfast.core.truth.Alarm;
import holdfast.core.truth.AutoCompaction.Retention;
import holdfast.core.truth.Command;
import holdfast.core.truth.Refusal;
import holdfast.core.truth.Reply;
import holdfast.server.base.Metrics;
import holdfast.server.base.Ticker;
import holdfast.server.peers.Processes;
import holdfast.server.truth.Store.Answer;
import holdfast.server.truth.auth.AuthConfig;
import holdfast.server.truth.disk.RocksShelf;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A store that keeps itself in order, over a log of one member.
final class UpkeepTest {
    private static final long QUOTA_BYTES = 512 << 10;
    private static final Duration LIMIT = Duration.ofSeconds(30);
    private static final Answer NO_SPACE = new Answer.Refused(Reasons.NO_SPACE);

    @TempDir
    private Path folder;

    private RocksShelf shelf;
    private ReplicatedStore store;

    private void open(UpkeepConfig upkeep) {
        shelf = ((RocksShelf.Opened.Ready) RocksShelf.open(folder.resolve("state"))).shelf();
        StoreConfig config = new StoreConfig(
                7,
                1,
                99,
                "n1",
                List.of("http://localhost:1"),
                List.of("http://localhost:2"),
                Duration.ofSeconds(5),
                Duration.ofMillis(300),
                Duration.ofSeconds(5),
                2_000,
                2,
                2,
                10_000,
                upkeep,
                AuthConfig.DEFAULT);
        store = new ReplicatedStore(
                config, Ticker.system(), new Metrics(), shelf, machine -> new LoneLog(machine, 0), () -> {});
    }

    private static UpkeepConfig withQuota(long bytes) {
        return new UpkeepConfig(bytes, Retention.ALL, Duration.ZERO, true);
    }

    @AfterEach
    void close() {
        store.close();
        shelf.close();
    }

    @Test
    void fullStore_afterDeletingMostAndCompacting_takesWritesAgainWithoutAnOperator() {
        open(withQuota(QUOTA_BYTES));
        int written = fill();
        assertThat(written).isBetween(300, 512); // 1 KiB each, and what lies around it
        assertThat(store.status().alarms()).containsExactly(own(true));
        assertThat(isRefused(propose(new Command.LeaseGrant(5, 10_000)))).isTrue();

        KeyRange most = new KeyRange(key(0), key(written * 4 / 5));
        Answer.Done deleted = (Answer.Done) propose(new Command.DeleteRange(most, false));
        assertThat(((Reply.Deleted) deleted.reply()).count()).isEqualTo(written * 4L / 5);
        assertThat(isRefused(propose(put(0)))).isTrue(); // history still holds them
        long revision = deleted.header().revision();
        assertThat(((Answer.Done) propose(new Command.Compact(revision))).reply())
                .isInstanceOf(Reply.Compacted.class);

        Processes.await(
                "a write",
                LIMIT,
                () -> propose(put(0)) instanceof Answer.Done done && done.reply() instanceof Reply.Putted);
        assertThat(store.status().alarms()).isEmpty();
    }

    @Test
    void alarmOfAnOperator_staysUntilTheOperatorTakesItAway() {
        open(withQuota(QUOTA_BYTES));
        propose(new Command.SetAlarm(own(false), true));
        long until = System.nanoTime() + Duration.ofSeconds(1).toNanos();

        Processes.await("a second", LIMIT, () -> {
            assertThat(((Answer.Done) propose(put(1))).reply()).isEqualTo(new Reply.Refused(Refusal.NO_SPACE));
            return System.nanoTime() - until > 0;
        });
        propose(new Command.SetAlarm(own(false), false));

        assertThat(((Answer.Done) propose(put(1))).reply()).isInstanceOf(Reply.Putted.class);
    }

    @Test
    void quotaBelowZero_isNone() {
        open(withQuota(-1));

        for (int index = 0; index < 700; index++)
            assertThat(propose(put(index))).isInstanceOf(Answer.Done.class);
    }

    @Test
    void automaticCompaction_byPeriod_forgetsByItself() {
        open(new UpkeepConfig(-1, new Retention(Duration.ofSeconds(1).toNanos(), 0), Duration.ZERO, true));
        for (int index = 0; index < 20; index++) propose(put(1));

        Processes.await("a compaction", LIMIT, () -> {
            propose(put(1));
            Answer read = ask(done -> store.range(
                    new Command.Range(KeyRange.single(key(1)), 2, 0, Command.Sort.BY_KEY, false, false, 0, 0, 0, 0),
                    true,
                    done));
            return ((Answer.Done) read).reply().equals(new Reply.Refused(Refusal.REVISION_COMPACTED));
        });
    }

    @Test
    void sizeInUse_fallsWithCompaction_andTheWholeOnceDefragmentIsAnswered() {
        open(withQuota(-1));
        for (int index = 0; index < 2_000; index++) propose(put(1));
        Processes.await("a look at the disk", LIMIT, () -> store.status().liveBytes() > 2_000 << 10);
        Store.Status full = store.status();
        assertThat(full.liveBytes()).isLessThanOrEqualTo(full.diskBytes());

        propose(new Command.Compact(2_000));
        Processes.await("less in use", LIMIT, () -> store.status().liveBytes() < full.liveBytes() / 10);
        BlockingQueue<Operations.Told<Boolean>> told = new LinkedBlockingQueue<>();
        for (int times = 0; times < 3; times++) store.operations().defragment(told::add);
        for (int times = 0; times < 3; times++)
            assertThat(taken(told)).isInstanceOfSatisfying(Operations.Told.Done.class, done -> {});

        Store.Status left = store.status();
        assertThat(left.diskBytes()).isLessThan(full.diskBytes() / 10);
        assertThat(left.liveBytes()).isBetween(1L, left.diskBytes());
    }

    /// How many were taken.
    private int fill() {
        for (int index = 0; index < 10_000; index++) {
            Answer answer = propose(put(index));
            if (answer.equals(NO_SPACE)) return index;
            assertThat(answer).isInstanceOf(Answer.Done.class);
        }
        throw new AssertionError("the quota lets everything through");
    }

    /// Before the log, or by the alarm behind it.
    private static boolean isRefused(Answer answer) {
        return answer.equals(NO_SPACE)
                || (answer instanceof Answer.Done done && done.reply().equals(new Reply.Refused(Refusal.NO_SPACE)));
    }

    private Alarm own(boolean byStore) {
        return new Alarm(store.status().header().memberId(), Alarm.Kind.NO_SPACE, byStore);
    }

    private static Bytes key(int index) {
        return Bytes.utf8(String.format(java.util.Locale.ROOT, "key%05d", index));
    }

    private static Command put(int index) {
        return Command.Put.of(key(index), Bytes.utf8("v".repeat(1_024)));
    }

    private Answer propose(Command command) {
        return ask(done -> store.propose(command, done));
    }

    private static Answer ask(java.util.function.Consumer<java.util.function.Consumer<Answer>> asking) {
        BlockingQueue<Answer> answer = new LinkedBlockingQueue<>();
        asking.accept(answer::add);
        return taken(answer);
    }

    private static <T> T taken(BlockingQueue<T> answers) {
        try {
            T taken = answers.poll(20, TimeUnit.SECONDS);
            if (taken == null) throw new AssertionError("no answer");
            return taken;
        } catch (InterruptedException bug) {
            throw new AssertionError(bug);
        }
    }
}
