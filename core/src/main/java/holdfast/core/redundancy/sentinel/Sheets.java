package holdfast.core.redundancy.sentinel;

import holdfast.core.redundancy.resp.Reply;
import holdfast.core.redundancy.sentinel.Facts.Node;
import holdfast.core.redundancy.sentinel.Facts.Service;
import java.util.ArrayList;
import java.util.List;

/// What Sentinel tells of a primary, a replica or another sentinel: fields in its order. Those that have no meaning
/// here are as on a quiet day.
final class Sheets {
    private static final String FAILOVER_TIMEOUT_MILLIS = "180000"; // Sentinel's default; nothing waits for it here

    private Sheets() {}

    private static List<String> start(Node node, String name, String flags, Facts facts, long leaseMillis, long down) {
        List<String> sheet = new ArrayList<>(List.of("name", name, "ip", node.address(), "port", "" + node.port()));
        sheet.addAll(List.of("runid", node.id(), "flags", flags));
        sheet.addAll(List.of("link-pending-commands", "0", "link-refcount", "1", "last-ping-sent", "0"));
        long ping = down > 0 ? down : facts.readMillis();
        sheet.addAll(List.of("last-ok-ping-reply", "" + ping, "last-ping-reply", "" + ping));
        if (down > 0) sheet.addAll(List.of("s-down-time", "" + down));
        if (down > 0 && flags.contains("o_down")) sheet.addAll(List.of("o-down-time", "" + down));
        sheet.addAll(List.of("down-after-milliseconds", "" + leaseMillis));
        return sheet;
    }

    static Reply primary(Service service, Facts facts) {
        String flags = service.down() ? "s_down,o_down,master,disconnected" : "master";
        long down = service.down() ? Math.max(1, service.downMillis()) : 0;
        List<String> sheet = start(service.primary(), service.name(), flags, facts, service.leaseMillis(), down);
        sheet.addAll(List.of("info-refresh", "" + facts.readMillis(), "role-reported", "master"));
        sheet.addAll(List.of("role-reported-time", "" + service.roleMillis(), "config-epoch", "" + service.epoch()));
        sheet.addAll(List.of("num-slaves", "" + service.replicas().size()));
        sheet.addAll(List.of("num-other-sentinels", "" + facts.others().size(), "quorum", "" + facts.quorum()));
        sheet.addAll(List.of("failover-timeout", FAILOVER_TIMEOUT_MILLIS, "parallel-syncs", "1"));
        return Reply.pairs(sheet);
    }

    static Reply replica(Node replica, Service service, Facts facts) {
        boolean up = replica.up();
        String flags = up ? "slave" : "s_down,slave,disconnected";
        List<String> sheet = start(replica, replica.name(), flags, facts, service.leaseMillis(), up ? 0 : 1);
        boolean linked = up && !service.down();
        sheet.addAll(List.of("info-refresh", "" + facts.readMillis(), "role-reported", "slave"));
        sheet.addAll(List.of("role-reported-time", "" + service.roleMillis()));
        sheet.addAll(List.of("master-link-down-time", linked ? "0" : "" + Math.max(1, service.downMillis())));
        sheet.addAll(List.of("master-link-status", linked ? "ok" : "err"));
        sheet.addAll(List.of("master-host", service.primary().address()));
        sheet.addAll(List.of("master-port", "" + service.primary().port(), "slave-priority", "100"));
        sheet.addAll(List.of("slave-repl-offset", "" + replica.offset(), "replica-announced", "1"));
        return Reply.pairs(sheet);
    }

    static Reply sentinel(Node other, Service service, Facts facts) {
        List<String> sheet = start(other, other.id(), "sentinel", facts, service.leaseMillis(), 0);
        sheet.addAll(List.of("last-hello-message", "" + facts.readMillis(), "voted-leader", "?"));
        sheet.addAll(List.of("voted-leader-epoch", "0"));
        return Reply.pairs(sheet);
    }

    static String info(Facts facts) {
        StringBuilder text = new StringBuilder(
                "# Sentinel\r\nsentinel_masters:" + facts.services().size());
        text.append("\r\nsentinel_tilt:0\r\nsentinel_tilt_since_seconds:-1\r\nsentinel_running_scripts:0\r\n");
        text.append("sentinel_scripts_queue_length:0\r\nsentinel_simulate_failure_flags:0\r\n");
        int number = 0;
        for (Service service : facts.services().values()) {
            text.append("master" + number++ + ":name=" + service.name());
            text.append(",status=" + (service.down() ? "odown" : "ok"));
            text.append(",address=" + service.primary().name() + ",slaves="
                    + service.replicas().size());
            text.append(",sentinels=" + facts.sentinels() + "\r\n");
        }
        return text.toString();
    }
}
