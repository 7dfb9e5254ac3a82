package holdfast.server.truth.etcd;

import com.google.protobuf.InvalidProtocolBufferException;
import holdfast.protocol.health.HealthCheckRequest;
import holdfast.protocol.health.HealthCheckResponse;
import holdfast.protocol.health.HealthCheckResponse.ServingStatus;
import java.util.Map;

/// `grpc.health.v1.Health`. Serves for the whole server, the empty service name, for as long as the door is open.
final class HealthService {
    void addTo(Map<String, Rpc> methods) {
        methods.put("/grpc.health.v1.Health/Check", Rpc.unary(HealthService::check));
        methods.put("/grpc.health.v1.Health/Watch", Rpc.unary(HealthService::watch));
    }

    private static void check(Call call, byte[] message) throws InvalidProtocolBufferException {
        if (HealthCheckRequest.parseFrom(message).getService().isEmpty()) call.reply(status(ServingStatus.SERVING));
        else call.fail(EtcdError.UNKNOWN_HEALTH_SERVICE);
    }

    /// Stays open; the status of a service never changes while the door is open.
    private static void watch(Call call, byte[] message) throws InvalidProtocolBufferException {
        boolean known = HealthCheckRequest.parseFrom(message).getService().isEmpty();
        call.send(status(known ? ServingStatus.SERVING : ServingStatus.SERVICE_UNKNOWN));
    }

    private static HealthCheckResponse status(ServingStatus status) {
        return HealthCheckResponse.newBuilder().setStatus(status).build();
    }
}
