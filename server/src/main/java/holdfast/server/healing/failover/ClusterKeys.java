package holdfast.server.healing.failover;

import holdfast.core.base.Bytes;
import holdfast.core.base.KeyRange;
import holdfast.core.base.NodeId;
import holdfast.core.healing.fleet.ClusterSpec;

/// The keys of one cluster, under `/holdfast/KIND/SERVICE/`.
///
/// @param service name of the service
public record ClusterKeys(ClusterSpec.Kind kind, String service) {
    /// Of all clusters of a kind.
    public static String prefix(ClusterSpec.Kind kind) {
        return "/holdfast/" + kind.folder() + "/";
    }

    private String name(String last) {
        return prefix(kind) + service + "/" + last;
    }

    /// Held by the primary under its lease: its create revision is the fence.
    public Bytes leader() {
        return Bytes.utf8(name("leader"));
    }

    /// What the cluster is: written by the primary only.
    public Bytes state() {
        return Bytes.utf8(name("state"));
    }

    /// What a member says of itself, under its lease.
    public Bytes member(NodeId host) {
        return Bytes.utf8(name("members/") + host);
    }

    public String membersPrefix() {
        return name("members/");
    }

    /// Passwords of the superuser and for replication.
    public Bytes secrets() {
        return Bytes.utf8(name("secrets"));
    }

    /// What a person asks the primary for.
    public Bytes request() {
        return Bytes.utf8(name("request"));
    }

    /// What became of that.
    public Bytes answer(String id) {
        return Bytes.utf8(name("answers/") + id);
    }

    /// What a person asks one member for.
    public Bytes task(NodeId host) {
        return Bytes.utf8(name("tasks/") + host);
    }

    boolean isMember(Bytes key) {
        return key.startsWith(Bytes.utf8(membersPrefix()));
    }

    boolean isHistory(Bytes key) {
        return key.startsWith(Bytes.utf8(name("history/")));
    }

    /// Who became the primary in which term, and why.
    public Bytes history(long term) {
        return Bytes.utf8(name("history/") + String.format("%010d", term));
    }

    public KeyRange all() {
        return KeyRange.prefix(Bytes.utf8(name("")));
    }
}
