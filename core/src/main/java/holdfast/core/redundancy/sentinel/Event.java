package holdfast.core.redundancy.sentinel;

import holdfast.core.redundancy.sentinel.Facts.Node;
import holdfast.core.redundancy.sentinel.Facts.Service;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// What Sentinel publishes (Redis documentation, "High availability with Redis Sentinel", Pub/Sub messages).
public record Event(String channel, String message) {
    /// What has happened between two views.
    public static List<Event> between(Facts before, Facts now) {
        List<Event> events = new ArrayList<>();
        now.services().forEach((name, service) -> between(before.services().get(name), service, now, events));
        return events;
    }

    private static void between(@Nullable Service before, Service now, Facts facts, List<Event> events) {
        String master = master(now);
        if (before == null) {
            events.add(new Event("+monitor", master + " quorum " + facts.quorum()));
        } else if (!before.primary().isAt(now.primary())) {
            events.add(new Event("+switch-master", moved(before, now)));
        } else if (now.down() && !before.down()) {
            events.add(new Event("+sdown", master));
            events.add(new Event("+odown", master + " #quorum " + facts.sentinels() + "/" + facts.quorum()));
        } else if (before.down() && !now.down()) {
            events.add(new Event("-sdown", master));
            events.add(new Event("-odown", master));
        }
        boolean stays = before != null && before.primary().isAt(now.primary());
        List<Node> former = before != null && stays ? before.replicas() : List.of();
        for (Node replica : now.replicas()) {
            Node known = find(former, replica);
            if (known == null) events.add(new Event("+slave", slave(replica, now)));
            boolean up = known == null || known.up();
            if (up != replica.up()) events.add(new Event(replica.up() ? "-sdown" : "+sdown", slave(replica, now)));
        }
        for (Node replica : former) {
            boolean gone = replica.up() && find(now.replicas(), replica) == null;
            if (gone) events.add(new Event("+sdown", slave(replica, now)));
        }
    }

    private static @Nullable Node find(List<Node> nodes, Node wanted) {
        return nodes.stream().filter(node -> node.isAt(wanted)).findFirst().orElse(null);
    }

    private static String moved(Service before, Service now) {
        return now.name() + " " + place(before.primary()) + " " + place(now.primary());
    }

    private static String place(Node node) {
        return node.address() + " " + node.port();
    }

    static String master(Service service) {
        return "master " + service.name() + " " + place(service.primary());
    }

    private static String slave(Node replica, Service service) {
        return "slave " + replica.name() + " " + place(replica) + " @ " + service.name() + " "
                + place(service.primary());
    }
}
