package holdfast.server.redundancy.postgres;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;

import io.vertx.core.buffer.Buffer;
import java.util.List;
import java.util.Map;

/// Writes messages of PostgreSQL's protocol 3 (PostgreSQL documentation, "Message Formats").
final class Messages {
    static final int PROTOCOL_3 = 3 << 16;
    static final int CANCEL = 80_877_102;
    static final int SSL = 80_877_103;
    static final int GSSENC = 80_877_104;

    static final int AUTH_OK = 0;
    static final int AUTH_MD5 = 5;
    static final int AUTH_SASL = 10;
    static final int AUTH_SASL_CONTINUE = 11;
    static final int AUTH_SASL_FINAL = 12;

    private static final int LENGTH_BYTES = 4;

    private Messages() {}

    /// A message of a type with a body.
    static Buffer message(char type, Buffer body) {
        return Buffer.buffer(1 + LENGTH_BYTES + body.length())
                .appendByte((byte) type)
                .appendInt(LENGTH_BYTES + body.length())
                .appendBuffer(body);
    }

    private static Buffer string(Buffer to, String text) {
        return to.appendBytes(text.getBytes(ISO_8859_1)).appendByte((byte) 0);
    }

    static Buffer fatal(String code, String sentence) {
        return error("FATAL", code, sentence, "");
    }

    /// @param hint may be empty
    static Buffer error(String severity, String code, String sentence, String hint) {
        Buffer body = Buffer.buffer();
        field(body, 'S', severity);
        field(body, 'V', severity);
        field(body, 'C', code);
        field(body, 'M', sentence);
        if (!hint.isEmpty()) field(body, 'H', hint);
        return message('E', body.appendByte((byte) 0));
    }

    private static void field(Buffer body, char name, String value) {
        body.appendByte((byte) name).appendBytes(value.getBytes(UTF_8)).appendByte((byte) 0);
    }

    static Buffer authentication(int kind, byte[] data) {
        return message('R', Buffer.buffer().appendInt(kind).appendBytes(data));
    }

    static Buffer parameterStatus(String name, String value) {
        return message('S', string(string(Buffer.buffer(), name), value));
    }

    static Buffer keyData(int process, int secret) {
        return message('K', Buffer.buffer().appendInt(process).appendInt(secret));
    }

    static Buffer ready() {
        return message('Z', Buffer.buffer().appendByte((byte) 'I'));
    }

    /// @param unknown options of the startup packet that are not known
    static Buffer negotiate(List<String> unknown) {
        Buffer body = Buffer.buffer().appendInt(PROTOCOL_3).appendInt(unknown.size());
        for (String option : unknown) string(body, option);
        return message('v', body);
    }

    static Buffer startup(Map<String, String> parameters) {
        Buffer body = Buffer.buffer();
        parameters.forEach((name, value) -> string(string(body, name), value));
        body.appendByte((byte) 0);
        return Buffer.buffer()
                .appendInt(2 * LENGTH_BYTES + body.length())
                .appendInt(PROTOCOL_3)
                .appendBuffer(body);
    }

    static Buffer cancel(int process, int secret) {
        return Buffer.buffer()
                .appendInt(4 * LENGTH_BYTES)
                .appendInt(CANCEL)
                .appendInt(process)
                .appendInt(secret);
    }

    static Buffer password(String text) {
        return message('p', string(Buffer.buffer(), text));
    }

    static Buffer saslInitial(String mechanism, String first) {
        byte[] bytes = first.getBytes(UTF_8);
        return message(
                'p', string(Buffer.buffer(), mechanism).appendInt(bytes.length).appendBytes(bytes));
    }

    static Buffer sasl(String response) {
        return message('p', Buffer.buffer(response.getBytes(UTF_8)));
    }

    static Buffer query(String text) {
        return message('Q', string(Buffer.buffer(), text));
    }

    static Buffer sync() {
        return message('S', Buffer.buffer());
    }

    static Buffer terminate() {
        return message('X', Buffer.buffer());
    }
}
