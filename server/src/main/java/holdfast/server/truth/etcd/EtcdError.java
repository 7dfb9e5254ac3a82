package holdfast.server.truth.etcd;

import holdfast.core.base.Reason;
import holdfast.core.truth.Refusal;
import holdfast.server.truth.Reasons;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/// A gRPC status as etcd words it. This class is the one table of those words: clients match the strings.
///
/// @param status gRPC status code, 0 to 16
record EtcdError(int status, String message) {
    private static final int CANCELLED = 1;
    private static final int UNKNOWN = 2;
    private static final int INVALID_ARGUMENT = 3;
    private static final int NOT_FOUND = 5;
    private static final int PERMISSION_DENIED = 7;
    private static final int RESOURCE_EXHAUSTED = 8;
    private static final int FAILED_PRECONDITION = 9;
    private static final int OUT_OF_RANGE = 11;
    private static final int UNIMPLEMENTED = 12;
    private static final int INTERNAL = 13;
    private static final int UNAVAILABLE = 14;
    private static final int DATA_LOSS = 15;
    static final int UNAUTHENTICATED = 16;

    /// Go's names of the codes, 0 to 16.
    static final List<String> CODES = List.of(
            "OK",
            "Canceled",
            "Unknown",
            "InvalidArgument",
            "DeadlineExceeded",
            "NotFound",
            "AlreadyExists",
            "PermissionDenied",
            "ResourceExhausted",
            "FailedPrecondition",
            "Aborted",
            "OutOfRange",
            "Unimplemented",
            "Internal",
            "Unavailable",
            "DataLoss",
            "Unauthenticated");

    static final EtcdError EMPTY_KEY = new EtcdError(INVALID_ARGUMENT, "etcdserver: key is not provided");
    static final EtcdError KEY_NOT_FOUND = new EtcdError(INVALID_ARGUMENT, "etcdserver: key not found");
    static final EtcdError VALUE_PROVIDED = new EtcdError(INVALID_ARGUMENT, "etcdserver: value is provided");
    static final EtcdError LEASE_PROVIDED = new EtcdError(INVALID_ARGUMENT, "etcdserver: lease is provided");
    static final EtcdError TOO_MANY_OPS =
            new EtcdError(INVALID_ARGUMENT, "etcdserver: too many operations in txn request");
    static final EtcdError DUPLICATE_KEY =
            new EtcdError(INVALID_ARGUMENT, "etcdserver: duplicate key given in txn request");
    static final EtcdError INVALID_SORT = new EtcdError(INVALID_ARGUMENT, "etcdserver: invalid sort option");
    static final EtcdError TOO_LARGE = new EtcdError(INVALID_ARGUMENT, "etcdserver: request is too large");
    static final EtcdError COMPACTED =
            new EtcdError(OUT_OF_RANGE, "etcdserver: mvcc: required revision has been compacted");
    static final EtcdError FUTURE =
            new EtcdError(OUT_OF_RANGE, "etcdserver: mvcc: required revision is a future revision");
    static final EtcdError TTL_TOO_LARGE = new EtcdError(OUT_OF_RANGE, "etcdserver: too large lease TTL");
    static final EtcdError LEASE_NOT_FOUND = new EtcdError(NOT_FOUND, "etcdserver: requested lease not found");
    static final EtcdError LEASE_EXISTS = new EtcdError(FAILED_PRECONDITION, "etcdserver: lease already exists");
    static final EtcdError NO_LEADER = new EtcdError(UNAVAILABLE, "etcdserver: no leader");
    static final EtcdError SNAPSHOT_LOST =
            new EtcdError(UNAVAILABLE, "holdfast: the snapshot was given up, since nobody took it for a minute");
    static final EtcdError TOO_MANY_REQUESTS = new EtcdError(RESOURCE_EXHAUSTED, "etcdserver: too many requests");
    static final EtcdError ANSWER_TOO_LARGE = new EtcdError(
            RESOURCE_EXHAUSTED, "holdfast: the answer is too large to be made in memory; ask with a limit");
    static final EtcdError ANSWER_LOST =
            new EtcdError(UNAVAILABLE, "holdfast: the answer was given up, since nobody took it for a minute");
    static final EtcdError STOPPED = new EtcdError(UNAVAILABLE, "etcdserver: server stopped");
    static final EtcdError NO_SPACE = new EtcdError(RESOURCE_EXHAUSTED, "etcdserver: mvcc: database space exceeded");
    static final EtcdError CORRUPT = new EtcdError(DATA_LOSS, "etcdserver: corrupt cluster");
    static final EtcdError WRONG_VERSION_FORMAT =
            new EtcdError(INVALID_ARGUMENT, "etcdserver: wrong downgrade target version format");
    static final EtcdError INVALID_VERSION =
            new EtcdError(INVALID_ARGUMENT, "etcdserver: invalid downgrade target version");
    static final EtcdError DOWNGRADING =
            new EtcdError(FAILED_PRECONDITION, "etcdserver: cluster has a downgrade job in progress");
    static final EtcdError NOT_FOR_LEARNER =
            new EtcdError(FAILED_PRECONDITION, "etcdserver: rpc not supported for learner");

