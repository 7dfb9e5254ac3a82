package holdfast.server.proof;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/// What one run has made outside itself, written down *before* it is made, so that whoever comes later can remove it:
/// `facts` holds one line each: `owner PID STARTED`, `process PID STARTED`, `namespace NAME`, `link NAME`, `mount
/// PATH`.
final class RunFolder {
    private static final String PREFIX = "holdfast-run-";
    private static final String FACTS = "facts";
    private static final int ID_TRIES_MAX = 100;
    private static final int ID_BITS = 0xffffff;

    private final Path folder;

    private RunFolder(Path folder) {
        this.folder = folder;
    }

    /// A new one under `parent`, owned by this process.
    static RunFolder create(Path parent, long seed) {
        for (int tries = 0; tries < ID_TRIES_MAX; tries++) {
            Path folder = parent.resolve(PREFIX + "%06x".formatted((seed + tries) & ID_BITS));
            if (Files.exists(folder)) continue; // somebody else's
            try {
                RunFolder made = new RunFolder(Files.createDirectory(folder));
                Pid.of(ProcessHandle.current().pid()).ifPresent(owner -> made.write("owner", owner.toString()));
                Files.createDirectory(made.folder.resolve("logs"));
                return made;
            } catch (IOException failed) {
                throw new UncheckedIOException("no run folder under " + parent, failed);
            }
        }
        throw new IllegalStateException(ID_TRIES_MAX + " run folders in a row are taken under " + parent);
    }

    /// Those whose owner is gone.
    static List<RunFolder> abandoned(Path parent) {
        List<RunFolder> found = new ArrayList<>();
        try (Stream<Path> folders = Files.list(parent)) {
            folders.filter(folder -> folder.getFileName().toString().startsWith(PREFIX))
                    .map(RunFolder::new)
                    .filter(run -> run.facts("owner").stream()
                            .flatMap(line -> Pid.parse(line).stream())
                            .noneMatch(Pid::isAlive))
                    .forEach(found::add);
        } catch (IOException failed) {
            throw new UncheckedIOException("cannot list " + parent, failed);
        }
        return found;
    }

    /// Six hexadecimal digits.
    String id() {
        return folder.getFileName().toString().substring(PREFIX.length());
    }

    Path path() {
        return folder;
    }

    Path log(String name) {
        return folder.resolve("logs").resolve(name + ".log");
    }

    synchronized void write(String kind, String value) {
        try {
            Files.writeString(
                    folder.resolve(FACTS),
                    kind + " " + value + "\n",
                    StandardOpenOption.CREATE,
                    StandardOpenOption.APPEND);
        } catch (IOException failed) {
            throw new UncheckedIOException("cannot record " + kind + " " + value, failed);
        }
    }

    /// In the order in which they were written; empty when there are none.
    List<String> facts(String kind) {
        try {
            return Files.readAllLines(folder.resolve(FACTS)).stream()
                    .filter(line -> line.startsWith(kind + " "))
                    .map(line -> line.substring(kind.length() + 1))
                    .toList();
        } catch (IOException _) {
            return List.of();
        }
    }

    /// Removes all that the facts name, and the folder last: what is interrupted is done again by the next run.
    ///
    /// @return what could not be removed, in words; empty when nothing is left
    List<String> clean() {
        List<String> left = new ArrayList<>(killAll());
        for (String mount : facts("mount").reversed()) {
            if (Shell.run("mountpoint", "-q", mount).isDone()) Shell.run("umount", "-l", mount);
        }
        for (String link : facts("link")) Shell.run("ip", "link", "del", link);
        for (String namespace : facts("namespace")) {
            if (!Files.exists(Path.of("/run/netns", namespace))) continue;
            Shell.Ran removed = Shell.run("ip", "netns", "del", namespace);
            if (!removed.isDone()) left.add("namespace " + namespace + ": " + removed.output());
        }
        if (left.isEmpty()) deleteTree(left);
        return left;
    }

    private List<String> killAll() {
        String mark = id() + "/";
        for (int tries = 0; tries < ID_TRIES_MAX; tries++) { // a supervisor may start one more until it is dead itself
            List<Pid> alive = alive(mark);
            if (alive.isEmpty()) return List.of();
            alive.forEach(Pid::kill);
            Pause.millis(20);
        }
        return alive(mark).stream().map(pid -> "process " + pid).toList();
    }

    private List<Pid> alive(String mark) {
        Stream<Pid> recorded = facts("process").stream().flatMap(line -> Pid.parse(line).stream());
        Stream<Pid> marked = Processes.marked(mark).stream().map(Processes.Found::pid);
        return Stream.concat(recorded, marked).filter(Pid::isAlive).distinct().toList();
    }

    private void deleteTree(List<String> left) {
        try (Stream<Path> tree = Files.walk(folder)) {
            for (Path path : tree.sorted(Comparator.reverseOrder()).toList()) Files.deleteIfExists(path);
        } catch (IOException | UncheckedIOException failed) {
            left.add("folder " + folder + ": " + failed.getMessage());
        }
    }
}
