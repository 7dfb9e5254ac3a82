package holdfast.server.truth.etcd;

import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.MessageLite;
import holdfast.core.base.Reason;
import holdfast.core.truth.Alarm;
import holdfast.core.truth.Command;
import holdfast.core.truth.Keyspace;
import holdfast.core.truth.Reply;
import holdfast.protocol.etcd.AlarmMember;
import holdfast.protocol.etcd.AlarmRequest;
import holdfast.protocol.etcd.AlarmResponse;
import holdfast.protocol.etcd.AlarmType;
import holdfast.protocol.etcd.DefragmentResponse;
import holdfast.protocol.etcd.DowngradeInfo;
import holdfast.protocol.etcd.HashKVRequest;
import holdfast.protocol.etcd.HashKVResponse;
import holdfast.protocol.etcd.HashResponse;
import holdfast.protocol.etcd.MoveLeaderRequest;
import holdfast.protocol.etcd.MoveLeaderResponse;
import holdfast.protocol.etcd.StatusResponse;
import holdfast.server.truth.Operations.Told;
import holdfast.server.truth.Right;
import holdfast.server.truth.Store;
import java.util.List;
import java.util.Map;
import java.util.function.BiFunction;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// `etcdserverpb.Maintenance`: how this member stands, and what keeps the store in order.
final class MaintenanceService {
    private final Store store;
    private final Gate gate;
    private final Standing standing;
    private final Downgrades downgrades;

    MaintenanceService(Store store, Gate gate, Standing standing) {
        this.store = store;
        this.gate = gate;
        this.standing = standing;
        downgrades = new Downgrades(store);
    }

    void addTo(Map<String, Rpc> methods) {
        methods.put("/etcdserverpb.Maintenance/Status", Rpc.unary(gate.known(this::status)));
        methods.put("/etcdserverpb.Maintenance/Alarm", standing.unlessLearner(this::alarm));
        methods.put("/etcdserverpb.Maintenance/Defragment", standing.unlessLearner(gate.root(this::defragment)));
        methods.put("/etcdserverpb.Maintenance/Hash", standing.unlessLearner(gate.root(this::hash)));
        methods.put("/etcdserverpb.Maintenance/HashKV", standing.unlessLearner(gate.root(this::hashOfRevision)));
        methods.put("/etcdserverpb.Maintenance/MoveLeader", standing.unlessLearner(gate.root(this::moveLeader)));
        methods.put("/etcdserverpb.Maintenance/Downgrade", standing.unlessLearner(gate.root(downgrades::answer)));
    }

    private void status(Call call, byte[] message) {
        downgrades.target(target -> call.later(() -> status(call, target)));
    }

    private void status(Call call, String downgradeTarget) {
        Store.Status status = store.status();
        StatusResponse.Builder built = StatusResponse.newBuilder()
                .setHeader(Translate.header(status.header()))
                .setVersion(EtcdConfig.VERSION)
                .setStorageVersion(EtcdConfig.STORAGE_VERSION)
                .setDbSize(status.diskBytes())
                .setDbSizeInUse(status.liveBytes())
                .setDbSizeQuota(status.quotaBytes())
                .setLeader(status.leaderId())
                .setRaftIndex(status.raftIndex())
                .setRaftTerm(status.header().term())
                .setRaftAppliedIndex(status.appliedIndex())
                .setIsLearner(status.learner())
                .setDowngradeInfo(DowngradeInfo.newBuilder()
                        .setEnabled(!downgradeTarget.isEmpty())
                        .setTargetVersion(downgradeTarget));
        for (String code : status.errors())
            built.addErrors(EtcdError.of(new Reason(code, code)).message());
        for (Alarm alarm : status.alarms()) built.addErrors(text(alarm));
        call.reply(built.build());
    }

    /// As etcd prints the message of an alarm; fields that are zero are left out.
    private static String text(Alarm alarm) {
        String member = alarm.memberId() == 0 ? "" : "memberID:" + Long.toUnsignedString(alarm.memberId()) + " ";
        return member + "alarm:" + type(alarm.kind()) + " ";
    }

    private static AlarmType type(Alarm.Kind kind) {
        return switch (kind) {
            case NO_SPACE -> AlarmType.NOSPACE;
            case CORRUPT -> AlarmType.CORRUPT;
        };
    }

    private static Alarm.@Nullable Kind kind(AlarmType type) {
        return switch (type) {
            case NOSPACE -> Alarm.Kind.NO_SPACE;
            case CORRUPT -> Alarm.Kind.CORRUPT;
            case NONE, UNRECOGNIZED -> null;
        };
    }

