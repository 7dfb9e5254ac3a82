package holdfast.clients;

/// `Main jetcd|raw URL`: runs one transcript against an empty store and prints it.
public final class Main {
    private Main() {}

    public static void main(String[] arguments) throws Exception {
        Lines lines = new Lines(System.out);
        switch (arguments[0]) {
            case "jetcd" -> new JetcdTranscript(lines, arguments[1]).run();
            case "raw" -> new RawTranscript(lines, arguments[1]).run();
            default -> throw new IllegalArgumentException("jetcd or raw, not " + arguments[0]);
        }
        System.exit(0); // client libraries leave threads behind
    }
}
