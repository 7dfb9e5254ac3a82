package holdfast.core.healing.fleet;

import holdfast.core.base.NodeId;
import holdfast.core.base.Require;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/// Hosts and services as their owner wants them, relations checked: every name that is used exists, nobody
/// depends on himself through others, no two instances want one port.
///
/// @param name 1 to 63 of a-z 0-9 -
/// @param hosts at least one unless every service is observed; kept in name order
/// @param services kept in name order
/// @param postgres services of `kind: postgresql`, kept in name order
/// @param singletons services of `kind: singleton`, kept in name order
/// @param redis services of `kind: redis`, kept in name order
public record Fleet(
        String name,
        List<HostSpec> hosts,
        List<ServiceSpec> services,
        List<PostgresSpec> postgres,
        List<SingletonSpec> singletons,
        List<RedisSpec> redis) {

    public Fleet(String name, List<HostSpec> hosts, List<ServiceSpec> services) {
        this(name, hosts, services, List.of(), List.of(), List.of());
    }

    public Fleet {
        hosts = hosts.stream()
                .sorted((left, right) -> left.name().compareTo(right.name()))
                .toList();
        services = services.stream()
                .sorted((left, right) -> left.name().compareTo(right.name()))
                .toList();
        Require.that(
                "fleet", "'" + name + "'", name.matches("[a-z]([a-z0-9-]{0,61}[a-z0-9])?"), "1 to 63 of a-z 0-9 -");
        SortedSet<NodeId> hostNames = new TreeSet<>();
        SortedMap<String, NodeId> addresses = new TreeMap<>();
        for (HostSpec host : hosts) {
            Require.that("hosts." + host.name(), "named twice", hostNames.add(host.name()), "named once");
            NodeId other = addresses.put(host.address(), host.name());
            Require.that(
                    "hosts." + host.name() + ".address",
                    host.address(),
                    other == null,
                    "another than that of " + other);
        }
        SortedMap<String, ServiceSpec> byName = new TreeMap<>();
        for (ServiceSpec service : services) {
            Require.that(
                    "services." + service.name(),
                    "named twice",
                    byName.put(service.name(), service) == null,
                    "named once");
        }
        SortedSet<String> names = new TreeSet<>(byName.keySet());
        postgres = sorted(postgres, PostgresSpec::name, one -> one.cluster().hosts(), names, hostNames);
        singletons = sorted(singletons, SingletonSpec::name, SingletonSpec::hosts, names, hostNames);
        redis = sorted(redis, RedisSpec::name, one -> one.cluster().hosts(), names, hostNames);
        for (PostgresSpec one : postgres) one.cluster().refuseStrangers(List.copyOf(hostNames));
        for (RedisSpec one : redis) one.cluster().refuseStrangers(List.copyOf(hostNames));
        for (ServiceSpec service : services) refuseUnknown(service, hostNames, byName);
        refuseCircle(byName);
        refuseOverlap(services);
    }

    /// @param given null when it was written before there were any
    /// @param taken names of other services; those of these are added
    private static <T> List<T> sorted(
            @Nullable List<T> given,
            Function<T, String> name,
            Function<T, List<NodeId>> hostsOf,
            SortedSet<String> taken,
            SortedSet<NodeId> hosts) {
        if (given == null) return List.of();
        for (T one : given) {
            String key = "services." + name.apply(one);
            Require.that(key, "named twice", taken.add(name.apply(one)), "named once");
            for (int index = 0; index < hostsOf.apply(one).size(); index++) {
                NodeId host = hostsOf.apply(one).get(index);
                Require.that(key + ".hosts[" + index + "]", host, hosts.contains(host), "one of " + join(hosts));
            }
        }
        return given.stream().sorted(Comparator.comparing(name)).toList();
    }

    private static void refuseUnknown(
            ServiceSpec service, SortedSet<NodeId> hosts, SortedMap<String, ServiceSpec> services) {
        String key = "services." + service.name();
        Require.that(
                key, "a service to run", service.observe() || !hosts.isEmpty(), "observed while the fleet has no host");
        for (int index = 0; index < service.hosts().size(); index++) {
            NodeId host = service.hosts().get(index);
            Require.that(key + ".hosts[" + index + "]", host, hosts.contains(host), "one of " + join(hosts));
        }
        for (int index = 0; index < service.dependsOn().size(); index++) {
            String other = service.dependsOn().get(index);
            Require.that(
                    key + ".depends-on[" + index + "]",
                    other,
                    services.containsKey(other),
                    "one of " + join(services.keySet()));
        }
    }

    /// Walks from each service along depends-on; a walk longer than there are services has met itself.
    private static void refuseCircle(SortedMap<String, ServiceSpec> services) {
        SortedSet<String> cleared = new TreeSet<>();
        for (String name : services.keySet()) walk(name, new ArrayList<>(), cleared, services);
    }

    private static void walk(
            String name, List<String> path, SortedSet<String> cleared, SortedMap<String, ServiceSpec> services) {
        int met = path.indexOf(name);
        if (met >= 0) {
            String circle = String.join(" -> ", path.subList(met, path.size())) + " -> " + name;
            throw new Require.BadValue(
                    "services." + name + ".depends-on is a circle, " + circle + "; it must be free of circles");
        }
        if (cleared.contains(name)) return;
        ServiceSpec service = services.get(name);
        if (service == null) return;
        path.addLast(name);
        for (String other : service.dependsOn()) walk(other, path, cleared, services);
        path.removeLast();
        cleared.add(name);
    }

    private static void refuseOverlap(List<ServiceSpec> services) {
        SortedMap<Integer, String> taken = new TreeMap<>();
        for (ServiceSpec service : services) {
            for (int number = 1; number <= service.instances() && service.portOf(number) != 0; number++) {
                String owner = taken.putIfAbsent(service.portOf(number), service.name() + "/" + number);
                Require.that(
                        "services." + service.name() + ".port",
                        service.port(),
                        owner == null,
                        "chosen so that instance " + number + " does not meet port " + service.portOf(number) + " of "
                                + owner);
            }
        }
    }

    private static String join(Iterable<?> names) {
        StringBuilder text = new StringBuilder();
        for (Object name : names) text.append(text.isEmpty() ? "" : ", ").append(name);
        return text.toString();
    }

    /// The named service, if there is one.
    public Optional<ServiceSpec> service(String name) {
        for (ServiceSpec service : services) if (service.name().equals(name)) return Optional.of(service);
        return Optional.empty();
    }

    public Optional<HostSpec> host(NodeId name) {
        for (HostSpec host : hosts) if (host.name().equals(name)) return Optional.of(host);
        return Optional.empty();
    }

    /// Hosts where `service` may run, in name order.
    public List<NodeId> allowed(ServiceSpec service) {
        List<NodeId> allowed = new ArrayList<>();
        for (HostSpec host : hosts) if (allows(service, host.name())) allowed.add(host.name());
        return allowed;
    }

    /// Whether `service` may run on `host`.
    public boolean allows(ServiceSpec service, NodeId host) {
        return host(host).isPresent()
                && (service.hosts().isEmpty() || service.hosts().contains(host));
    }
}
