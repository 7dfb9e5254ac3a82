package holdfast.server.proof;

import holdfast.core.base.Bytes;
import holdfast.core.base.Dice;
import holdfast.core.proof.Call;
import holdfast.core.proof.Leased;
import holdfast.core.proof.Leased.Renewal;
import holdfast.core.proof.Op;
import holdfast.core.proof.Reply;
import holdfast.server.base.Threads;
import holdfast.server.client.Answer;
import holdfast.server.client.Etcd;
import holdfast.server.client.Snapshot;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/// The owner of one lease with one key, who renews it at any member for a while and then falls silent.
final class LeaseRecorder {
    private static final int CLIENT = 1_000;
    private static final long TTL_SECONDS = 2;
    private static final long RENEW_MILLIS = 350;
    private static final int PUTS_MAX = 8;

    private final Recorder recorder;
    private final Map<String, Etcd> members;
    private final String key;
    private final int number;
    private final Dice dice;
    private final long untilNanos;
    private final Thread thread;
    private final List<Renewal> renewals = new ArrayList<>();
    private long id;
    private long ttlNanos;
    private boolean bound;

    /// @param untilNanos when it falls silent, on the recorder's clock
    LeaseRecorder(Recorder recorder, Map<String, Etcd> members, String root, int number, Dice dice, long untilNanos) {
        this.recorder = recorder;
        this.members = members;
        this.key = root + "l/" + number;
        this.number = number;
        this.dice = dice;
        this.untilNanos = untilNanos;
        thread = Threads.start("lease-" + number, this::run);
    }

    private Etcd any() {
        return dice.pick(List.copyOf(members.values()));
    }

    private void run() {
        while (id == 0 && recorder.nanos() < untilNanos) {
            long invoked = recorder.nanos();
            if (!(any().grant(TTL_SECONDS) instanceof Answer.Done<Etcd.Granted>(Etcd.Granted granted))) continue;
            id = granted.id();
            ttlNanos = TimeUnit.SECONDS.toNanos(granted.ttlSeconds());
            renewals.add(new Renewal(invoked, true));
        }
        if (id == 0) return;
        for (int tries = 0; tries < PUTS_MAX && !bound; tries++) bind(tries);
        while (bound && recorder.nanos() < untilNanos) {
            Pause.millis(RENEW_MILLIS);
            long invoked = recorder.nanos();
            boolean alive = any().renew(id, TimeUnit.MILLISECONDS.toNanos(600)) instanceof Answer.Done<Long>(Long left)
                    && left > 0;
            renewals.add(new Renewal(invoked, alive));
        }
    }

    private void bind(int tries) {
        String member = dice.pick(List.copyOf(members.keySet()));
        Etcd etcd = members.get(member);
        if (etcd == null) return;
        Op.Write put = Op.put(key, "l" + number + "n" + tries);
        long invoked = recorder.nanos();
        Reply reply = Recorder.reply(
                etcd.commit(Recorder.txn(put, id)),
                done -> new Reply.Done(done.succeeded(), done.revision(), List.of()));
        long returned = reply instanceof Reply.Lost ? Call.NEVER : recorder.nanos();
        recorder.record(new Call(CLIENT + number, member, put, invoked, returned, reply));
        bound = reply instanceof Reply.Done;
    }

    /// Waits for the owner to fall silent.
    void await() {
        try {
            thread.join();
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
    }

    /// Whether the key is not there; false when nobody answers.
    boolean isGone(Etcd etcd) {
        return !bound
                || (etcd.get(Bytes.utf8(key)) instanceof Answer.Done<Snapshot>(Snapshot found)
                        && found.pairs().isEmpty());
    }

    /// Empty when it never came to be.
    Optional<Leased> leased() {
        return bound ? Optional.of(new Leased(id, ttlNanos, key, renewals, Call.NEVER)) : Optional.empty();
    }
}
