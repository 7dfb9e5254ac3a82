package holdfast.server.client;

import com.google.protobuf.MessageLite;
import com.google.protobuf.Parser;
import holdfast.protocol.etcd.AuthenticateRequest;
import holdfast.protocol.etcd.AuthenticateResponse;
import holdfast.protocol.etcd.LeaseGrantRequest;
import holdfast.protocol.etcd.LeaseGrantResponse;
import holdfast.protocol.etcd.LeaseKeepAliveRequest;
import holdfast.protocol.etcd.LeaseKeepAliveResponse;
import holdfast.protocol.etcd.LeaseLeasesRequest;
import holdfast.protocol.etcd.LeaseLeasesResponse;
import holdfast.protocol.etcd.LeaseRevokeRequest;
import holdfast.protocol.etcd.LeaseRevokeResponse;
import holdfast.protocol.etcd.LeaseTimeToLiveRequest;
import holdfast.protocol.etcd.LeaseTimeToLiveResponse;
import holdfast.protocol.etcd.MemberListRequest;
import holdfast.protocol.etcd.MemberListResponse;
import holdfast.protocol.etcd.RangeRequest;
import holdfast.protocol.etcd.RangeResponse;
import holdfast.protocol.etcd.SnapshotRequest;
import holdfast.protocol.etcd.SnapshotResponse;
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
    static final Unary<RangeRequest, RangeResponse> RANGE = unary("KV/Range", RangeResponse.parser());
    static final Unary<TxnRequest, TxnResponse> TXN = unary("KV/Txn", TxnResponse.parser());
    static final Unary<LeaseGrantRequest, LeaseGrantResponse> GRANT =
            unary("Lease/LeaseGrant", LeaseGrantResponse.parser());
    static final Unary<LeaseLeasesRequest, LeaseLeasesResponse> LEASES =
            unary("Lease/LeaseLeases", LeaseLeasesResponse.parser());
    static final Unary<LeaseTimeToLiveRequest, LeaseTimeToLiveResponse> TIME_TO_LIVE =
            unary("Lease/LeaseTimeToLive", LeaseTimeToLiveResponse.parser());
    static final Unary<AuthenticateRequest, AuthenticateResponse> AUTHENTICATE =
            unary("Auth/Authenticate", AuthenticateResponse.parser());
    static final Unary<LeaseRevokeRequest, LeaseRevokeResponse> REVOKE =
            unary("Lease/LeaseRevoke", LeaseRevokeResponse.parser());
    /// A stream in etcd's definition; one renewal is one message each way.
    static final Unary<LeaseKeepAliveRequest, LeaseKeepAliveResponse> KEEP_ALIVE =
            unary("Lease/LeaseKeepAlive", LeaseKeepAliveResponse.parser());

    static final Unary<StatusRequest, StatusResponse> STATUS = unary("Maintenance/Status", StatusResponse.parser());
    static final Unary<MemberListRequest, MemberListResponse> MEMBERS =
            unary("Cluster/MemberList", MemberListResponse.parser());
    static final ServiceMethod<WatchResponse, WatchRequest> WATCH = ServiceMethod.client(
            ServiceName.create("etcdserverpb", "Watch"),
            "Watch",
            GrpcMessageEncoder.<WatchRequest>encoder(),
            GrpcMessageDecoder.<WatchResponse>decoder(WatchResponse.newBuilder()));

    static final ServiceMethod<SnapshotResponse, SnapshotRequest> SNAPSHOT = ServiceMethod.client(
            ServiceName.create("etcdserverpb", "Maintenance"),
            "Snapshot",
            GrpcMessageEncoder.<SnapshotRequest>encoder(),
            GrpcMessageDecoder.<SnapshotResponse>decoder(SnapshotResponse.newBuilder()));

    private Rpc() {}

    private static <Q extends MessageLite, R extends MessageLite> Unary<Q, R> unary(String method, Parser<R> reply) {
        return new Unary<>("/etcdserverpb." + method, reply);
    }
}
