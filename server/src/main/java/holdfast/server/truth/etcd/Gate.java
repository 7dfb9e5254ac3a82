package holdfast.server.truth.etcd;

import com.google.protobuf.InvalidProtocolBufferException;
import holdfast.core.truth.Reply;
import holdfast.server.truth.Credentials;
import holdfast.server.truth.Right;
import holdfast.server.truth.Store;
import org.jspecify.annotations.Nullable;

/// Where every call gets its store: the one that knows who calls. Services reach the store through here only, so that
/// none of them can forget to ask.
final class Gate {
    private static final String BEARER = "Bearer ";

    private final Store store;
    private final boolean certificateUsers;

    Gate(Store store, EtcdConfig config) {
        this.store = store;
        EtcdConfig.Tls tls = config.tls();
        certificateUsers = tls != null && tls.namesUsers();
    }

    /// The store as the caller may see it. Ask for it anew with each message of a stream: a token may have run out.
    ///
    /// While this member thinks that users and roles are off, a token still counts: it may know better.
    Store store(Call call) {
        return store.judges() || call.header("token") != null ? store.as(credentials(call)) : store;
    }

    /// The store as this server itself sees it, for what no client asked and for what was admitted before.
    Store house() {
        return store.judges() ? store.as(Credentials.HOUSE) : store;
    }

    /// Where this member stands, which everybody may know.
    Store.Header header() {
        return store.status().header();
    }

    /// Whether users and roles are on.
    boolean judges() {
        return store.judges();
    }

    private Credentials credentials(Call call) {
        String token = call.header("token");
        if (token == null) token = call.header("authorization");
        if (token != null)
            return new Credentials.Token(token.startsWith(BEARER) ? token.substring(BEARER.length()) : token);
        String name = certificateUsers && call.header("grpcgateway-accept") == null ? call.commonName() : null;
        return name == null ? Credentials.NONE : new Credentials.Certificate(name);
    }

    /// For methods that only root may call: `methods.put(path, Rpc.unary(gate.root(this::defragment)))`.
    Rpc.Unary root(Rpc.Unary handler) {
        return (call, message) -> admit(call, Right.ROOT, () -> handler.handle(call, message));
    }

    /// For methods that anybody may call who is known.
    Rpc.Unary known(Rpc.Unary handler) {
        return (call, message) -> admit(call, Right.KNOWN, () -> handler.handle(call, message));
    }

    /// What is done once it was allowed.
    @FunctionalInterface
    interface Task {
        void run() throws InvalidProtocolBufferException;
    }

    /// Runs `task` if the caller has the right, on the call's event loop; else the call fails.
    void admit(Call call, Right right, Task task) throws InvalidProtocolBufferException {
        if (!judges()) {
            task.run();
            return;
        }
        store(call)
                .admit(
                        right,
                        answer -> call.later(() -> {
                            EtcdError wrong = refusal(answer);
                            if (wrong == null) run(call, task);
                            else call.fail(wrong);
                        }));
    }

    /// Why something was not admitted, null when it was.
    static @Nullable EtcdError refusal(Store.Answer answer) {
        return switch (answer) {
            case Store.Answer.Done(var _, Reply.Refused(var why)) -> EtcdError.of(why);
            case Store.Answer.Done _ -> null;
            case Store.Answer.Refused(var why) -> EtcdError.of(why);
            case Store.Answer.Unknown(var why) -> EtcdError.of(why);
        };
    }

    private static void run(Call call, Task task) {
        try {
            task.run();
        } catch (InvalidProtocolBufferException bad) {
            call.fail(EtcdError.badMessage(String.valueOf(bad.getMessage())));
        }
    }
}
