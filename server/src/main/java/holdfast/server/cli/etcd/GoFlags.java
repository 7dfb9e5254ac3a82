package holdfast.server.cli.etcd;

import holdfast.core.base.Require.BadValue;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// Reads a command line as Go's flag package does: one or two dashes, `--flag=value` or `--flag value`, and a flag that
/// is a yes-or-no alone means yes. The first word that is no flag ends the flags.
final class GoFlags {
    sealed interface Parsed {
        /// @param values by flag name, in the order given
        /// @param rest what is no flag
        record Given(Map<String, String> values, List<String> rest) implements Parsed {}

        record WantsHelp() implements Parsed {}

        /// Wrong usage, in one line.
        record Wrong(String why) implements Parsed {}
    }

    private GoFlags() {}

    static Parsed parse(List<String> arguments) {
        Map<String, String> values = new LinkedHashMap<>();
        int next = 0;
        while (next < arguments.size()) {
            String word = arguments.get(next);
            if (word.length() < 2 || word.charAt(0) != '-') break;
            next++;
            if (word.equals("--")) break;
            String body = word.substring(word.startsWith("--") ? 2 : 1);
            if (body.isEmpty() || body.startsWith("-") || body.startsWith("=")) {
                return new Parsed.Wrong("bad flag syntax: " + word);
            }
            int equals = body.indexOf('=');
            String name = equals < 0 ? body : body.substring(0, equals);
            EtcdFlag flag = EtcdFlags.find(name);
            if (flag == null && (name.equals("help") || name.equals("h"))) return new Parsed.WantsHelp();
            if (flag == null) return new Parsed.Wrong("flag provided but not defined: -" + name);
            String value;
            if (equals >= 0) {
                value = body.substring(equals + 1);
            } else if (isSwitch(flag)) {
                value = "true";
            } else if (next < arguments.size()) {
                value = arguments.get(next++);
            } else {
                return new Parsed.Wrong("flag needs an argument: -" + name);
            }
            try {
                GoValue.check(flag.kind(), value);
            } catch (BadValue bad) {
                return new Parsed.Wrong(refusal(flag, value, bad));
            }
            values.put(name, value);
        }
        return new Parsed.Given(values, List.copyOf(arguments.subList(next, arguments.size())));
    }

    private static boolean isSwitch(EtcdFlag flag) {
        return flag.kind() == EtcdFlag.Kind.YES_NO || flag.kind() == EtcdFlag.Kind.NONE;
    }

    private static String refusal(EtcdFlag flag, String value, BadValue bad) {
        String kind = flag.kind() == EtcdFlag.Kind.YES_NO ? "boolean value" : "value";
        String joint = flag.kind() == EtcdFlag.Kind.YES_NO ? " for -" : " for flag -";
        return "invalid " + kind + " \"" + value + "\"" + joint + flag.name() + ": " + bad.getMessage();
    }
}
