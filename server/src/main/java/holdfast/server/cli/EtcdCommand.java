package holdfast.server.cli;

import holdfast.server.cli.etcd.EtcdProgram;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Unmatched;

/// `holdfast etcd`: our server under etcd's flags. [Main] sends it past picocli, which does not read single dashes as
/// etcd does; this class is its place in the help.
@Command(
        name = "etcd",
        description = "Runs one member under etcd's own flags, environment and log lines; `holdfast etcd --help` lists"
                + " them.")
final class EtcdCommand implements Callable<Integer> {
    static final String NAME = "etcd";

    @Unmatched
    private List<String> arguments = new ArrayList<>();

    @Override
    public Integer call() throws InterruptedException {
        return run(arguments);
    }

    static int run(List<String> arguments) throws InterruptedException {
        return EtcdProgram.run(arguments, System.getenv(), VersionCommand.own());
    }
}
