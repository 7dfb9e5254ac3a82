package holdfast.server.truth;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.InvalidProtocolBufferException;
import holdfast.core.base.Bytes;
import holdfast.core.base.KeyRange;
import holdfast.core.truth.Command;
import holdfast.core.truth.Event;
import holdfast.core.truth.Reply;
import holdfast.protocol.log.LeaderAsk;
import holdfast.protocol.log.LeaderRefusal;
import holdfast.protocol.log.LeaderReply;
import holdfast.server.base.Metrics;
import holdfast.server.base.Ticker;
import holdfast.server.truth.Store.Answer;
import holdfast.server.truth.Store.LeaseAnswer;
import holdfast.server.truth.Store.WatchAnswer;
import holdfast.server.truth.Store.WatchRequest;
import holdfast.server.truth.auth.AuthConfig;
import holdfast.server.truth.disk.RocksShelf;
import holdfast.server.truth.log.BatchCodec;
import holdfast.server.truth.raft.RaftLog.Forwarded;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class ReplicatedStoreTest {
    private static final int WAITING_MAX = 2_000;

    @TempDir
    private Path folder;

    private RocksShelf shelf;
    private LoneLog log;
    private ReplicatedStore store;

    @BeforeEach
    void open() {
        shelf = ((RocksShelf.Opened.Ready) RocksShelf.open(folder.resolve("state"))).shelf();
        AtomicReference<LoneLog> opened = new AtomicReference<>();
        StoreConfig config = new StoreConfig(
                7,
                1,
                99,
                "n1",
                List.of("http://localhost:1"),
                List.of("http://localhost:2"),
                Duration.ofSeconds(2),
                Duration.ofMillis(300),
                Duration.ofMillis(250),
                WAITING_MAX,
                2,
                2,
                10_000,
                UpkeepConfig.DEFAULT,
                AuthConfig.DEFAULT);
        store = new ReplicatedStore(
                config,
                Ticker.system(),
                new Metrics(),
                shelf,
                machine -> {
                    opened.set(new LoneLog(machine, 0));
                    return opened.get();
                },
                () -> {});
        log = opened.get();
    }

    @AfterEach
    void close() {
        store.close();
        shelf.close();
    }

    @Test
    void put_answered_isReadBackAtItsRevision() {
        Answer.Done put = done(propose(put("k", "v")));

        Answer.Done read = done(range("k"));

        assertThat(put.header().revision()).isEqualTo(2);
        assertThat(read.header().revision()).isEqualTo(2);
        assertThat(((Reply.Page) read.reply()).pairs()).singleElement().satisfies(pair -> {
            assertThat(pair.value()).isEqualTo(Bytes.utf8("v"));
            assertThat(pair.modRevision()).isEqualTo(2);
        });
    }

    @Test
    void commandsThatGather_shareEntries() {
        done(propose(put("first", "v")));
        long before = log.status().appliedIndex();
        log.hold();
        List<BlockingQueue<Answer>> answers = new ArrayList<>();
        for (int index = 0; index < 1_000; index++) answers.add(proposing(put("k" + index, "v")));
        log.letGo();

        for (var answer : answers) done(take(answer));

        assertThat(log.status().appliedIndex() - before).isLessThan(20);
    }

    @Test
    void queueFull_refuses_andNothingIsLost() {
        log.hold();
        List<BlockingQueue<Answer>> answers = new ArrayList<>();
        for (int index = 0; index < 2 * WAITING_MAX + 4_096; index++) answers.add(proposing(put("k", "v" + index)));
        log.letGo();

        long refused = answers.stream()
                .map(ReplicatedStoreTest::take)
                .filter(answer -> answer.equals(new Answer.Refused(Reasons.TOO_MANY_REQUESTS)))
                .count();

        assertThat(refused).isPositive();
        Answer.Done read = done(range("k"));
        assertThat(read.header().revision()).isEqualTo(1 + answers.size() - refused);
    }

    @Test
    void tooLargeCommand_isRefused() {
        assertThat(propose(put("k", "v".repeat(10_001)))).isEqualTo(new Answer.Refused(Reasons.TOO_LARGE));
    }

    @Test
    void noLeader_refusesAfterItsTime_andOtherwiseWaits() {
        log.depose(null);
        assertThat(propose(put("k", "v"))).isEqualTo(new Answer.Refused(Reasons.TIMED_OUT));

        BlockingQueue<Answer> waiting = proposing(put("k", "v"));
        log.elect();

        done(take(waiting));
    }

    @Test
    void leaderLostWithEntry_isUnknown() {
        log.hold();
        BlockingQueue<Answer> lost = proposing(put("k", "v"));
        log.depose(null);
        log.letGo();

        assertThat(take(lost)).isInstanceOfAny(Answer.Unknown.class, Answer.Refused.class);
        log.elect();
        assertThat(done(range("k")).header().revision()).isEqualTo(1);
    }

    @Test
    void follower_forwards_andAnswersWhenItApplied() {
        List<byte[]> sent = new ArrayList<>();
        log.depose(request -> answered(leaderTakes(request, sent)));

        BlockingQueue<Answer> put = proposing(put("k", "v"));
        assertThat(sent).hasSizeLessThanOrEqualTo(1);

        done(take(put));
        assertThat(done(range("k")).header().revision()).isEqualTo(2);
    }

    @Test
    void follower_whoseLeaderRefused_triesAgain() {
        log.depose(request -> answered(LeaderReply.newBuilder()
                .setRefused(LeaderRefusal.newBuilder().setCode("no-leader"))
                .build()));
        BlockingQueue<Answer> put = proposing(put("k", "v"));
        log.elect();

        done(take(put));
    }

    @Test
    void follower_whoseConnectionBroke_doesNotKnow() {
        log.depose(_ -> new Forwarded.Unknown(Reasons.CONNECTION_LOST));

        assertThat(propose(put("k", "v"))).isEqualTo(new Answer.Unknown(Reasons.CONNECTION_LOST));
    }

    @Test
    void entryOfAnEarlierRun_answersNobody() {
        log.hold();
        BlockingQueue<Answer> mine = proposing(put("k", "mine"));
        byte[] command = BatchCodec.command(put("k", "theirs"));
        log.applyForeign(BatchCodec.entry(1, List.of(BatchCodec.group(1, 98, 1, List.of(command)))));
        log.letGo();

        assertThat(done(take(mine)).header().revision()).isEqualTo(3);
    }

    @Test
    void lease_notRenewed_takesItsKeysWithIt() {
        Reply.Granted granted =
                (Reply.Granted) done(propose(new Command.LeaseGrant(5, 1))).reply();
        assertThat(granted.ttlMillis()).isEqualTo(300);
        done(propose(new Command.Put(Bytes.utf8("k"), Bytes.utf8("v"), 5, false, false, false)));
        BlockingQueue<WatchAnswer> watch = watching(KeyRange.single(Bytes.utf8("k")), 0);
        assertThat(renew(5)).isEqualTo(new LeaseAnswer.Renewed(header(2), 300));

        assertThat(take(watch)).isInstanceOf(WatchAnswer.Created.class);
        Event died = ((WatchAnswer.Events) take(watch)).events().getFirst();
        assertThat(died.kind()).isEqualTo(Event.Kind.DELETE);
        assertThat(renew(5)).isEqualTo(new LeaseAnswer.Renewed(header(3), 0));
    }

    @Test
    void leaseQuestions_answerKeysAndIds() {
        done(propose(new Command.LeaseGrant(5, 60_000)));
        done(propose(new Command.Put(Bytes.utf8("k"), Bytes.utf8("v"), 5, false, false, false)));

        BlockingQueue<LeaseAnswer> left = new LinkedBlockingQueue<>();
        store.timeToLive(5, true, left::add);
        LeaseAnswer.Remaining remaining = (LeaseAnswer.Remaining) take(left);
        store.leases(left::add);

        assertThat(remaining.keys()).containsExactly(Bytes.utf8("k"));
        assertThat(remaining.grantedMillis()).isEqualTo(60_000);
        assertThat(remaining.remainingMillis()).isBetween(50_000L, 60_000L);
        assertThat(((LeaseAnswer.Listed) take(left)).ids()).containsExactly(5L);
    }

    @Test
    void watch_seesWhatComesAfterIt_inOrder_onceEach() {
        done(propose(put("before", "v")));
        BlockingQueue<WatchAnswer> watch = watching(KeyRange.ALL, 0);
        for (int index = 0; index < 500; index++) done(propose(put("k" + index, "v")));

        assertThat(((WatchAnswer.Created) take(watch)).header().revision()).isEqualTo(2);
        List<Long> seen = new ArrayList<>();
        while (seen.size() < 500) {
            ((WatchAnswer.Events) take(watch))
                    .events()
                    .forEach(event -> seen.add(event.now().modRevision()));
        }
        assertThat(seen).isSorted().doesNotHaveDuplicates().startsWith(3L).endsWith(502L);
    }

    /// While nobody watches, what is applied is not offered to watchers at all.
    @Test
    void watchesThatComeAndGoBesideWrites_missNothing() {
        for (int round = 0; round < 200; round++) {
            int before = round % 7;
            for (int index = 0; index < before; index++) proposing(put("k", "v"));
            BlockingQueue<WatchAnswer> answers = new LinkedBlockingQueue<>();
            try (Store.Watching watching =
                    store.watch(new WatchRequest(KeyRange.ALL, 0, false, true, true), answers::add)) {
                for (int index = 0; index < 3; index++) proposing(put("k", "v"));
                long last = done(propose(put("k", "v"))).header().revision();
                long seen = ((WatchAnswer.Created) take(answers)).header().revision();
                while (seen < last) {
                    for (Event event : ((WatchAnswer.Events) take(answers)).events())
                        assertThat(event.now().modRevision()).isEqualTo(++seen);
                    watching.taken();
                }
            }
        }
    }

    @Test
    void watcherThatTakesNothing_isDeliveredTheRestFromHistory() {
        BlockingQueue<WatchAnswer> answers = new LinkedBlockingQueue<>();
        Store.Watching watching = store.watch(new WatchRequest(KeyRange.ALL, 0, false, true, true), answers::add);
        assertThat(take(answers)).isInstanceOf(WatchAnswer.Created.class);
        String large = "v".repeat(4 << 10); // more in all than is kept for a watcher
        for (int index = 0; index < 1_500; index++) proposing(put("k" + index % 10, large));
        done(propose(put("last", "v")));
        long seen = 0;
        while (seen < 1_501) {
            seen += ((WatchAnswer.Events) take(answers)).events().size();
            watching.taken();
        }
        assertThat(seen).isEqualTo(1_501);
        long deadline = Ticker.system().nanos() + 5_000_000_000L;
        while (watching.syncedRevision() < 1_502 && Ticker.system().nanos() < deadline) Thread.onSpinWait();
        assertThat(watching.syncedRevision()).isEqualTo(1_502);
    }

    @Test
    void watchFromCompactedRevision_isTold() {
        done(propose(put("k", "1")));
        done(propose(put("k", "2")));
        done(propose(new Command.Compact(3)));

        BlockingQueue<WatchAnswer> watch = watching(KeyRange.ALL, 2);

        assertThat(take(watch)).isInstanceOf(WatchAnswer.Created.class);
        assertThat(((WatchAnswer.Compacted) take(watch)).compactRevision()).isEqualTo(3);
    }

    @Test
    void members_knowTheirUrls_onceAnnounced() {
        BlockingQueue<Store.MembersAnswer> answers = new LinkedBlockingQueue<>();
        List<String> urls = List.of();
        long deadline = Ticker.system().nanos() + 5_000_000_000L;
        while (urls.isEmpty() && Ticker.system().nanos() < deadline) {
            store.members(true, answers::add);
            urls = ((Store.MembersAnswer.Listed) take(answers))
                    .members()
                    .getFirst()
                    .clientUrls();
        }
        assertThat(urls).containsExactly("http://localhost:2");
        assertThat(store.status().leaderId()).isEqualTo(store.status().header().memberId());
    }

    @Test
    void close_answersEverybody() {
        log.hold();
        BlockingQueue<Answer> put = proposing(put("k", "v"));
        BlockingQueue<WatchAnswer> watch = watching(KeyRange.ALL, 0);
        assertThat(take(watch)).isInstanceOf(WatchAnswer.Created.class);

        store.close();

        assertThat(take(put)).isInstanceOfAny(Answer.Unknown.class, Answer.Refused.class);
        assertThat(take(watch)).isEqualTo(new WatchAnswer.Ended(Reasons.STOPPED));
        assertThat(propose(put("k", "v"))).isEqualTo(new Answer.Refused(Reasons.STOPPED));
    }

    /// The other member orders it, and it comes back here by the log.
    private LeaderReply leaderTakes(byte[] request, List<byte[]> sent) {
        try {
            LeaderAsk ask = LeaderAsk.parseFrom(request);
            if (!ask.hasGroup()) return LeaderReply.getDefaultInstance();
            sent.add(request);
            log.applyForeign(BatchCodec.entry(1, List.of(ask.getGroup().toByteArray())));
            return LeaderReply.newBuilder()
                    .setDoneIndex(log.status().appliedIndex() + 1)
                    .build();
        } catch (InvalidProtocolBufferException bug) {
            throw new AssertionError(bug);
        }
    }

    private static Forwarded answered(LeaderReply reply) {
        return new Forwarded.Answered(Bytes.wrap(reply.toByteArray()));
    }

    private Store.Header header(long revision) {
        return new Store.Header(7, Members.id(7, 1), 1, revision);
    }

    private LeaseAnswer renew(long lease) {
        BlockingQueue<LeaseAnswer> answers = new LinkedBlockingQueue<>();
        store.keepAlive(lease, answers::add);
        return take(answers);
    }

    private BlockingQueue<WatchAnswer> watching(KeyRange range, long from) {
        BlockingQueue<WatchAnswer> answers = new LinkedBlockingQueue<>();
        AtomicReference<Store.@Nullable Watching> watching = new AtomicReference<>();
        Consumer<WatchAnswer> deliver = answer -> {
            answers.add(answer);
            Store.Watching now = watching.get();
            if (answer instanceof WatchAnswer.Events && now != null) now.taken();
        };
        watching.set(store.watch(new WatchRequest(range, from, false, true, true), deliver));
        return answers;
    }

    private BlockingQueue<Answer> proposing(Command command) {
        BlockingQueue<Answer> answers = new LinkedBlockingQueue<>();
        store.propose(command, answers::add);
        return answers;
    }

    private Answer propose(Command command) {
        return take(proposing(command));
    }

    private Answer range(String key) {
        BlockingQueue<Answer> answers = new LinkedBlockingQueue<>();
        store.range(Command.Range.of(KeyRange.single(Bytes.utf8(key))), true, answers::add);
        return take(answers);
    }

    private static Answer.Done done(Answer answer) {
        assertThat(answer).isInstanceOf(Answer.Done.class);
        return (Answer.Done) answer;
    }

    private static Command put(String key, String value) {
        return Command.Put.of(Bytes.utf8(key), Bytes.utf8(value));
    }

    private static <T> T take(BlockingQueue<T> queue) {
        try {
            T taken = queue.poll(10, TimeUnit.SECONDS);
            assertThat(taken).as("an answer within 10 s").isNotNull();
            return taken;
        } catch (InterruptedException bug) {
            throw new AssertionError(bug);
        }
    }
}
