package holdfast.server.truth.etcd;

import com.google.protobuf.InvalidProtocolBufferException;
import holdfast.core.base.Bytes;
import holdfast.core.truth.Command;
import holdfast.core.truth.KeyValue;
import holdfast.core.truth.Reply;
import holdfast.protocol.lock.LockRequest;
import holdfast.protocol.lock.LockResponse;
import holdfast.protocol.lock.UnlockRequest;
import holdfast.protocol.lock.UnlockResponse;
import holdfast.server.truth.Store;
import java.util.List;
import java.util.Map;

/// `v3lockpb.Lock`. Whoever's key under the lock's name was created first holds the lock; the create revision of that
/// key is its fencing token.
final class LockService {
    private final Gate gate;

    LockService(Gate gate) {
        this.gate = gate;
    }

    void addTo(Map<String, Rpc> methods) {
        methods.put("/v3lockpb.Lock/Lock", Rpc.unary(this::lock));
        methods.put("/v3lockpb.Lock/Unlock", Rpc.unary(this::unlock));
    }

    private void lock(Call call, byte[] message) throws InvalidProtocolBufferException {
        LockRequest request = LockRequest.parseFrom(message);
        Bytes prefix = Translate.bytes(request.getName()).concat(Bytes.utf8("/"));
        Waiting waiting = new Waiting(gate, call);
        waiting.start("lock " + prefix, () -> lock(call, waiting, prefix, waiting.session(request.getLease())));
    }

    private static void lock(Call call, Waiting waiting, Bytes prefix, long lease)
            throws Waiting.Failed, InterruptedException {
        Bytes key = Waiting.contender(prefix, lease);
        Command.Range holder = Waiting.oldestCreated(prefix);
        Store.Answer.Done entered = waiting.propose(new Command.Txn(
                List.of(Waiting.createdAt(key, 0)),
                List.of(Waiting.put(key, Bytes.EMPTY, lease), holder),
                List.of(Waiting.read(key), holder)));
        if (!(entered.reply() instanceof Reply.Txned(boolean isNew, List<Reply> replies)))
            throw new IllegalStateException("no transaction: " + entered.reply());
        KeyValue mine = isNew ? null : Waiting.first(replies.getFirst());
        long created = mine == null ? entered.header().revision() : mine.createRevision();
        KeyValue held = Waiting.first(replies.get(1));
        if (held == null || held.createRevision() == created) {
            grant(call, entered.header(), key);
            return;
        }
        try {
            waiting.untilGone(prefix, created - 1);
        } catch (Waiting.Failed | InterruptedException gaveUp) {
            waiting.proposeOnly(Waiting.delete(key));
            throw gaveUp;
        }
        // The lease may have run out meanwhile: a waiter without its key must not believe that it holds the lock.
        Store.Answer.Done looked = waiting.range(Waiting.read(key));
        KeyValue still = Waiting.first(looked.reply());
        if (still == null || still.createRevision() != created) throw new Waiting.Failed(EtcdError.SESSION_EXPIRED);
        grant(call, looked.header(), key);
    }

    private static void grant(Call call, Store.Header header, Bytes key) {
        LockResponse granted = LockResponse.newBuilder()
                .setHeader(Translate.header(header))
                .setKey(Translate.string(key))
                .build();
        call.later(() -> call.reply(granted));
    }

    private void unlock(Call call, byte[] message) throws InvalidProtocolBufferException {
        Bytes key = Translate.bytes(UnlockRequest.parseFrom(message).getKey());
        if (key.isEmpty()) {
            call.fail(EtcdError.EMPTY_KEY.asUnknown());
            return;
        }
        Waiting waiting = new Waiting(gate, call);
        waiting.start("unlock " + key, () -> {
            Store.Answer.Done done = waiting.propose(Waiting.delete(key));
            UnlockResponse released = UnlockResponse.newBuilder()
                    .setHeader(Translate.header(done.header()))
                    .build();
            call.later(() -> call.reply(released));
        });
    }
}
