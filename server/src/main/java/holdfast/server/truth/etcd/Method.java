package holdfast.server.truth.etcd;

import com.google.protobuf.Message;
import holdfast.protocol.election.CampaignRequest;
import holdfast.protocol.election.LeaderRequest;
import holdfast.protocol.election.ProclaimRequest;
import holdfast.protocol.election.ResignRequest;
import holdfast.protocol.etcd.*;
import holdfast.protocol.health.HealthCheckRequest;
import holdfast.protocol.lock.LockRequest;
import holdfast.protocol.lock.UnlockRequest;
import java.util.List;

/// What is fixed about one RPC of the etcd 3.6 surface, served here or not: this class is the one table of it.
///
/// @param service with its package, such as `etcdserverpb.KV`
/// @param request the empty message of what a client sends
/// @param pages paths of the JSON gateway, without `/v3`; none where it does not serve the method
record Method(String service, String name, Kind kind, Message request, List<String> pages) {
    /// Who sends many messages; labels as in the metrics of gRPC servers.
    enum Kind {
        UNARY("unary"),
        SERVER_STREAM("server_stream"),
        BIDI_STREAM("bidi_stream");

        final String label;

        Kind(String label) {
            this.label = label;
        }
    }

    static final List<Method> ALL = List.of(
            unary("etcdserverpb.KV", "Range", RangeRequest.getDefaultInstance(), "/kv/range"),
            unary("etcdserverpb.KV", "Put", PutRequest.getDefaultInstance(), "/kv/put"),
            unary("etcdserverpb.KV", "DeleteRange", DeleteRangeRequest.getDefaultInstance(), "/kv/deleterange"),
            unary("etcdserverpb.KV", "Txn", TxnRequest.getDefaultInstance(), "/kv/txn"),
            unary("etcdserverpb.KV", "Compact", CompactionRequest.getDefaultInstance(), "/kv/compaction"),
            bidi("etcdserverpb.Watch", "Watch", WatchRequest.getDefaultInstance(), "/watch"),
            lease("LeaseGrant", LeaseGrantRequest.getDefaultInstance(), "/lease/grant"),
            lease("LeaseRevoke", LeaseRevokeRequest.getDefaultInstance(), "/lease/revoke", "/kv/lease/revoke"),
            bidi(
                    "etcdserverpb.Lease",
                    "LeaseKeepAlive",
                    LeaseKeepAliveRequest.getDefaultInstance(),
                    "/lease/keepalive"),
            lease(
                    "LeaseTimeToLive",
                    LeaseTimeToLiveRequest.getDefaultInstance(),
                    "/lease/timetolive",
                    "/kv/lease/timetolive"),
            lease("LeaseLeases", LeaseLeasesRequest.getDefaultInstance(), "/lease/leases", "/kv/lease/leases"),
            cluster("MemberAdd", MemberAddRequest.getDefaultInstance(), "add"),
            cluster("MemberRemove", MemberRemoveRequest.getDefaultInstance(), "remove"),
            cluster("MemberUpdate", MemberUpdateRequest.getDefaultInstance(), "update"),
            cluster("MemberList", MemberListRequest.getDefaultInstance(), "list"),
            cluster("MemberPromote", MemberPromoteRequest.getDefaultInstance(), "promote"),
            maintenance("Alarm", AlarmRequest.getDefaultInstance(), "alarm"),
            maintenance("Status", StatusRequest.getDefaultInstance(), "status"),
            maintenance("Defragment", DefragmentRequest.getDefaultInstance(), "defragment"),
            maintenance("Hash", HashRequest.getDefaultInstance(), "hash"),
            maintenance("HashKV", HashKVRequest.getDefaultInstance(), "hashkv"),
            new Method(
                    "etcdserverpb.Maintenance",
                    "Snapshot",
                    Kind.SERVER_STREAM,
                    SnapshotRequest.getDefaultInstance(),
                    List.of("/maintenance/snapshot")),
            maintenance("MoveLeader", MoveLeaderRequest.getDefaultInstance(), "transfer-leadership"),
            maintenance("Downgrade", DowngradeRequest.getDefaultInstance(), "downgrade"),
            auth("AuthEnable", AuthEnableRequest.getDefaultInstance(), "enable"),
            auth("AuthDisable", AuthDisableRequest.getDefaultInstance(), "disable"),
            auth("AuthStatus", AuthStatusRequest.getDefaultInstance(), "status"),
            auth("Authenticate", AuthenticateRequest.getDefaultInstance(), "authenticate"),
            auth("UserAdd", AuthUserAddRequest.getDefaultInstance(), "user/add"),
            auth("UserGet", AuthUserGetRequest.getDefaultInstance(), "user/get"),
            auth("UserList", AuthUserListRequest.getDefaultInstance(), "user/list"),
            auth("UserDelete", AuthUserDeleteRequest.getDefaultInstance(), "user/delete"),
            auth("UserChangePassword", AuthUserChangePasswordRequest.getDefaultInstance(), "user/changepw"),
            auth("UserGrantRole", AuthUserGrantRoleRequest.getDefaultInstance(), "user/grant"),
            auth("UserRevokeRole", AuthUserRevokeRoleRequest.getDefaultInstance(), "user/revoke"),
            auth("RoleAdd", AuthRoleAddRequest.getDefaultInstance(), "role/add"),
            auth("RoleGet", AuthRoleGetRequest.getDefaultInstance(), "role/get"),
            auth("RoleList", AuthRoleListRequest.getDefaultInstance(), "role/list"),
            auth("RoleDelete", AuthRoleDeleteRequest.getDefaultInstance(), "role/delete"),
            auth("RoleGrantPermission", AuthRoleGrantPermissionRequest.getDefaultInstance(), "role/grant"),
            auth("RoleRevokePermission", AuthRoleRevokePermissionRequest.getDefaultInstance(), "role/revoke"),
            unary("v3lockpb.Lock", "Lock", LockRequest.getDefaultInstance(), "/lock/lock"),
            unary("v3lockpb.Lock", "Unlock", UnlockRequest.getDefaultInstance(), "/lock/unlock"),
            election("Campaign", CampaignRequest.getDefaultInstance(), "campaign"),
            election("Proclaim", ProclaimRequest.getDefaultInstance(), "proclaim"),
            election("Leader", LeaderRequest.getDefaultInstance(), "leader"),
            new Method(
                    "v3electionpb.Election",
                    "Observe",
                    Kind.SERVER_STREAM,
                    LeaderRequest.getDefaultInstance(),
                    List.of("/election/observe")),
            election("Resign", ResignRequest.getDefaultInstance(), "resign"),
            unary("grpc.health.v1.Health", "Check", HealthCheckRequest.getDefaultInstance()),
            new Method(
                    "grpc.health.v1.Health",
                    "Watch",
                    Kind.SERVER_STREAM,
                    HealthCheckRequest.getDefaultInstance(),
                    List.of()));

    /// Where gRPC clients call it.
    String path() {
        return "/" + service + "/" + name;
    }

    boolean takesMany() {
        return kind == Kind.BIDI_STREAM;
    }

    private static Method unary(String service, String name, Message request, String... pages) {
        return new Method(service, name, Kind.UNARY, request, List.of(pages));
    }

    private static Method bidi(String service, String name, Message request, String... pages) {
        return new Method(service, name, Kind.BIDI_STREAM, request, List.of(pages));
    }

    private static Method lease(String name, Message request, String... pages) {
        return unary("etcdserverpb.Lease", name, request, pages);
    }

    private static Method cluster(String name, Message request, String page) {
        return unary("etcdserverpb.Cluster", name, request, "/cluster/member/" + page);
    }

    private static Method maintenance(String name, Message request, String page) {
        return unary("etcdserverpb.Maintenance", name, request, "/maintenance/" + page);
    }

    private static Method auth(String name, Message request, String page) {
        return unary("etcdserverpb.Auth", name, request, "/auth/" + page);
    }

    private static Method election(String name, Message request, String page) {
        return unary("v3electionpb.Election", name, request, "/election/" + page);
    }
}
