package holdfast.server.ledger.file;

import holdfast.core.base.Ratio;
import holdfast.core.base.Require.BadValue;
import holdfast.server.base.Nearest;
import holdfast.server.ledger.Lengths;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.RecordComponent;
import java.lang.reflect.Type;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// Reads a tree into the records of [Forms], strictly: what is not known is refused with the nearest name that
/// is.
final class FormReader {
    private static final Pattern PERCENT = Pattern.compile("(\\d{1,3})\\s*%");

    private FormReader() {}

    /// `dependsOn` as people write it: `depends-on`.
    static String key(String component) {
        return component.replaceAll("([A-Z])", "-$1").toLowerCase(Locale.ROOT);
    }

    /// @throws BadValue with one sentence: key, value, bound
    static <T> T read(Node node, Class<T> form) {
        Node.Mapping mapping = mapping(node);
        RecordComponent[] components = form.getRecordComponents();
        List<String> known =
                Arrays.stream(components).map(one -> key(one.getName())).toList();
        for (Map.Entry<String, Node> entry : mapping.entries().entrySet()) {
            if (!known.contains(entry.getKey())) throw unknown(entry.getValue(), entry.getKey(), known);
        }
        Object[] values = new Object[components.length];
        for (int index = 0; index < components.length; index++) {
            RecordComponent component = components[index];
            Node value = mapping.entries().get(key(component.getName()));
            Key about = component.getAnnotation(Key.class);
            if (value == null) {
                if (about != null && about.required()) throw missing(mapping, key(component.getName()), about);
                continue;
            }
            values[index] = value(value, component.getGenericType(), about);
        }
        return make(form, components, values);
    }

    private static BadValue unknown(Node value, String key, List<String> known) {
        @Nullable String nearest = Nearest.to(key, known);
        String hint = nearest == null ? "" : ", did you mean " + nearest + "?";
        return new BadValue(value.path() + " is not a key" + hint + "; it must be one of " + String.join(", ", known));
    }

    private static BadValue missing(Node.Mapping mapping, String key, Key about) {
        String path = mapping.path().isEmpty() ? key : mapping.path() + "." + key;
        return new BadValue(path + " is left out; it must be given: " + about.says());
    }

    private static <T> T make(Class<T> form, RecordComponent[] components, @Nullable Object[] values) {
        Class<?>[] types =
                Arrays.stream(components).map(RecordComponent::getType).toArray(Class<?>[]::new);
        try {
            return form.getDeclaredConstructor(types).newInstance(values);
        } catch (ReflectiveOperationException bug) {
            throw new IllegalStateException("a form is a plain record: " + form, bug);
        }
    }

    private static Object value(Node node, Type type, @Nullable Key about) {
        if (type instanceof ParameterizedType generic) {
            Type[] arguments = generic.getActualTypeArguments();
            return generic.getRawType() == List.class ? list(node, arguments[0], about) : map(node, arguments[1]);
        }
        Class<?> plain = (Class<?>) type;
        if (plain.isRecord() && plain != Ratio.class) return read(node, plain);
        String text = scalar(node, plain);
        if (plain == Integer.class) return integer(node, text);
        if (plain == Boolean.class) return yesOrNo(node, text);
        if (plain == Duration.class) {
            return Lengths.parse(text).orElseThrow(() -> bad(node, text, "a time such as 500ms, 15s, 10min, 1h or 7d"));
        }
        if (plain == Ratio.class) return percent(node, text);
        if (about != null && about.words().length > 0 && !List.of(about.words()).contains(text)) {
            throw word(node, text, List.of(about.words()));
        }
        return text;
    }

    private static List<Object> list(Node node, Type item, @Nullable Key about) {
        if (!(node instanceof Node.Sequence sequence)) throw bad(node, say(node), "a list such as [a, b]");
        List<Object> values = new ArrayList<>();
        for (Node one : sequence.items()) values.add(value(one, item, about));
        return values;
    }

    private static Map<String, Object> map(Node node, Type item) {
        Map<String, Object> values = new LinkedHashMap<>();
        mapping(node).entries().forEach((key, one) -> values.put(key, value(one, item, null)));
        return values;
    }

    private static Node.Mapping mapping(Node node) {
        if (node instanceof Node.Mapping mapping) return mapping;
        throw bad(node, say(node), "keys and values such as {a: b}");
    }

    private static String scalar(Node node, Class<?> wanted) {
        if (!(node instanceof Node.Scalar scalar)) {
            throw bad(node, say(node), wanted == Integer.class ? "a whole number" : "one value");
        }
        if (scalar.text().isEmpty()) throw bad(node, "empty", "given, or left out with its key");
        return scalar.text();
    }

    private static Integer integer(Node node, String text) {
        if (!text.matches("-?\\d{1,9}")) throw bad(node, text, "a whole number");
        return Integer.valueOf(text);
    }

    private static Boolean yesOrNo(Node node, String text) {
        if (!text.equals("true") && !text.equals("false")) throw bad(node, text, "true or false");
        return Boolean.valueOf(text);
    }

    private static Ratio percent(Node node, String text) {
        Matcher parts = PERCENT.matcher(text);
        if (!parts.matches() || Integer.parseInt(parts.group(1)) > 100) throw bad(node, text, "1% to 100%");
        return Ratio.percent(Integer.parseInt(parts.group(1)));
    }

    private static BadValue word(Node node, String text, List<String> words) {
        @Nullable String nearest = Nearest.to(text, words);
        String hint = nearest == null ? "" : ", did you mean " + nearest + "?";
        return new BadValue(node.path() + " is " + text + hint + "; it must be one of " + String.join(", ", words));
    }

    private static BadValue bad(Node node, String value, String bound) {
        return new BadValue(
                (node.path().isEmpty() ? "the file" : node.path()) + " is " + value + "; it must be " + bound);
    }

    private static String say(Node node) {
        return switch (node) {
            case Node.Mapping _ -> "keys and values";
            case Node.Sequence _ -> "a list";
            case Node.Scalar(String _, String text) -> text.isEmpty() ? "empty" : text;
        };
    }
}
