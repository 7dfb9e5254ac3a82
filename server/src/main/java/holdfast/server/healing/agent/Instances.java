package holdfast.server.healing.agent;

import holdfast.core.healing.fleet.Assignment;
import holdfast.server.healing.act.Words;
import java.util.LinkedHashMap;
import java.util.Map;

/// What an instance's command and environment may name.
final class Instances {
    private Instances() {}

    static Words words(Assignment assignment, AgentConfig config) {
        return new Words(Map.of(
                "port", Integer.toString(assignment.port()),
                "host", assignment.host().name(),
                "address", assignment.address(),
                "instance", Integer.toString(assignment.instance().number()),
                "store", config.store().urls()));
    }

    /// The service's own, and which run this is.
    static Map<String, String> environment(Assignment assignment, AgentConfig config) {
        Map<String, String> environment = new LinkedHashMap<>(
                words(assignment, config).replace(assignment.spec().env()));
        environment.put("HOLDFAST_HOST", assignment.host().name());
        environment.put("HOLDFAST_INSTANCE", assignment.instance().toString());
        environment.put("HOLDFAST_RUN", assignment.run());
        return environment;
    }
}
