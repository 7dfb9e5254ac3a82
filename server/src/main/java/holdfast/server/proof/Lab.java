package holdfast.server.proof;

import holdfast.server.base.Ticker;
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/// A few hosts on one machine, the processes on them, and ways to hurt both. Everything that it makes is recorded first
/// (see [RunFolder]), so that [#close], or the next [#open] after a crash, removes all of it. One thread at a time, but
/// [#close] may come from any.
public final class Lab implements AutoCloseable {
    private final RunFolder run;
    private final Wiring wiring;
    private final Map<String, String> addressOfHost = new TreeMap<>();
    private boolean closed;

    private Lab(RunFolder run, Wiring wiring) {
        this.run = run;
        this.wiring = wiring;
    }

    /// One process that was started here.
    ///
    /// @param name unique among those alive, names its log
    record Proc(String name, String host, Pid pid) {}

    /// Removes what earlier runs left whose process is gone, then opens a lab, with namespaces where that is allowed.
    ///
    /// @param parent folder for the run's folder, usually that of the system for temporary files
    public static Lab open(Path parent, Ticker ticker) {
        RunFolder.abandoned(parent).forEach(RunFolder::clean);
        RunFolder run = RunFolder.create(parent, ticker.nanos() >> 10);
        return new Lab(run, Namespaces.areAllowed(run) ? Namespaces.open(run) : new Loopback());
    }

    /// The same without namespaces.
    static Lab openPlain(Path parent, Ticker ticker) {
        RunFolder.abandoned(parent).forEach(RunFolder::clean);
        return new Lab(RunFolder.create(parent, ticker.nanos() >> 10), new Loopback());
    }

    public String id() {
        return run.id();
    }

    /// Scratch space that goes away with the lab.
    public Path folder() {
        return run.path();
    }

    Path log(String name) {
        return run.log(name);
    }

    /// What cannot be shown on this machine, in words; empty when nothing is left out.
    public String leftOut() {
        return wiring.leftOut();
    }

    /// @return the address of the new host
    public synchronized String addHost(String host) {
        checkOpen();
        String address = wiring.addHost(host);
        addressOfHost.put(host, address);
        return address;
    }

    public String address(String host) {
        String address = addressOfHost.get(host);
        if (address == null) throw new IllegalArgumentException("no host " + host);
        return address;
    }

    /// What to type before a command to run it on `host`.
    List<String> enter(String host) {
        return wiring.enter(host);
    }

    /// Starts `command` on `host`; its output goes to the log named `name`.
    synchronized Proc start(String host, String name, List<String> command, Map<String, String> environment) {
        checkOpen();
        List<String> words = new ArrayList<>(wiring.enter(host));
        words.addAll(command);
        ProcessBuilder builder = new ProcessBuilder(words);
        builder.environment().putAll(environment);
        builder.environment().put(Processes.MARK, run.id() + "/" + host);
        builder.directory(run.path().toFile());
        builder.redirectInput(new File("/dev/null"));
        builder.redirectErrorStream(true);
        builder.redirectOutput(ProcessBuilder.Redirect.appendTo(run.log(name).toFile()));
        try {
            Process process = builder.start();
            // one that has ended already gets a start of 0, which fits nobody
            Pid pid = Pid.of(process.pid()).orElse(new Pid(process.pid(), 0));
            run.write("process", pid.toString());
            return new Proc(name, host, pid);
        } catch (IOException failed) {
            throw new UncheckedIOException("cannot start " + name, failed);
        }
    }

    /// The process on `host` whose command line has all of `words`; the youngest of several.
    Optional<Pid> find(String host, String... words) {
        return onHost(host).stream()
                .filter(found -> List.of(words).stream().allMatch(found.command()::contains))
                .map(Processes.Found::pid)
                .reduce((_, younger) -> younger);
    }

    /// All processes on `host`, whoever started them.
    List<Processes.Found> onHost(String host) {
        return Processes.marked(run.id() + "/" + host);
    }

    /// SIGKILL to everything on `host` at once, as if its power had failed.
    void killHost(String host) {
        onHost(host).forEach(found -> found.pid().signal("STOP")); // so that none sees another one die
        onHost(host).forEach(found -> found.pid().kill());
    }

    /// @return empty when done, else why it could not be done here
    String cut(String host, Wiring.Cut way) {
        return wiring.cut(host, way);
    }

    /// Nothing from `host` reaches `others`, which replaces what was asked for before; none heals.
    ///
    /// @return empty when done, else why it could not be done here
    String silence(String host, List<String> others) {
        return wiring.silence(host, others.stream().map(this::address).toList());
    }

    /// Makes a small disk of its own for `name`, an ext4 file system in a file, which goes away with the lab.
    ///
    /// @return where it is mounted, or why there is none
    LoopDisk addDisk(String name, long megabytes) {
        return LoopDisk.make(run, name, megabytes);
    }

    /// Undoes every cut of `host`.
    void heal(String host) {
        wiring.heal(host);
    }

    /// Kills and removes everything. A second call does nothing.
    ///
    /// @return what could not be removed, in words
    public synchronized List<String> clean() {
        if (closed) return List.of();
        closed = true;
        return run.clean();
    }

    @Override
    public void close() {
        clean();
    }

    private void checkOpen() {
        if (closed) throw new IllegalStateException("The lab is closed.");
    }
}
