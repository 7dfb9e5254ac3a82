package holdfast.server.cli.etcd;

import holdfast.server.truth.etcd.EtcdConfig;
import java.io.PrintStream;
import java.util.Locale;

/// What the program says of itself.
final class EtcdHelp {
    static final String USAGE = """
            Usage:

              etcd [flags]          Starts one member: Holdfast under etcd's flags.
              etcd --version        Shows which etcd it equals, and which Holdfast it is.
              etcd -h | --help      Shows every flag and what it means here.
              etcd --config-file F  Takes everything from a file; other flags and the environment are ignored then.

            """;

    private EtcdHelp() {}

    static void printTo(PrintStream out) {
        for (EtcdFlag flag : EtcdFlags.ALL.values()) {
            if (flag.kind() == EtcdFlag.Kind.NONE) continue;
            out.println("  --" + flag.name() + " '" + flag.standard() + "'");
            switch (flag.meaning()) {
                case EtcdFlag.Meaning.Key(String key) -> out.println("    as --" + key + " of `holdfast server`");
                case EtcdFlag.Meaning.Woven _ -> out.println("    as etcd's");
                case EtcdFlag.Meaning.Nothing(String why) -> out.println("    changes nothing: " + why);
                case EtcdFlag.Meaning.Formerly(String today) -> out.println("    older name of --" + today);
            }
        }
        out.flush();
    }

    static void printVersion(PrintStream out, String version) {
        String machine = System.getProperty("os.arch", "").equals("aarch64") ? "arm64" : "amd64";
        String system =
                System.getProperty("os.name", "").toLowerCase(Locale.ROOT).replace("mac os x", "darwin");
        out.println("etcd Version: " + EtcdConfig.VERSION);
        out.println("Git SHA: Holdfast " + version);
        out.println("Go Version: none, Java " + Runtime.version());
        out.println("Go OS/Arch: " + system + "/" + machine);
        out.flush();
    }

    /// A refusal of our configuration, with the name that was given in place of the key that it became.
    static String inEtcdsNames(String sentence) {
        for (EtcdFlag flag : EtcdFlags.ALL.values()) {
            if (!(flag.meaning() instanceof EtcdFlag.Meaning.Key(String key))) continue;
            if (sentence.startsWith(key + " is ")) return "--" + flag.name() + sentence.substring(key.length());
        }
        return sentence;
    }
}
