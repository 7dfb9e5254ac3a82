package holdfast.server.proof;

import holdfast.core.base.Bytes;
import holdfast.core.base.Dice;
import holdfast.core.base.KeyRange;
import holdfast.core.proof.Call;
import holdfast.core.proof.FaultSchedule;
import holdfast.core.proof.FaultSchedule.Kind;
import holdfast.core.proof.History;
import holdfast.core.proof.Op;
import holdfast.core.proof.Reply;
import holdfast.server.base.Ticker;
import holdfast.server.client.Answer;
import holdfast.server.client.Etcd;
import holdfast.server.client.Snapshot;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;

/// One round: clients, watchers and lease owners at work while a schedule of faults is carried out; then everything is
/// whole again, the last write is made, and every watcher has to reach it.
final class Round {
    private static final int CLIENTS = 8;
    private static final int LEASES = 3;
    private static final int ENDER = 900;
    private static final long AFTER_FAULTS_MILLIS = 400;
    private static final long SETTLE_MILLIS_MAX = 30_000;
    private static final long WATCH_MILLIS_MAX = 10_000;
    private static final long LEASE_MILLIS_MAX = 9_000; // an election may have given it its whole TTL again, twice

    private final Ticker ticker;
    private final String root;
    private final Dice dice;
    private final Map<String, Etcd> callers;
    private final Map<String, Etcd> watchers;
    private final Etcd everywhere;

    /// @param callers clients for calls, `watchers` for watches, one for each member; `everywhere` goes from one to
    ///     another
    Round(
            Ticker ticker,
            String root,
            Dice dice,
            Map<String, Etcd> callers,
            Map<String, Etcd> watchers,
            Etcd everywhere) {
        this.ticker = ticker;
        this.root = root;
        this.dice = dice;
        this.callers = callers;
        this.watchers = watchers;
        this.everywhere = everywhere;
    }

    /// @param history what was recorded; empty when the members did not come back
    /// @param done faults that were really brought about
    record Recorded(Optional<History> history, List<String> done, String problem) {}

    Recorded run(FaultSchedule schedule, FaultDriver driver) {
        long base = revision(driver);
        if (base < 0) return new Recorded(Optional.empty(), List.of(), "the members did not answer before the round");
        long startNanos = ticker.nanos();
        boolean big = schedule.faults().stream().anyMatch(fault -> fault.kind() == Kind.FULL);
        Recorder recorder = new Recorder(root, callers, ticker, startNanos, big);
        List<WatchRecorder> watches = new ArrayList<>();
        for (String member : Arena.MEMBERS) watches.add(watch("at-" + member, List.of(member), base, startNanos));
        watches.add(watch("roaming", Arena.MEMBERS, base, startNanos));
        recorder.start(CLIENTS, dice.split());
        List<LeaseRecorder> leases = new ArrayList<>();
        for (int number = 0; number < LEASES; number++) {
            long until = TimeUnit.MILLISECONDS.toNanos(dice.between(600, 3_500));
            leases.add(new LeaseRecorder(recorder, callers, root, number, dice.split(), until));
        }
        List<String> done = driver.run(schedule);
        Pause.millis(AFTER_FAULTS_MILLIS);
        recorder.stop();
        leases.forEach(LeaseRecorder::await);
        long _ = revision(driver); // all serve again: only then does a lease's time go on
        boolean _ = await(LEASE_MILLIS_MAX, () -> leases.stream().allMatch(lease -> lease.isGone(everywhere)));
        long end = end(recorder, driver);
        if (end < 0) {
            watches.forEach(WatchRecorder::stop);
            return new Recorded(Optional.empty(), done, "no write was acknowledged once all faults were over");
        }
        for (String member : Arena.MEMBERS) {
            watches.add(watch("replay-at-" + member, List.of(member), base, startNanos));
            recorder.readAll(ENDER, member);
        }
        boolean _ = await(WATCH_MILLIS_MAX, () -> {
            driver.startEnded();
            return watches.stream().allMatch(watch -> watch.reached() >= end);
        });
        watches.forEach(WatchRecorder::stop);
        List<Call> calls = recorder.calls();
        History history = new History(
                base,
                end,
                calls,
                watches.stream().map(WatchRecorder::watched).toList(),
                leases.stream().flatMap(lease -> lease.leased().stream()).toList());
        return new Recorded(Optional.of(history), done, driver.unexplained());
    }

    private WatchRecorder watch(String name, List<String> route, long base, long startNanos) {
        return new WatchRecorder(name, root, route, watchers, base + 1, ticker, startNanos);
    }

    /// Waits until every member answers.
    ///
    /// @return the newest revision, -1 when they did not answer in time
    private long revision(FaultDriver driver) {
        long[] revision = {-1};
        boolean _ = await(SETTLE_MILLIS_MAX, () -> {
            driver.startEnded();
            for (Etcd member : callers.values()) {
                Answer<Snapshot> read = member.range(KeyRange.prefix(Bytes.utf8(root)), 0);
                if (!(read instanceof Answer.Done<Snapshot>(Snapshot found))) return false;
                revision[0] = found.revision();
            }
            return true;
        });
        return revision[0];
    }

    /// The last write of the round, tried until it is acknowledged.
    private long end(Recorder recorder, FaultDriver driver) {
        long[] revision = {-1};
        int[] tries = {0};
        boolean _ = await(SETTLE_MILLIS_MAX, () -> {
            driver.startEnded();
            String member = Arena.MEMBERS.get(tries[0] % Arena.MEMBERS.size());
            Op put = Op.put(root + "end", "end" + tries[0]++);
            if (recorder.call(ENDER, member, put) instanceof Reply.Done done) revision[0] = done.revision();
            return revision[0] > 0;
        });
        return revision[0];
    }

    private boolean await(long limitMillis, BooleanSupplier condition) {
        long startNanos = ticker.nanos();
        while (!condition.getAsBoolean()) {
            if ((ticker.nanos() - startNanos) / 1_000_000 > limitMillis) return false;
            Pause.millis(20);
        }
        return true;
    }

    static Map<String, Etcd> clients(Arena arena) {
        Map<String, Etcd> clients = new LinkedHashMap<>();
        for (String member : Arena.MEMBERS) clients.put(member, arena.client(member));
        return clients;
    }
}
