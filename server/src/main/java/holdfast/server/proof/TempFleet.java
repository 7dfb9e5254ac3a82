package holdfast.server.proof;

import holdfast.core.base.*;
import holdfast.core.healing.fleet.*;
import holdfast.server.ledger.Lengths;
import java.util.*;
import tools.jackson.databind.JsonNode;
import tools.jackson.dataformat.yaml.YAMLMapper;

final class TempFleet {
    static Fleet parse(String yaml) {
        JsonNode root = new YAMLMapper().readTree(yaml);
        List<HostSpec> hosts = new ArrayList<>();
        for (var h : root.get("hosts").properties()) hosts.add(new HostSpec(new NodeId(h.getKey()), h.getValue().get("address").asString()));
        List<ServiceSpec> services = new ArrayList<>();
        for (var s : root.get("services").properties()) {
            JsonNode v = s.getValue();
            List<String> command = new ArrayList<>();
            v.get("command").forEach(c -> command.add(c.asString()));
            TreeMap<String, String> env = new TreeMap<>();
            if (v.has("env")) for (var e : v.get("env").properties()) env.put(e.getKey(), e.getValue().asString());
            List<String> deps = new ArrayList<>();
            if (v.has("depends-on")) v.get("depends-on").forEach(d -> deps.add(d.asString()));
            services.add(new ServiceSpec(s.getKey(), command, v.get("instances").asInt(), v.get("port").asInt(),
                    hosts.stream().map(HostSpec::name).toList(), env,
                    List.of(new CheckSpec.Http("/health", CheckSpec.Timing.DEFAULT)), deps,
                    List.of(Rung.RESTART, Rung.MOVE, Rung.HAND_OVER),
                    new Limits(3, java.time.Duration.ofMinutes(10), Ratio.percent(Integer.parseInt(v.get("limits").get("isolate-at-most").asString().replace("%","")))),
                    Lengths.parse(v.get("start-within").asString()).orElseThrow(), Lengths.parse(v.get("stop-within").asString()).orElseThrow(), false, new TreeMap<>()));
        }
        services.sort(Comparator.comparing(ServiceSpec::name));
        return new Fleet(root.get("fleet").asString(), hosts, services);
    }
}
