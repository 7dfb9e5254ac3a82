package holdfast.server.truth.etcd;

import com.google.protobuf.InvalidProtocolBufferException;
import holdfast.protocol.etcd.DowngradeRequest;
import holdfast.protocol.etcd.DowngradeResponse;
import holdfast.server.truth.Operations.Told;
import holdfast.server.truth.Store;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// `Maintenance.Downgrade`, as a cluster answers it whose members are all of one version. The target is written
/// down and shown by Status; nothing else comes of it, because there is no other format on disk.
final class Downgrades {
    private static final Pattern VERSION =
            Pattern.compile("(\\d{1,9})\\.(\\d{1,9})(?:\\.(\\d{1,9})(?:-[0-9A-Za-z.-]+)?(?:\\+[0-9A-Za-z.-]+)?)?");
    private static final int MAJOR = 3;
    private static final int MINOR_BELOW = 5; // only one step down is allowed

    private final Store store;

    Downgrades(Store store) {
        this.store = store;
    }

    /// The version that the cluster is told to go down to, empty for none, or when nobody can say.
    void target(Consumer<String> told) {
        if (store.status().leaderId() == 0) told.accept("");
        else
            store.operations()
                    .downgrade(
                            false,
                            answer -> told.accept(answer instanceof Told.Done<String> done ? done.answer() : ""));
    }

    void answer(Call call, byte[] message) throws InvalidProtocolBufferException {
        DowngradeRequest request = DowngradeRequest.parseFrom(message);
        switch (request.getAction()) {
            case VALIDATE -> validated(call, request.getVersion(), _ -> call.reply(response()));
            case ENABLE -> validated(call, request.getVersion(), target -> set(call, target));
            case CANCEL -> set(call, ""); // etcd says well done, even where there is nothing to cancel
            case UNRECOGNIZED -> call.fail(EtcdError.unknownAction());
        }
    }

    private void validated(Call call, String version, Consumer<String> then) {
        Matcher parts = VERSION.matcher(version);
        if (!parts.matches()) {
            call.fail(EtcdError.WRONG_VERSION_FORMAT);
            return;
        }
        store.operations()
                .downgrade(
                        true,
                        told -> call.later(() -> {
                            boolean allowed = Integer.parseInt(parts.group(1)) == MAJOR
                                    && Integer.parseInt(parts.group(2)) == MINOR_BELOW;
                            switch (told) {
                                case Told.Refused<String>(var why) -> call.fail(EtcdError.of(why));
                                case Told.Done<String>(var _, String _)
                                when !allowed -> call.fail(EtcdError.INVALID_VERSION);
                                case Told.Done<String>(var _, String set)
                                when !set.isEmpty() -> call.fail(EtcdError.DOWNGRADING);
                                case Told.Done<String> _ -> then.accept(MAJOR + "." + MINOR_BELOW + ".0");
                            }
                        }));
    }

    private void set(Call call, String target) {
        store.operations().downgradeTo(target, MaintenanceService.done(call, (_, _) -> response()));
    }

    private DowngradeResponse response() {
        return DowngradeResponse.newBuilder()
                .setHeader(Translate.header(store.status().header()))
                .setVersion(EtcdConfig.CLUSTER_VERSION)
                .build();
    }
}