    private void alarm(Call call, byte[] message) throws InvalidProtocolBufferException {
        AlarmRequest request = AlarmRequest.parseFrom(message);
        Right needed = request.getAction() == AlarmRequest.AlarmAction.GET ? Right.KNOWN : Right.ROOT;
        gate.admit(call, needed, () -> alarm(call, request));
    }

    private void alarm(Call call, AlarmRequest request) {
        Alarm.@Nullable Kind kind = kind(request.getAlarm());
        boolean raised = request.getAction() == AlarmRequest.AlarmAction.ACTIVATE;
        if (request.getAction() == AlarmRequest.AlarmAction.GET) {
            store.operations()
                    .alarms(done(
                            call,
                            (header, alarms) -> alarms(
                                    header,
                                    alarms.stream()
                                            .filter(alarm -> kind == null || alarm.kind() == kind)
                                            .toList())));
        } else if (kind == null) {
            call.reply(alarms(store.status().header(), List.of()));
        } else {
            Command command = new Command.SetAlarm(new Alarm(request.getMemberID(), kind, false), raised);
            store.propose(command, answer -> call.later(() -> alarmed(call, answer)));
        }
    }

    private static void alarmed(Call call, Store.Answer answer) {
        switch (answer) {
            case Store.Answer.Done(var header, Reply.Alarmed(var alarms)) -> call.reply(alarms(header, alarms));
            case Store.Answer.Done(var _, Reply other) ->
                throw new IllegalStateException("no reply of alarms: " + other);
            case Store.Answer.Refused(Reason why) -> call.fail(EtcdError.of(why));
            case Store.Answer.Unknown(Reason why) -> call.fail(EtcdError.of(why));
        }
    }

    private static AlarmResponse alarms(Store.Header header, List<Alarm> alarms) {
        AlarmResponse.Builder built = AlarmResponse.newBuilder().setHeader(Translate.header(header));
        for (Alarm alarm : alarms)
            built.addAlarms(
                    AlarmMember.newBuilder().setMemberID(alarm.memberId()).setAlarm(type(alarm.kind())));
        return built.build();
    }

    private void defragment(Call call, byte[] message) {
        store.operations().defragment(done(call, (_, _) -> DefragmentResponse.getDefaultInstance()));
    }

    private void hash(Call call, byte[] message) {
        store.operations()
                .digest(
                        0,
                        digested(
                                call,
                                (header, hash) -> HashResponse.newBuilder()
                                        .setHeader(Translate.header(header))
                                        .setHash(nonzero(folded(hash.hash())))
                                        .build()));
    }

    private void hashOfRevision(Call call, byte[] message) throws InvalidProtocolBufferException {
        HashKVRequest request = HashKVRequest.parseFrom(message);
        store.operations()
                .digest(
                        Math.max(0, request.getRevision()),
                        digested(
                                call,
                                (header, hash) -> HashKVResponse.newBuilder()
                                        .setHeader(Translate.header(header))
                                        .setHash(folded(hash.hash()))
                                        .setCompactRevision(hash.compactRevision())
                                        .setHashRevision(hash.revision())
                                        .build()));
    }

    /// Some take a hash of 0 for none, and etcd's is none even of an empty store.
    private static int nonzero(int hash) {
        return hash == 0 ? 1 : hash;
    }

    private static int folded(long hash) {
        return (int) (hash ^ (hash >>> 32));
    }

    private static Consumer<Told<Keyspace.Digest>> digested(
            Call call, BiFunction<Store.Header, Keyspace.Digest.Hash, MessageLite> reply) {
        return told -> call.later(() -> {
            switch (told) {
                case Told.Done<Keyspace.Digest>(var header, Keyspace.Digest.Hash hash) ->
                    call.reply(reply.apply(header, hash));
                case Told.Done<Keyspace.Digest>(var _, Keyspace.Digest.Refused(var why)) ->
                    call.fail(EtcdError.of(why));
                case Told.Refused<Keyspace.Digest>(var why) -> call.fail(EtcdError.of(why));
            }
        });
    }

    private void moveLeader(Call call, byte[] message) throws InvalidProtocolBufferException {
        MoveLeaderRequest request = MoveLeaderRequest.parseFrom(message);
        store.operations()
                .moveLeader(request.getTargetID(), done(call, (_, _) -> MoveLeaderResponse.getDefaultInstance()));
    }

    static <T> Consumer<Told<T>> done(Call call, BiFunction<Store.Header, T, MessageLite> reply) {
        return told -> call.later(() -> {
            switch (told) {
                case Told.Done<T>(var header, T answer) -> call.reply(reply.apply(header, answer));
                case Told.Refused<T>(var why) -> call.fail(EtcdError.of(why));
            }
        });
    }
}
