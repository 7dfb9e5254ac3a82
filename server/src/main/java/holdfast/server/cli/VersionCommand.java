package holdfast.server.cli;

import java.io.PrintWriter;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.IVersionProvider;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/// `holdfast version`: which Holdfast, which etcd surface, which Java.
@Command(name = "version", description = "Prints the version.", mixinStandardHelpOptions = true)
final class VersionCommand implements Callable<Integer> {
    /// The etcd release whose API the store speaks.
    private static final String ETCD_API = "3.6";

    @Mixin
    private OutputOption output = new OutputOption();

    @Spec
    private CommandSpec spec = CommandSpec.create();

    @Override
    public Integer call() {
        PrintWriter out = spec.commandLine().getOut();
        Map<String, String> facts = new LinkedHashMap<>();
        facts.put("holdfast", own());
        facts.put("etcd-api", ETCD_API);
        facts.put("java", Runtime.version().toString());
        if (output.json()) OutputOption.printJson(out, facts);
        else facts.forEach((name, version) -> out.println(name + " " + version));
        return ExitCode.DONE;
    }

    static String own() {
        String version = Main.class.getPackage().getImplementationVersion();
        return version == null ? "unpackaged" : version;
    }

    static final class Provider implements IVersionProvider {
        @Override
        public String[] getVersion() {
            return new String[] {"holdfast " + own()};
        }
    }
}
