package holdfast.core.healing.fleet;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/// What changes from one fleet to the next.
///
/// @param sentences one for each change, hosts first, then services, in name order; empty when nothing changes
public record FleetDiff(List<String> sentences) {
    public FleetDiff {
        sentences = List.copyOf(sentences);
    }

    public boolean isEmpty() {
        return sentences.isEmpty();
    }

    /// @param before null for none
    public static FleetDiff between(@Nullable Fleet before, Fleet after) {
        List<String> sentences = new ArrayList<>();
        Fleet former = before == null ? new Fleet(after.name(), List.of(), List.of()) : before;
        if (!former.name().equals(after.name())) sentences.add("fleet: " + former.name() + " -> " + after.name());
        for (HostSpec host : former.hosts()) {
            if (after.host(host.name()).isEmpty()) sentences.add("hosts." + host.name() + " is removed");
        }
        for (HostSpec host : after.hosts()) {
            String key = "hosts." + host.name();
            former.host(host.name())
                    .ifPresentOrElse(
                            old -> change(sentences, key + ".address", old.address(), host.address()),
                            () -> sentences.add(key + " is added at " + host.address()));
        }
        for (ServiceSpec service : former.services()) {
            if (after.service(service.name()).isEmpty()) sentences.add("services." + service.name() + " is removed");
        }
        for (ServiceSpec service : after.services()) {
            former.service(service.name())
                    .ifPresentOrElse(
                            old -> sentences.addAll(between(old, service)),
                            () -> sentences.add("services." + service.name() + " is added with " + service.instances()
                                    + (service.instances() == 1 ? " instance" : " instances")));
        }
        clusters(former.postgres(), after.postgres(), PostgresSpec::name, FleetDiff::between, "PostgreSQL", sentences);
        clusters(former.redis(), after.redis(), RedisSpec::name, FleetDiff::between, "Redis", sentences);
        singletons(former, after, sentences);
        return new FleetDiff(sentences);
    }

    private static void singletons(Fleet before, Fleet after, List<String> sentences) {
        SortedMap<String, SingletonSpec> former = new TreeMap<>();
        for (SingletonSpec one : before.singletons()) former.put(one.name(), one);
        for (SingletonSpec one : after.singletons()) {
            SingletonSpec old = former.remove(one.name());
            if (old == null) sentences.add("services." + one.name() + " is added, active on one host at a time");
            else between(old, one, sentences);
        }
        for (String name : former.keySet()) sentences.add("services." + name + " is removed: its processes end");
    }

    private static void between(SingletonSpec before, SingletonSpec after, List<String> sentences) {
        String key = "services." + after.name() + ".";
        change(sentences, key + "command", before.command(), after.command());
        change(sentences, key + "port", before.port(), after.port());
        change(sentences, key + "hosts", before.hosts(), after.hosts());
        change(sentences, key + "env", before.env(), after.env());
        change(sentences, key + "checks", before.checks(), after.checks());
        change(sentences, key + "limits", before.limits(), after.limits());
        change(sentences, key + "start-within", before.startWithin(), after.startWithin());
        change(sentences, key + "stop-within", before.stopWithin(), after.stopWithin());
        key += "singleton.";
        change(sentences, key + "lease", before.lease(), after.lease());
        change(
                sentences,
                key + "standby",
                before.standby().key(),
                after.standby().key());
        change(sentences, key + "address", before.address(), after.address());
        change(sentences, key + "network-interface", before.link(), after.link());
    }

    /// What changes in two clusters of a kind.
    @FunctionalInterface
    private interface Between<T> {
        void tell(T before, T after, List<String> sentences);
    }

    private static <T> void clusters(
            List<T> former,
            List<T> after,
            Function<T, String> name,
            Between<T> between,
            String kind,
            List<String> sentences) {
        for (T one : former) {
            if (find(after, name, name.apply(one)).isEmpty())
                sentences.add("services." + name.apply(one) + " is removed: its servers go on alone");
        }
        for (T one : after) {
            find(former, name, name.apply(one))
                    .ifPresentOrElse(
                            old -> between.tell(old, one, sentences),
                            () -> sentences.add("services." + name.apply(one) + " is added, a " + kind + " cluster"));
        }
    }

    private static <T> Optional<T> find(List<T> clusters, Function<T, String> name, String like) {
        return clusters.stream().filter(one -> name.apply(one).equals(like)).findFirst();
    }

    private static void between(RedisSpec before, RedisSpec after, List<String> sentences) {
        between(before.cluster(), after.cluster(), sentences);
        String key = "services." + after.name() + ".redis.";
        change(sentences, key + "parameters", before.parameters(), after.parameters());
        change(sentences, key + "auth", before.auth(), after.auth());
        change(sentences, key + "sentinel-port", before.sentinelPort(), after.sentinelPort());
        String announces = key + "sentinel-announces proxy";
        change(sentences, announces, before.sentinelAnnouncesProxy(), after.sentinelAnnouncesProxy());
    }

