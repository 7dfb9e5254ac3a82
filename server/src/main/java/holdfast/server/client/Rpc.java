package holdfast.server.client;

import com.google.protobuf.MessageLite;
import com.google.protobuf.MessageOrBuilder;
import holdfast.protocol.etcd.LeaseGrantRequest;
import holdfast.protocol.etcd.LeaseGrantResponse;
import holdfast.protocol.etcd.LeaseKeepAliveRequest;
import holdfast.protocol.etcd.LeaseKeepAliveResponse;
import holdfast.protocol.etcd.LeaseRevokeRequest;
import holdfast.protocol.etcd.LeaseRevokeResponse;
import holdfast.protocol.etcd.MemberListRequest;
import holdfast.protocol.etcd.MemberListResponse;
import holdfast.protocol.etcd.RangeRequest;
import holdfast.protocol.etcd.RangeResponse;
import holdfast.protocol.etcd.StatusRequest;
import holdfast.protocol.etcd.StatusResponse;
import holdfast.protocol.etcd.TxnRequest;
import holdfast.protocol.etcd.TxnResponse;
import holdfast.protocol.etcd.WatchRequest;
import holdfast.protocol.etcd.WatchResponse;
import io.vertx.grpc.common.GrpcMessageDecoder;
import io.vertx.grpc.common.GrpcMessageEncoder;
import io.vertx.grpc.common.ServiceMethod;
import io.vertx.grpc.common.ServiceName;

/// The methods of etcd's gRPC services that we call.
final class Rpc {
    static final ServiceMethod<RangeResponse, RangeRequest> RANGE = method("KV", "Range", RangeResponse.newBuilder());
    static final ServiceMethod<TxnResponse, TxnRequest> TXN = method("KV", "Txn", TxnResponse.newBuilder());
    static final ServiceMethod<LeaseGrantResponse, LeaseGrantRequest> GRANT =
            method("Lease", "LeaseGrant", LeaseGrantResponse.newBuilder());
    static final ServiceMethod<LeaseRevokeResponse, LeaseRevokeRequest> REVOKE =
            method("Lease", "LeaseRevoke", LeaseRevokeResponse.newBuilder());
    static final ServiceMethod<LeaseKeepAliveResponse, LeaseKeepAliveRequest> KEEP_ALIVE =
            method("Lease", "LeaseKeepAlive", LeaseKeepAliveResponse.newBuilder());
    static final ServiceMethod<StatusResponse, StatusRequest> STATUS =
            method("Maintenance", "Status", StatusResponse.newBuilder());
    static final ServiceMethod<MemberListResponse, MemberListRequest> MEMBERS =
            method("Cluster", "MemberList", MemberListResponse.newBuilder());
    static final ServiceMethod<WatchResponse, WatchRequest> WATCH =
            method("Watch", "Watch", WatchResponse.newBuilder());

    private Rpc() {}

    private static <Q extends MessageLite, R> ServiceMethod<R, Q> method(
            String service, String name, MessageOrBuilder reply) {
        return ServiceMethod.client(
                ServiceName.create("etcdserverpb", service),
                name,
                GrpcMessageEncoder.<Q>encoder(),
                GrpcMessageDecoder.<R>decoder(reply));
    }
}
