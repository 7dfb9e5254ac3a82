package holdfast.server.truth.etcd;

import com.google.protobuf.ByteString;
import com.google.protobuf.UnsafeByteOperations;
import holdfast.core.base.Bytes;
import holdfast.protocol.etcd.SnapshotResponse;
import holdfast.server.truth.Store;
import holdfast.server.truth.Store.CopyAnswer;
import holdfast.server.truth.Store.StateCopy;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// `etcdserverpb.Maintenance/Snapshot`: the whole state in blobs of 32 KiB, filled up with zeros to a multiple of 512
/// bytes, and last their SHA-256, as etcd's tools want it. The content is our own
/// (docs/decisions/0013-etcd-command.md).
final class SnapshotService {
    private static final int BLOB_BYTES = 32 << 10;
    private static final int BLOCK_BYTES = 512;

    private final Store store;
    private final Gate gate;

    SnapshotService(Store store, Gate gate) {
        this.store = store;
        this.gate = gate;
    }

    void addTo(Map<String, Rpc> methods) {
        methods.put("/etcdserverpb.Maintenance/Snapshot", Rpc.unary(gate.root((call, _) -> begin(call))));
    }

    private void begin(Call call) {
        store.copy(answer -> call.later(() -> {
            switch (answer) {
                case CopyAnswer.Ready(StateCopy copy) -> new Sending(call, copy).begin();
                case CopyAnswer.Refused(var why) -> call.fail(EtcdError.of(why));
            }
        }));
    }

    /// One call's copy on its way. All on the call's event loop.
    private static final class Sending {
        private final Call call;
        private final StateCopy copy;
        private final MessageDigest digest = sha256();
        private long left;

        Sending(Call call, StateCopy copy) {
            this.call = call;
            this.copy = copy;
            this.left = (copy.bytes() + BLOCK_BYTES - 1) / BLOCK_BYTES * BLOCK_BYTES;
        }

        void begin() {
            call.whenOver(copy::close);
            more();
        }

        private void more() {
            if (call.isOver()) return;
            if (call.isFull()) {
                call.onDrain(this::more);
                return;
            }
            copy.next(piece -> call.later(() -> send(piece)));
        }

        private void send(@Nullable Bytes piece) {
            if (piece == null) {
                call.fail(EtcdError.SNAPSHOT_LOST);
            } else if (piece.isEmpty()) {
                if (left > 0) blobs(Bytes.wrap(new byte[(int) left]));
                call.send(blob(ByteString.copyFrom(digest.digest())));
                call.finish();
            } else {
                blobs(piece);
                more();
            }
        }

        private void blobs(Bytes piece) {
            byte[] bytes = piece.unsafeArray();
            digest.update(bytes);
            for (int at = 0; at < bytes.length; at += BLOB_BYTES) {
                int size = Math.min(BLOB_BYTES, bytes.length - at);
                left -= size;
                call.send(blob(UnsafeByteOperations.unsafeWrap(bytes, at, size)));
            }
        }

        private SnapshotResponse blob(ByteString bytes) {
            return SnapshotResponse.newBuilder()
                    .setRemainingBytes(left)
                    .setBlob(bytes)
                    .setVersion(EtcdConfig.STORAGE_VERSION)
                    .build();
        }

        private static MessageDigest sha256() {
            try {
                return MessageDigest.getInstance("SHA-256");
            } catch (NoSuchAlgorithmException bug) {
                throw new IllegalStateException("every Java has SHA-256", bug);
            }
        }
    }
}
