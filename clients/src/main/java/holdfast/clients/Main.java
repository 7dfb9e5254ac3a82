package holdfast.clients;

/// `Main jetcd|raw|auth-simple|auth-jwt URL`: runs one transcript against an empty store and prints it.
public final class Main {
    private Main() {}

    public static void main(String[] arguments) throws Exception {
        Lines lines = new Lines(System.out);
        switch (arguments[0]) {
            case "jetcd" -> new JetcdTranscript(lines, arguments[1]).run();
            case "raw" -> new RawTranscript(lines, arguments[1]).run();
            case "auth-simple", "auth-jwt" -> new RawAuth(lines, arguments[1], arguments[0].endsWith("jwt")).run();
            default -> throw new IllegalArgumentException("jetcd, raw, auth-simple or auth-jwt, not " + arguments[0]);
        }
        System.exit(0); // client libraries leave threads behind
    }
}
