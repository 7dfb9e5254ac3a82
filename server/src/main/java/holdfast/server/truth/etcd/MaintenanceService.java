package holdfast.server.truth.etcd;

import com.google.protobuf.InvalidProtocolBufferException;
import holdfast.core.base.Reason;
import holdfast.protocol.etcd.AlarmRequest;
import holdfast.protocol.etcd.AlarmResponse;
import holdfast.protocol.etcd.DowngradeInfo;
import holdfast.protocol.etcd.StatusResponse;
import holdfast.server.truth.Store;
import java.util.Map;

/// `etcdserverpb.Maintenance`: how this member stands.
final class MaintenanceService {
    private final Store store;
    private final long quotaBytes;

    MaintenanceService(Store store, EtcdConfig config) {
        this.store = store;
        this.quotaBytes = config.quotaBytes();
    }

    void addTo(Map<String, Rpc> methods) {
        methods.put("/etcdserverpb.Maintenance/Status", Rpc.unary(this::status));
        methods.put("/etcdserverpb.Maintenance/Alarm", Rpc.unary(this::alarm));
    }

    private void status(Call call, byte[] message) {
        Store.Status status = store.status();
        StatusResponse.Builder built = StatusResponse.newBuilder()
                .setHeader(Translate.header(status.header()))
                .setVersion(EtcdConfig.VERSION)
                .setStorageVersion(EtcdConfig.STORAGE_VERSION)
                .setDbSize(status.diskBytes())
                .setDbSizeInUse(status.liveBytes())
                .setDbSizeQuota(quotaBytes)
                .setLeader(status.leaderId())
                .setRaftIndex(status.raftIndex())
                .setRaftTerm(status.header().term())
                .setRaftAppliedIndex(status.appliedIndex())
                .setIsLearner(status.learner())
                .setDowngradeInfo(DowngradeInfo.getDefaultInstance());
        for (String code : status.errors())
            built.addErrors(EtcdError.of(new Reason(code, code)).message());
        call.reply(built.build());
    }

    /// Nothing raises an alarm, so there is none to read.
    private void alarm(Call call, byte[] message) throws InvalidProtocolBufferException {
        AlarmRequest request = AlarmRequest.parseFrom(message);
        if (request.getAction() != AlarmRequest.AlarmAction.GET) {
            call.fail(EtcdError.unknownMethod("etcdserverpb.Maintenance", "Alarm"));
            return;
        }
        call.reply(AlarmResponse.newBuilder()
                .setHeader(Translate.header(store.status().header()))
                .build());
    }
}
