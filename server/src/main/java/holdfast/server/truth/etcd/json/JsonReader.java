package holdfast.server.truth.etcd.json;

import com.google.protobuf.ByteString;
import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Descriptors.OneofDescriptor;
import com.google.protobuf.Message;
import holdfast.server.truth.etcd.json.JsonText.Token;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.Base64;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// Turns one JSON value into a protobuf message (the proto3 JSON mapping): both forms of names, unknown fields and
/// unknown names of enums passed over, numbers also as strings. What does not fit is refused in the words of Go's
/// `protojson`.
public final class JsonReader {
    private static final Pattern NUMBER = Pattern.compile("-?(0|[1-9][0-9]*)(\\.[0-9]+)?([eE][-+]?[0-9]+)?");
    private static final BigInteger UINT64_MAX = BigInteger.TWO.pow(64).subtract(BigInteger.ONE);

    /// Fields by both forms of their names, for each message.
    private static final Map<String, Map<String, FieldDescriptor>> FIELDS = new ConcurrentHashMap<>();

    private final JsonText text;

    private JsonReader(String json) {
        text = new JsonText(json);
    }

    /// @param json one well-formed value, from a [JsonFlow]
    /// @param empty of the message's kind
    public static Message read(String json, Message empty) throws BadJson {
        Message.Builder built = empty.newBuilderForType();
        new JsonReader(json).message(built);
        return built.build();
    }

    private void message(Message.Builder built) throws BadJson {
        Token open = text.read();
        if (open.kind() != '{') throw unexpected(open);
        Map<String, FieldDescriptor> fields = fields(built);
        Set<FieldDescriptor> seen = new HashSet<>();
        Set<OneofDescriptor> oneofs = new HashSet<>();
        for (Token name = text.read(); name.kind() != '}'; name = text.read()) {
            FieldDescriptor field = fields.get(name.said());
            if (field == null) {
                text.skip();
                continue;
            }
            if (!seen.add(field)) throw bad(name, "duplicate field " + name.raw());
            if (text.peek().kind() == 'n') {
                text.skip();
                continue;
            }
            OneofDescriptor oneof = field.getContainingOneof();
            if (oneof != null && !oneofs.add(oneof)) {
                throw bad(name, "error parsing " + name.raw() + ", oneof " + oneof.getFullName() + " is already set");
            }
            field(built, field);
        }
    }

    private void field(Message.Builder built, FieldDescriptor field) throws BadJson {
        if (!field.isRepeated()) {
            Object value = value(built, field);
            if (value != null) built.setField(field, value);
            return;
        }
        Token open = text.read();
        if (open.kind() != '[') throw unexpected(open);
        while (text.peek().kind() != ']') {
            Object value = value(built, field);
            if (value != null) built.addRepeatedField(field, value);
        }
        text.read();
    }

    /// Null where an enum's name is unknown.
    private @Nullable Object value(Message.Builder built, FieldDescriptor field) throws BadJson {
        if (field.getJavaType() == FieldDescriptor.JavaType.MESSAGE) {
            Message.Builder inner = built.newBuilderForField(field);
            message(inner);
            return inner.build();
        }
        Token token = text.read();
        if (field.getType() == FieldDescriptor.Type.ENUM && token.kind() == Token.STRING) {
            return field.getEnumType().findValueByName(token.said());
        }
        Object value = switch (field.getType()) {
            case BOOL -> token.kind() == 't' || token.kind() == 'f' ? (Object) (token.kind() == 't') : null;
            case STRING -> token.kind() == Token.STRING ? token.said() : null;
            case BYTES -> token.kind() == Token.STRING ? bytes(token.said()) : null;
            case ENUM -> {
                BigInteger number = whole(token, 31, true);
                yield number == null ? null : field.getEnumType().findValueByNumberCreatingIfUnknown(number.intValue());
            }
            case INT32, SINT32, SFIXED32 -> number(whole(token, 31, true), true);
            case UINT32, FIXED32 -> number(whole(token, 32, false), true);
            case INT64, SINT64, SFIXED64 -> number(whole(token, 63, true), false);
            case UINT64, FIXED64 -> number(whole(token, 64, false), false);
            case FLOAT, DOUBLE, GROUP, MESSAGE ->
                throw new IllegalStateException("no message of etcd has such a field: " + field);
        };
        if (value != null) return value;
        String kind = field.getType().name().toLowerCase(Locale.ROOT);
        throw bad(token, "invalid value for " + kind + " field " + field.getJsonName() + ": " + token.raw());
    }

    private static @Nullable Object number(@Nullable BigInteger whole, boolean narrow) {
        if (whole == null) return null;
        return narrow ? (Object) whole.intValue() : (Object) whole.longValue();
    }

    /// A whole number, as a number or as a string of one, within `bits`; else null.
    private static @Nullable BigInteger whole(Token token, int bits, boolean signed) {
        String said = token.kind() == Token.STRING ? token.said() : token.raw();
        if (token.kind() != Token.NUMBER && token.kind() != Token.STRING) return null;
        if (said.length() > 100 || !NUMBER.matcher(said).matches()) return null;
        BigDecimal decimal = new BigDecimal(said);
        if (decimal.signum() == 0) return BigInteger.ZERO;
        if (decimal.precision() - (long) decimal.scale() > 20
                || decimal.stripTrailingZeros().scale() > 0) return null;
        BigInteger whole = decimal.toBigIntegerExact();
        if (!signed)
            return whole.signum() >= 0 && whole.compareTo(UINT64_MAX) <= 0 && whole.bitLength() <= bits ? whole : null;
        return whole.bitLength() <= bits ? whole : null;
    }

    /// Base64 of either alphabet, padded or not; else null.
    private static @Nullable ByteString bytes(String said) {
        boolean url = said.indexOf('-') >= 0 || said.indexOf('_') >= 0;
        String tight = said.replace("\r", "").replace("\n", "");
        if (said.length() % 4 != 0 && tight.indexOf('=') >= 0) return null;
        try {
            return ByteString.copyFrom((url ? Base64.getUrlDecoder() : Base64.getDecoder()).decode(tight));
        } catch (IllegalArgumentException _) {
            return null;
        }
    }

    private static Map<String, FieldDescriptor> fields(Message.Builder built) {
        return FIELDS.computeIfAbsent(built.getDescriptorForType().getFullName(), _ -> {
            Map<String, FieldDescriptor> names = new HashMap<>();
            for (FieldDescriptor field : built.getDescriptorForType().getFields()) {
                names.put(field.getName(), field);
                names.put(field.getJsonName(), field);
            }
            return names;
        });
    }

    private BadJson unexpected(Token token) {
        return new BadJson(
                "proto: syntax error (line " + text.place(token.at()) + "): unexpected token " + token.raw());
    }

    private BadJson bad(Token token, String what) {
        return new BadJson("proto: (line " + text.place(token.at()) + "): " + what);
    }
}
