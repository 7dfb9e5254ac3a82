package holdfast.server.truth.etcd.json;

/// What a client sent is no JSON, or not that of the message. The sentence is for the client.
public final class BadJson extends Exception {
    private static final long serialVersionUID = 1;

    BadJson(String sentence) {
        super(sentence, null, false, false);
    }

    public String sentence() {
        return String.valueOf(getMessage());
    }
}