    private static void between(PostgresSpec before, PostgresSpec after, List<String> sentences) {
        between(before.cluster(), after.cluster(), sentences);
        String key = "services." + after.name() + ".postgresql.";
        change(sentences, key + "parameters", before.parameters(), after.parameters());
        change(sentences, key + "hba", before.hba(), after.hba());
        change(sentences, key + "replica-method", before.replicaMethod(), after.replicaMethod());
        change(sentences, key + "post-init", before.postInit(), after.postInit());
        change(sentences, key + "slots", before.slots().keySet(), after.slots().keySet());
    }

    private static void between(ClusterSpec before, ClusterSpec after, List<String> sentences) {
        String key = "services." + after.name() + ".";
        change(sentences, key + "hosts", before.hosts(), after.hosts());
        change(sentences, key + "port", before.port(), after.port());
        key += after.kind().key() + ".";
        change(sentences, key + "bin", before.bin(), after.bin());
        change(sentences, key + "data", before.data(), after.data());
        change(sentences, key + "user", before.user(), after.user());
        change(
                sentences,
                key + "durability",
                before.durability().key(),
                after.durability().key());
        change(sentences, key + "strict", before.strict(), after.strict());
        change(sentences, key + "lease", before.lease(), after.lease());
        change(sentences, key + "lag-bytes-max", before.lagBytesMax(), after.lagBytesMax());
        change(sentences, key + "start-within", before.startWithin(), after.startWithin());
        change(sentences, key + "stop-within", before.stopWithin(), after.stopWithin());
        change(sentences, key + "no-failover", before.noFailover(), after.noFailover());
        Tags tags = after.tags();
        change(sentences, key + "priority", before.tags().priority(), tags.priority());
        change(sentences, key + "no-balance", before.tags().noBalance(), tags.noBalance());
        change(sentences, key + "no-sync", before.tags().noSync(), tags.noSync());
        change(sentences, key + "on-role-change", before.onRoleChange(), after.onRoleChange());
        change(sentences, key + "rest-port", before.restPort(), after.restPort());
        change(sentences, key + "write-port", before.writePort(), after.writePort());
        change(sentences, key + "read-port", before.readPort(), after.readPort());
    }

    /// What changes in one service, key by key.
    public static List<String> between(ServiceSpec before, ServiceSpec after) {
        List<String> sentences = new ArrayList<>();
        String key = "services." + after.name() + ".";
        change(sentences, key + "command", before.command(), after.command());
        change(sentences, key + "instances", before.instances(), after.instances());
        change(sentences, key + "port", before.port(), after.port());
        change(sentences, key + "hosts", before.hosts(), after.hosts());
        for (String name : union(before, after)) {
            change(
                    sentences,
                    key + "env." + name,
                    before.env().get(name),
                    after.env().get(name));
        }
        change(sentences, key + "checks", before.checks(), after.checks());
        change(sentences, key + "depends-on", before.dependsOn(), after.dependsOn());
        change(
                sentences,
                key + "recovery",
                before.recovery().stream().map(Rung::key).toList(),
                after.recovery().stream().map(Rung::key).toList());
        change(sentences, key + "limits", before.limits(), after.limits());
        change(sentences, key + "start-within", before.startWithin(), after.startWithin());
        change(sentences, key + "stop-within", before.stopWithin(), after.stopWithin());
        change(sentences, key + "observe", before.observe(), after.observe());
        change(sentences, key + "at", before.at(), after.at());
        return sentences;
    }

    private static Iterable<String> union(ServiceSpec before, ServiceSpec after) {
        java.util.SortedSet<String> names = new java.util.TreeSet<>(before.env().keySet());
        names.addAll(after.env().keySet());
        return names;
    }

    private static void change(List<String> sentences, String key, @Nullable Object before, @Nullable Object after) {
        if (Objects.equals(before, after)) return;
        if (before == null) sentences.add(key + " is added: " + say(after));
        else if (after == null) sentences.add(key + " is removed, it was " + say(before));
        else sentences.add(key + ": " + say(before) + " -> " + say(after));
    }

    private static String say(@Nullable Object value) {
        return switch (value) {
            case null -> "nothing";
            case java.time.Duration length -> holdfast.core.base.Require.say(length);
            case CheckSpec.Http(String path, CheckSpec.Timing timing) -> "http " + path + say(timing);
            case CheckSpec.Tcp(int port, CheckSpec.Timing timing) ->
                "tcp" + (port == 0 ? "" : " " + port) + say(timing);
            case CheckSpec.Exec(List<String> command, CheckSpec.Timing timing) -> "exec " + command + say(timing);
            case CheckSpec.Timing(var every, var timeout, int failures, int passes) ->
                " every " + say(every) + " (timeout " + say(timeout) + ", failures " + failures + ", passes " + passes
                        + ")";
            case Limits(int restarts, var per, var share) ->
                restarts + " restarts per " + say(per) + ", isolate at most " + share;
            case List<?> list -> list.stream().map(FleetDiff::say).toList().toString();
            default -> value.toString();
        };
    }
}
