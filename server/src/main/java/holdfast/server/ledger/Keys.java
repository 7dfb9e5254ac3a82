package holdfast.server.ledger;

import holdfast.core.base.Bytes;
import holdfast.core.base.KeyRange;
import holdfast.core.base.NodeId;
import holdfast.core.healing.fleet.Part;

/// Every key that healing uses. Any etcd client may read them; clients route by those under [#ENDPOINTS].
public final class Keys {
    public static final String PREFIX = "/holdfast/";
    /// The fleet as it was last applied; its mod revision is the fleet's revision.
    public static final String FLEET = PREFIX + "fleet";
    /// Candidates for leadership; the oldest leads, its create revision is the epoch.
    public static final String LEADER = PREFIX + "leader/";
    /// The node that leads or led last, unless it resigned.
    public static final String LED = PREFIX + "led";

    public static final String HOSTS = PREFIX + "hosts/";
    public static final String INSTANCES = PREFIX + "instances/";
    /// `{"address": "IP:PORT", ...}` for each healthy instance: documented for clients.
    public static final String ENDPOINTS = PREFIX + "endpoints/";

    public static final String ORDERS = PREFIX + "orders/";
    public static final String OUTCOMES = PREFIX + "outcomes/";
    public static final String INCIDENTS = PREFIX + "incidents/";
    /// What people ask the loop for.
    public static final String ASKS = PREFIX + "asks/";

    private Keys() {}

    public static Bytes fleet() {
        return Bytes.utf8(FLEET);
    }

    public static Bytes host(NodeId host) {
        return Bytes.utf8(HOSTS + host);
    }

    public static Bytes instance(Part.Instance instance) {
        return Bytes.utf8(INSTANCES + instance);
    }

    public static Bytes endpoint(Part.Instance instance) {
        return Bytes.utf8(ENDPOINTS + instance);
    }

    public static Bytes order(NodeId host, String actionId) {
        return Bytes.utf8(ORDERS + host + "/" + actionId);
    }

    public static Bytes outcome(String actionId) {
        return Bytes.utf8(OUTCOMES + actionId);
    }

    public static Bytes incident(String id) {
        return Bytes.utf8(INCIDENTS + id);
    }

    public static Bytes ask(String id) {
        return Bytes.utf8(ASKS + id);
    }

    /// Every key below one of the prefixes above.
    public static KeyRange below(String prefix) {
        return KeyRange.prefix(Bytes.utf8(prefix));
    }

    /// The fleet and the hosts.
    public static KeyRange fleetAndHosts() {
        return new KeyRange(Bytes.utf8(FLEET), Bytes.utf8(INCIDENTS));
    }

    /// Assignments, leaders and orders.
    public static KeyRange instancesToOrders() {
        return new KeyRange(Bytes.utf8(INSTANCES), Bytes.utf8(OUTCOMES));
    }

    /// What comes after the last `/`.
    static String lastName(String key) {
        return key.substring(key.lastIndexOf('/') + 1);
    }
}
