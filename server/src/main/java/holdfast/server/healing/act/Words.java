package holdfast.server.healing.act;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// Replaces words such as `${port}` in a service's command and environment.
///
/// @param meanings what each word between the braces stands for
public record Words(Map<String, String> meanings) {
    private String replace(String text) {
        String replaced = text;
        for (Map.Entry<String, String> word : meanings.entrySet()) {
            replaced = replaced.replace("${" + word.getKey() + "}", word.getValue());
        }
        return replaced;
    }

    public List<String> replace(List<String> texts) {
        return texts.stream().map(this::replace).toList();
    }

    /// Replaces in the values.
    public Map<String, String> replace(Map<String, String> texts) {
        Map<String, String> replaced = new LinkedHashMap<>();
        texts.forEach((name, value) -> replaced.put(name, replace(value)));
        return replaced;
    }
}