    static final EtcdError INVALID_TOKEN = new EtcdError(UNAUTHENTICATED, "etcdserver: invalid auth token");
    static final EtcdError PERMISSION_NOT_GIVEN = new EtcdError(INVALID_ARGUMENT, "etcdserver: permission not given");
    static final EtcdError USER_WITHOUT_PASSWORD =
            new EtcdError(UNKNOWN, "auth: authentication failed, password was given for no password user");

    /// Seen through the lock and election services, which answer every failure as Unknown.
    static final EtcdError SESSION_EXPIRED = new EtcdError(UNKNOWN, "mutex: session is expired");

    static final EtcdError ELECTION_NO_LEADER = new EtcdError(UNKNOWN, "election: no leader");
    static final EtcdError ELECTION_NOT_LEADER = new EtcdError(UNKNOWN, "election: not leader");
    static final EtcdError ELECTION_NO_LEADER_KEY = new EtcdError(UNKNOWN, "\"leader\" field must be provided");
    static final EtcdError CANCELED = new EtcdError(CANCELLED, "context canceled");

    /// Of the JSON gateway.
    static final EtcdError NO_PAGE = new EtcdError(NOT_FOUND, "Not Found");

    static final EtcdError NOT_POST = new EtcdError(UNIMPLEMENTED, "Method Not Allowed");

    static final EtcdError UNKNOWN_HEALTH_SERVICE = new EtcdError(NOT_FOUND, "unknown service");

    /// Reasons of a watch's cancellation are plain text, without a status.
    static final String WATCH_DUPLICATE_ID = "mvcc: duplicate watch ID provided on the WatchStream";

    static final String WATCH_EMPTY_RANGE = "mvcc: watcher range is empty";
    static final String WATCH_NEGATIVE_REVISION = "etcdserver: mvcc: required revision has been compacted";

    /// The store's reasons by their codes.
    private static final Map<String, EtcdError> BY_CODE = Map.ofEntries(
            Map.entry(Reasons.NO_LEADER.code(), NO_LEADER),
            Map.entry(Reasons.LEADER_CHANGED.code(), new EtcdError(UNAVAILABLE, "etcdserver: leader changed")),
            Map.entry(Reasons.TIMED_OUT.code(), timedOut("")),
            Map.entry(Reasons.LEADER_LOST.code(), timedOut(", possibly due to previous leader failure")),
            Map.entry(Reasons.CONNECTION_LOST.code(), timedOut(", possibly due to connection lost")),
            Map.entry(Reasons.TOO_MANY_REQUESTS.code(), TOO_MANY_REQUESTS),
            Map.entry(Reasons.ANSWER_TOO_LARGE.code(), ANSWER_TOO_LARGE),
            Map.entry(Reasons.TOO_LARGE.code(), TOO_LARGE),
            Map.entry(Reasons.STOPPED.code(), STOPPED),
            Map.entry(Reasons.NO_SPACE.code(), NO_SPACE),
            Map.entry(Reasons.MEMBER_NOT_FOUND.code(), new EtcdError(NOT_FOUND, "etcdserver: member not found")),
            Map.entry(Reasons.PEER_URL_EXISTS.code(), failed("Peer URLs already exists")),
            Map.entry(
                    Reasons.BAD_PEER_URLS.code(),
                    new EtcdError(INVALID_ARGUMENT, "etcdserver: given member URLs are invalid")),
            Map.entry(Reasons.TOO_MANY_LEARNERS.code(), failed("too many learner members in cluster")),
            Map.entry(Reasons.NOT_A_LEARNER.code(), failed("can only promote a learner member")),
            Map.entry(
                    Reasons.LEARNER_NOT_READY.code(),
                    failed("can only promote a learner member which is in sync with leader")),
            Map.entry(
                    Reasons.NOT_ENOUGH_STARTED.code(),
                    failed("re-configuration failed due to not enough started members")),
            Map.entry(Reasons.UNHEALTHY.code(), new EtcdError(UNAVAILABLE, "etcdserver: unhealthy cluster")),
            Map.entry(Reasons.NOT_LEADER.code(), failed("not leader")),
            Map.entry(Reasons.BAD_TRANSFEREE.code(), failed("bad leader transferee")),
            Map.entry(Reasons.TRANSFER_TOO_LONG.code(), timedOut(", leader transfer took too long")),
            Map.entry(Reasons.INVALID_TOKEN.code(), INVALID_TOKEN),
            Map.entry(
                    Reasons.PASSWORD_TOO_LONG.code(),
                    new EtcdError(UNKNOWN, "bcrypt: password length exceeds 72 bytes")),
            Map.entry(
                    Reasons.VERIFY_ONLY.code(),
                    new EtcdError(UNKNOWN, "auth: token signing attempted with verify-only key")));

