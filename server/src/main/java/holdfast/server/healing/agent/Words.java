package holdfast.server.healing.agent;

import holdfast.core.healing.fleet.Assignment;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// Replaces `${port}`, `${host}`, `${address}`, `${instance}` and `${store}` in a service's command and
/// environment.
record Words(Assignment assignment, AgentConfig config) {
    private String replace(String text) {
        return text.replace("${port}", Integer.toString(assignment.port()))
                .replace("${host}", assignment.host().name())
                .replace("${address}", assignment.address())
                .replace("${instance}", Integer.toString(assignment.instance().number()))
                .replace("${store}", config.storeUrls());
    }

    List<String> replace(List<String> texts) {
        return texts.stream().map(this::replace).toList();
    }

    /// The service's own, and which run this is.
    Map<String, String> environment() {
        Map<String, String> environment = new LinkedHashMap<>();
        assignment.spec().env().forEach((name, value) -> environment.put(name, replace(value)));
        environment.put("HOLDFAST_HOST", assignment.host().name());
        environment.put("HOLDFAST_INSTANCE", assignment.instance().toString());
        environment.put("HOLDFAST_RUN", assignment.run());
        return environment;
    }
}
