package holdfast.server.truth.etcd.json;

import com.google.protobuf.ByteString;
import com.google.protobuf.Descriptors.EnumValueDescriptor;
import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.MessageOrBuilder;
import java.util.Base64;
import java.util.Collection;

/// Writes a protobuf message as JSON with the names of the .proto file, in its order, without what is unset or zero;
/// 64-bit numbers as strings, bytes as base64, enums by name.
public final class JsonWriter {
    private static final char[] HEX = "0123456789abcdef".toCharArray();

    private final StringBuilder out;
    private final boolean forHtml;

    private JsonWriter(StringBuilder out, boolean forHtml) {
        this.out = out;
        this.forHtml = forHtml;
    }

    /// @param forHtml also escapes what HTML could take for its own, as etcd's gateway does in streams
    public static void write(MessageOrBuilder message, StringBuilder out, boolean forHtml) {
        new JsonWriter(out, forHtml).message(message);
    }

    /// A status of gRPC, as errors are told; without details, which etcd never has.
    public static void writeStatus(int code, String message, StringBuilder out, boolean forHtml) {
        JsonWriter writer = new JsonWriter(out, forHtml);
        out.append('{');
        if (code != 0) out.append("\"code\":").append(code);
        if (!message.isEmpty()) {
            if (code != 0) out.append(',');
            out.append("\"message\":");
            writer.string(message);
        }
        out.append('}');
    }

    private void message(MessageOrBuilder message) {
        out.append('{');
        boolean first = true;
        for (FieldDescriptor field : message.getDescriptorForType().getFields()) {
            if (field.isRepeated() ? message.getRepeatedFieldCount(field) == 0 : !message.hasField(field)) continue;
            if (!first) out.append(',');
            first = false;
            out.append('"').append(field.getName()).append("\":");
            if (field.isRepeated()) list(field, (Collection<?>) message.getField(field));
            else value(field, message.getField(field));
        }
        out.append('}');
    }

    private void list(FieldDescriptor field, Collection<?> values) {
        out.append('[');
        boolean first = true;
        for (Object value : values) {
            if (!first) out.append(',');
            first = false;
            value(field, value);
        }
        out.append(']');
    }

    private void value(FieldDescriptor field, Object value) {
        switch (field.getType()) {
            case BOOL, INT32, SINT32, SFIXED32 -> out.append(value);
            case UINT32, FIXED32 -> out.append(Integer.toUnsignedString((Integer) value));
            case INT64, SINT64, SFIXED64 -> out.append('"').append(value).append('"');
            case UINT64, FIXED64 ->
                out.append('"').append(Long.toUnsignedString((Long) value)).append('"');
            case STRING -> string((String) value);
            case BYTES -> out.append('"').append(base64((ByteString) value)).append('"');
            case ENUM -> enumeration((EnumValueDescriptor) value);
            case MESSAGE -> message((MessageOrBuilder) value);
            case FLOAT, DOUBLE, GROUP ->
                throw new IllegalStateException("no message of etcd has such a field: " + field);
        }
    }

    private static String base64(ByteString bytes) {
        return Base64.getEncoder().encodeToString(bytes.toByteArray());
    }

    private void enumeration(EnumValueDescriptor value) {
        if (value.getIndex() < 0) out.append(value.getNumber()); // unknown to us
        else out.append('"').append(value.getName()).append('"');
    }

    private void string(String text) {
        out.append('"');
        for (int index = 0; index < text.length(); index++) {
            char c = text.charAt(index);
            switch (c) {
                case '"', '\\' -> out.append('\\').append(c);
                case '\b' -> out.append("\\b");
                case '\f' -> out.append("\\f");
                case '\n' -> out.append("\\n");
                case '\r' -> out.append("\\r");
                case '\t' -> out.append("\\t");
                default -> {
                    boolean html = forHtml && (c == '<' || c == '>' || c == '&' || c == '\u2028' || c == '\u2029');
                    if (c >= 0x20 && !html) out.append(c);
                    else
                        out.append("\\u")
                                .append(HEX[c >> 12])
                                .append(HEX[c >> 8 & 15])
                                .append(HEX[c >> 4 & 15])
                                .append(HEX[c & 15]);
                }
            }
        }
        out.append('"');
    }
}
