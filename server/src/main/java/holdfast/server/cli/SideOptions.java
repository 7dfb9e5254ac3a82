package holdfast.server.cli;

import holdfast.core.base.Require;
import holdfast.server.client.ClientTls;
import holdfast.server.client.Endpoint;
import holdfast.server.client.EtcdConfig;
import java.nio.file.Path;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.IModelTransformer;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;

/// The options of a command that talks to two stores: `--from`, `--to` and what each needs for TLS and its user.
final class SideOptions {
    static final String FROM = "from";
    static final String TO = "to";
    private static final Duration CALL_LIMIT = Duration.ofSeconds(20);

    private SideOptions() {}

    /// Adds them to a command.
    static final class Adder implements IModelTransformer {
        @Override
        public CommandSpec transform(CommandSpec command) {
            for (String side : new String[] {FROM, TO}) {
                String whose = side.equals(FROM) ? "the source" : "the target";
                add(
                        command,
                        "--" + side,
                        "URL,...",
                        "Members of " + whose + " (default: $$HOLDFAST_STORE, else " + StoreOption.STANDARD + ").");
                add(command, "--" + side + "-cacert", "FILE", "PEM: what the certificate of " + whose + " chains to.");
                add(command, "--" + side + "-cert", "FILE", "PEM: our certificate for " + whose + ".");
                add(command, "--" + side + "-key", "FILE", "PEM: its key (PKCS #8).");
                add(command, "--" + side + "-user", "NAME[:PASSWORD]", "Who asks " + whose + ".");
                add(command, "--" + side + "-password", "PASSWORD", "The password, when it is not behind the name.");
            }
            return command;
        }

        private static void add(CommandSpec command, String name, String label, String description) {
            command.addOption(OptionSpec.builder(name)
                    .type(String.class)
                    .paramLabel(label)
                    .description(description)
                    .build());
        }
    }

    /// @throws Require.BadValue when nothing says where it is, for what is no URL, or a certificate without its key
    static EtcdConfig of(CommandSpec spec, String side) {
        @Nullable String urls = value(spec, "--" + side);
        String named = urls != null ? urls : System.getenv().getOrDefault("HOLDFAST_STORE", StoreOption.STANDARD);
        ClientTls tls = new ClientTls(
                path(spec, "--" + side + "-cacert"),
                path(spec, "--" + side + "-cert"),
                path(spec, "--" + side + "-key"));
        return EtcdConfig.of(Endpoint.parseAll(named))
                .withCallLimit(CALL_LIMIT)
                .withTls(tls)
                .withLogin(login(value(spec, "--" + side + "-user"), value(spec, "--" + side + "-password")));
    }

    static EtcdConfig.@Nullable Login login(@Nullable String user, @Nullable String password) {
        if (user == null) return null;
        int colon = user.indexOf(':');
        if (password != null) return new EtcdConfig.Login(user, password);
        Require.that("user", user, colon > 0, "NAME:PASSWORD, or NAME with a password beside it");
        return new EtcdConfig.Login(user.substring(0, colon), user.substring(colon + 1));
    }

    static boolean has(CommandSpec spec, String side) {
        return value(spec, "--" + side) != null;
    }

    private static @Nullable Path path(CommandSpec spec, String option) {
        @Nullable String value = value(spec, option);
        return value == null ? null : Path.of(value);
    }

    private static @Nullable String value(CommandSpec spec, String option) {
        return spec.commandLine().getParseResult().matchedOptionValue(option, null);
    }
}
