package holdfast.server.truth.etcd.json;

/// The tokens of one JSON value that [JsonScanner] found well-formed: that is not checked again here.
final class JsonText {
    /// @param raw as it stands in the text
    record Token(char kind, int at, String raw) {
        static final char NUMBER = '0';
        static final char STRING = '"';

        /// What a string says.
        String said() {
            return unescape(raw);
        }
    }

    private final String text;
    private int next;

    JsonText(String text) {
        this.text = text;
    }

    Token peek() {
        int before = next;
        Token token = read();
        next = before;
        return token;
    }

    /// The next token; commas and colons, which the scanner has checked, are passed over. Its kind is `{ } [ ] " t f n`
    /// or 0 for a number.
    Token read() {
        char c = text.charAt(next);
        while (c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == ',' || c == ':') c = text.charAt(++next);
        int from = next;
        switch (c) {
            case '{', '}', '[', ']' -> next++;
            case '"' -> {
                next++;
                while (text.charAt(next) != '"') next += text.charAt(next) == '\\' ? 2 : 1;
                next++;
            }
            default -> {
                while (next < text.length() && " \t\r\n,:]}".indexOf(text.charAt(next)) < 0) next++;
                if (c == '-' || (c >= '0' && c <= '9')) c = Token.NUMBER;
            }
        }
        return new Token(c, from, text.substring(from, next));
    }

    /// Passes over one whole value.
    void skip() {
        int depth = 0;
        do {
            char kind = read().kind();
            if (kind == '{' || kind == '[') depth++;
            else if (kind == '}' || kind == ']') depth--;
        } while (depth > 0);
    }

    /// `line:column` of a place, both from 1, in characters.
    String place(int at) {
        int line = 1;
        int begin = 0;
        for (int newline = text.indexOf('\n');
                newline >= 0 && newline < at;
                newline = text.indexOf('\n', newline + 1)) {
            line++;
            begin = newline + 1;
        }
        return line + ":" + (text.codePointCount(begin, at) + 1);
    }

    private static String unescape(String raw) {
        if (raw.indexOf('\\') < 0) return raw.substring(1, raw.length() - 1);
        StringBuilder said = new StringBuilder(raw.length());
        for (int index = 1; index < raw.length() - 1; index++) {
            char c = raw.charAt(index);
            if (c != '\\') {
                said.append(c);
                continue;
            }
            c = raw.charAt(++index);
            switch (c) {
                case 'b' -> said.append('\b');
                case 'f' -> said.append('\f');
                case 'n' -> said.append('\n');
                case 'r' -> said.append('\r');
                case 't' -> said.append('\t');
                case 'u' -> {
                    said.append((char) Integer.parseInt(raw, index + 1, index + 5, 16));
                    index += 4;
                }
                default -> said.append(c);
            }
        }
        return said.toString();
    }
}
