package holdfast.server.ledger.file;

import holdfast.core.base.Require.BadValue;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.dataformat.yaml.YAMLFactory;

/// A YAML document as a tree that knows its paths, so that every refusal can name its key.
sealed interface Node {
    /// `services.orders.checks[0]`; empty for the whole document.
    String path();

    record Mapping(String path, Map<String, Node> entries) implements Node {}

    record Sequence(String path, List<Node> items) implements Node {}

    /// @param text as it was written; a null is the empty text
    record Scalar(String path, String text) implements Node {}

    int DEPTH_MAX = 32;

    /// @throws BadValue when it is not YAML, is not one mapping, or names a key twice
    static Mapping parse(String name, String text) {
        try (JsonParser parser = YAMLFactory.builder().build().createParser(ObjectReadContext.empty(), text)) {
            JsonToken first = parser.nextToken();
            if (first != JsonToken.START_OBJECT) {
                throw new BadValue(name + " holds no keys; it must begin with `fleet: NAME`");
            }
            return mapping(parser, "", 0);
        } catch (JacksonException malformed) {
            throw new BadValue("%s is not YAML at line %d, column %d: %s; it must be keys and values with even indents"
                    .formatted(
                            name,
                            malformed.getLocation() == null
                                    ? 0
                                    : malformed.getLocation().getLineNr(),
                            malformed.getLocation() == null
                                    ? 0
                                    : malformed.getLocation().getColumnNr(),
                            firstLine(malformed.getOriginalMessage())));
        }
    }

    private static String firstLine(String message) {
        return message.lines().findFirst().orElse("it cannot be read");
    }

    private static Node node(JsonParser parser, String path, int depth) {
        if (depth > DEPTH_MAX)
            throw new BadValue(path + " lies deeper than " + DEPTH_MAX + " levels; that is the most");
        return switch (parser.currentToken()) {
            case START_OBJECT -> mapping(parser, path, depth);
            case START_ARRAY -> sequence(parser, path, depth);
            case VALUE_NULL -> new Scalar(path, "");
            case null, default -> new Scalar(path, parser.getString());
        };
    }

    private static Mapping mapping(JsonParser parser, String path, int depth) {
        Map<String, Node> entries = new LinkedHashMap<>();
        while (parser.nextToken() == JsonToken.PROPERTY_NAME) {
            String key = parser.currentName();
            String below = path.isEmpty() ? key : path + "." + key;
            int line = parser.currentTokenLocation().getLineNr();
            parser.nextToken();
            Node value = node(parser, below, depth + 1);
            if (entries.put(key, value) != null) {
                throw new BadValue(below + " is given twice (again on line " + line + "); it must be given once");
            }
        }
        return new Mapping(path, entries);
    }

    private static Sequence sequence(JsonParser parser, String path, int depth) {
        List<Node> items = new ArrayList<>();
        while (parser.nextToken() != JsonToken.END_ARRAY) {
            items.add(node(parser, path + "[" + items.size() + "]", depth + 1));
        }
        return new Sequence(path, items);
    }
}
