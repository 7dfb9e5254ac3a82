package holdfast.server.truth.etcd;

import com.google.protobuf.MessageLite;
import holdfast.core.base.Bytes;
import holdfast.core.base.KeyRange;
import holdfast.core.base.Reason;
import holdfast.core.truth.Command;
import holdfast.core.truth.Compare;
import holdfast.core.truth.Event;
import holdfast.core.truth.KeyValue;
import holdfast.core.truth.Reply;
import holdfast.server.base.Threads;
import holdfast.server.truth.Store;
import holdfast.server.truth.Store.WatchAnswer;
import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// The store as code that waits sees it, on behalf of one call: what locks and elections are made of. Each such call
/// has a virtual thread,
/// which is interrupted when the client goes away.
final class Waiting {
    /// Most answers of one watch that can lie here: its creation, one delivery, its end.
    private static final int ANSWERS_MAX = 4;

    private static final long SESSION_TTL_MILLIS = 60_000;

    private final Gate gate;
    private final Call call;

    Waiting(Gate gate, Call call) {
        this.gate = gate;
        this.call = call;
    }

    /// Ends the call with `error`. An exception, and the one place for it: it leaves several levels of waiting at once.
    static final class Failed extends Exception {
        private static final long serialVersionUID = 1;
        private final transient EtcdError error;

        Failed(EtcdError error) {
            super(error.message(), null, false, false);
            this.error = error.asUnknown();
        }
    }

    /// What a call does on its own thread.
    @FunctionalInterface
    interface Task {
        void run() throws Failed, InterruptedException;
    }

    void start(String name, Task task) {
        Thread thread = Threads.start(name, () -> {
            try {
                task.run();
            } catch (Failed failed) {
                call.later(() -> call.fail(failed.error));
            } catch (InterruptedException _) {
                call.later(() -> call.fail(EtcdError.CANCELED));
            }
        });
        call.whenOver(thread::interrupt);
    }

    /// A lease for a caller that brings none.
    long session(long leaseId) throws Failed, InterruptedException {
        if (leaseId != 0) return leaseId;
        Command grant = new Command.LeaseGrant(LeaseService.newLeaseId(), SESSION_TTL_MILLIS);
        return propose(grant).reply() instanceof Reply.Granted granted ? granted.id() : leaseId;
    }

    Store.Answer.Done propose(Command command) throws Failed, InterruptedException {
        return await(done -> gate.store(call).propose(command, done));
    }

    /// Starts a clean-up that nobody waits for.
    void proposeOnly(Command command) {
        gate.store(call).propose(command, _ -> {});
    }

    Store.Answer.Done range(Command.Range range) throws Failed, InterruptedException {
        return await(done -> gate.store(call).range(range, true, done));
    }

    private static Store.Answer.Done await(Consumer<Consumer<Store.Answer>> ask) throws Failed, InterruptedException {
        BlockingQueue<Store.Answer> answers = new ArrayBlockingQueue<>(1);
        ask.accept(answers::add);
        return switch (answers.take()) {
            case Store.Answer.Done(var _, Reply.Refused(var why)) -> throw new Failed(EtcdError.of(why));
            case Store.Answer.Done done -> done;
            case Store.Answer.Refused(Reason why) -> throw new Failed(EtcdError.of(why));
            case Store.Answer.Unknown(Reason why) -> throw new Failed(EtcdError.of(why));
        };
    }

    /// Waits until no key under `prefix` is left that was created at `maxCreateRevision` or before.
    void untilGone(Bytes prefix, long maxCreateRevision) throws Failed, InterruptedException {
        while (true) {
            Store.Answer.Done done = range(newestCreated(prefix, maxCreateRevision));
            KeyValue last = first(done.reply());
            if (last == null) return;
            try (Following following =
                    follow(KeyRange.single(last.key()), done.header().revision())) {
                while (following.next().events().stream().noneMatch(event -> event.kind() == Event.Kind.DELETE)) {
                    following.taken();
                }
            }
        }
    }

    /// A watch whose answers are waited for.
    final class Following implements AutoCloseable {
        private final BlockingQueue<WatchAnswer> answers = new ArrayBlockingQueue<>(ANSWERS_MAX);
        private final Store.Watching watching;

        private Following(KeyRange range, long fromRevision) {
            Store.WatchRequest request = new Store.WatchRequest(range, fromRevision, false, true, true);
            watching = gate.store(call).watch(request, answers::add);
        }

        WatchAnswer.Events next() throws Failed, InterruptedException {
            while (true) {
                switch (answers.take()) {
                    case WatchAnswer.Created _ -> {
                        // the next one counts
                    }
                    case WatchAnswer.Events events -> {
                        return events;
                    }
                    case WatchAnswer.Compacted _ -> throw new Failed(EtcdError.COMPACTED);
                    case WatchAnswer.Ended(Reason why) -> throw new Failed(EtcdError.of(why));
                }
            }
        }

        void taken() {
            watching.taken();
        }

        @Override
        public void close() {
            watching.close();
        }
    }

    Following follow(KeyRange range, long fromRevision) {
        return new Following(range, fromRevision);
    }

    /// Sends one message of a stream and waits until the client's connection has room again.
    void send(MessageLite message) throws InterruptedException {
        CountDownLatch room = new CountDownLatch(1);
        call.later(() -> {
            call.send(message);
            if (call.isFull()) call.onDrain(room::countDown);
            else room.countDown();
        });
        room.await();
    }

    static Compare createdAt(Bytes key, long revision) {
        return new Compare.OfField(
                KeyRange.single(key), Compare.Relation.EQUAL, Compare.Field.CREATE_REVISION, revision);
    }

    static Command.Range read(Bytes key) {
        return Command.Range.of(KeyRange.single(key));
    }

    static Command.Put put(Bytes key, Bytes value, long lease) {
        return new Command.Put(key, value, lease, false, false, false);
    }

    static Command.DeleteRange delete(Bytes key) {
        return new Command.DeleteRange(KeyRange.single(key), false);
    }

    /// The key under `prefix` that was created first: whoever holds the lock, or leads.
    static Command.Range oldestCreated(Bytes prefix) {
        return byCreation(prefix, true, 0);
    }

    private static Command.Range newestCreated(Bytes prefix, long maxCreateRevision) {
        return byCreation(prefix, false, maxCreateRevision);
    }

    private static Command.Range byCreation(Bytes prefix, boolean ascending, long maxCreateRevision) {
        Command.Sort sort = new Command.Sort(Command.Sort.Target.CREATE_REVISION, ascending);
        return new Command.Range(KeyRange.prefix(prefix), 0, 1, sort, false, false, 0, 0, 0, maxCreateRevision);
    }

    /// The first pair of a page, null when it is empty.
    static @Nullable KeyValue first(Reply reply) {
        if (!(reply instanceof Reply.Page(List<KeyValue> pairs, var _, var _))) {
            throw new IllegalStateException("no page: " + reply);
        }
        return pairs.isEmpty() ? null : pairs.getFirst();
    }

    /// `prefix` and the lease in signed hexadecimal: the key of one contender.
    static Bytes contender(Bytes prefix, long lease) {
        String hex = lease < 0 ? "-" + Long.toHexString(-lease) : Long.toHexString(lease);
        return prefix.concat(Bytes.utf8(hex));
    }
}