    /// The keyspace's refusals where the store gives them as reasons.
    private static final Map<String, EtcdError> BY_REFUSAL = Arrays.stream(Refusal.values())
            .filter(why -> why != Refusal.TERM_PASSED)
            .collect(Collectors.toMap(why -> Reasons.of(why).code(), EtcdError::of));

    static EtcdError of(Refusal why) {
        return switch (why) {
            case KEY_NOT_FOUND -> KEY_NOT_FOUND;
            case LEASE_NOT_FOUND -> LEASE_NOT_FOUND;
            case LEASE_EXISTS -> LEASE_EXISTS;
            case REVISION_COMPACTED -> COMPACTED;
            case REVISION_IN_FUTURE -> FUTURE;
            case TOO_LARGE -> TOO_LARGE;
            case BUSY -> TOO_MANY_REQUESTS;
            case NO_SPACE -> NO_SPACE;
            case CORRUPT -> CORRUPT;
            case ROOT_USER_MISSING -> failed("root user does not exist");
            case ROOT_ROLE_MISSING -> failed("root user does not have root role");
            case USER_EXISTS -> failed("user name already exists");
            case USER_NOT_FOUND -> failed("user name not found");
            case ROLE_EXISTS -> failed("role name already exists");
            case ROLE_NOT_FOUND -> failed("role name not found");
            case ROLE_NOT_GRANTED -> failed("role is not granted to the user");
            case PERMISSION_NOT_GRANTED -> failed("permission is not granted to the role");
            case AUTH_NOT_ENABLED -> failed("authentication is not enabled");
            case USER_EMPTY -> invalid("user name is empty");
            case ROLE_EMPTY -> invalid("role name is empty");
            case AUTH_FAILED -> invalid("authentication failed, invalid user ID or password");
            case INVALID_AUTH_MANAGEMENT -> invalid("invalid auth management");
            case AUTH_OLD_REVISION -> invalid("revision of auth store is old");
            case USER_WITHOUT_PASSWORD -> USER_WITHOUT_PASSWORD;
            case PERMISSION_DENIED -> new EtcdError(PERMISSION_DENIED, "etcdserver: permission denied");
            case TERM_PASSED -> throw new IllegalStateException("only the store itself expires leases");
        };
    }

    /// A reason that etcd has no word for becomes Unavailable with our own sentence.
    static EtcdError of(Reason why) {
        EtcdError known = BY_CODE.get(why.code());
        if (known == null) known = BY_REFUSAL.get(why.code());
        return known != null ? known : new EtcdError(UNAVAILABLE, "etcdserver: " + why.sentence());
    }

    private static EtcdError invalid(String why) {
        return new EtcdError(INVALID_ARGUMENT, "etcdserver: " + why);
    }

    /// As etcd's Go text has it, which a watch's cancellation carries.
    String asGoText() {
        return "rpc error: code = " + CODES.get(status) + " desc = " + message;
    }

    /// As the lock and election services say it.
    EtcdError asUnknown() {
        return new EtcdError(UNKNOWN, message);
    }

    static EtcdError unknownMethod(String service, String method) {
        return new EtcdError(UNIMPLEMENTED, "unknown method " + method + " for service " + service);
    }

    static EtcdError unknownService(String service) {
        return new EtcdError(UNIMPLEMENTED, "unknown service " + service);
    }

    static EtcdError messageTooLarge(long bytes, long bytesMax) {
        return new EtcdError(
                RESOURCE_EXHAUSTED, "grpc: received message larger than max (" + bytes + " vs. " + bytesMax + ")");
    }

    static EtcdError answerTooLarge(long bytes) {
        return new EtcdError(
                RESOURCE_EXHAUSTED,
                "grpc: trying to send message larger than max (" + bytes + " vs. " + Integer.MAX_VALUE + ")");
    }

    static EtcdError badJson(String why) {
        return new EtcdError(INVALID_ARGUMENT, why);
    }

    static EtcdError badMessage(String why) {
        return new EtcdError(INTERNAL, "grpc: error unmarshalling request: " + why);
    }

    private static EtcdError failed(String why) {
        return new EtcdError(FAILED_PRECONDITION, "etcdserver: " + why);
    }

    static EtcdError unknownAction() {
        return new EtcdError(UNKNOWN, "etcdserver: unknown method");
    }

    private static EtcdError timedOut(String why) {
        return new EtcdError(UNAVAILABLE, "etcdserver: request timed out" + why);
    }
}
