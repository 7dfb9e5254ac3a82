package holdfast.server.truth.etcd;

import com.google.protobuf.InvalidProtocolBufferException;

/// What one method does with a call that just began.
@FunctionalInterface
interface Rpc {
    void begin(Call call);

    /// One request, one answer.
    @FunctionalInterface
    interface Unary {
        void handle(Call call, byte[] message) throws InvalidProtocolBufferException;
    }

    static Rpc unary(Unary handler) {
        return call -> call.onMessage(message -> handler.handle(call, message));
    }
}
