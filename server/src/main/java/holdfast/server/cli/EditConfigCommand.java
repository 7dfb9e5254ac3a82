package holdfast.server.cli;

import holdfast.core.base.Reason;
import holdfast.core.base.Require;
import holdfast.core.base.Require.BadValue;
import holdfast.core.healing.fleet.Fleet;
import holdfast.server.client.Etcd;
import holdfast.server.ledger.LedgerStore;
import holdfast.server.ledger.LedgerStore.Applied;
import holdfast.server.ledger.file.ClusterSection;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/// `holdfast pg edit-config`: changes a cluster's part of the fleet as it was applied.
@Command(
        name = "edit-config",
        description = {
            "Changes a cluster's part of the applied fleet: in $VISUAL, $EDITOR or vi, or by the options below. Shows what "
                    + "changes, and asks.",
            "The fleet file from which it was applied is not changed: who applies it again takes this back, and is shown so."
        },
        mixinStandardHelpOptions = true,
        footer = Applying.STATUSES)
final class EditConfigCommand extends ClusterCommands.OfService {
    @Mixin
    private Applying applying = new Applying();

    @Option(
            names = {"-s", "--set"},
            paramLabel = "KEY=VALUE",
            description = "Sets a key as the fleet file writes it, such as postgresql.strict=true; null takes it away.")
    private Map<String, String> sets = new LinkedHashMap<>();

    @Option(
            names = {"-p", "--parameter"},
            paramLabel = "NAME=VALUE",
            description = "Sets one of the server's own parameters; null takes it away.")
    private Map<String, String> parameters = new LinkedHashMap<>();

    @Option(names = "--replace", paramLabel = "FILE", description = "Takes all of it from a file; - is standard input.")
    private String replace = "";

    @Override
    int use(Etcd etcd) {
        LedgerStore ledger = new LedgerStore(etcd);
        return applying.from(ledger, former -> change(ledger, former));
    }

    private int change(LedgerStore ledger, Applied former) {
        Optional<Fleet> fleet = former.fleet();
        Optional<ClusterSection> section = fleet.flatMap(one -> ClusterSection.of(one, kind(), service()));
        if (fleet.isEmpty() || section.isEmpty()) return noCluster();
        Require.that(
                "replace",
                replace,
                replace.isEmpty() || (sets.isEmpty() && parameters.isEmpty()),
                "given without --set and --parameter");
        try {
            if (!sets.isEmpty() || !parameters.isEmpty()) {
                return applying.apply(ledger, former, set(section.get()).in(fleet.get()));
            }
            if (!replace.isEmpty()) {
                return applying.apply(
                        ledger, former, section.get().replaced(given()).in(fleet.get()));
            }
            return edit(ledger, former, fleet.get(), section.get());
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
    }

    private ClusterSection set(ClusterSection section) {
        ClusterSection changed = section;
        for (Map.Entry<String, String> one : sets.entrySet()) changed = changed.set(one.getKey(), one.getValue());
        for (Map.Entry<String, String> one : parameters.entrySet()) {
            changed = changed.set(kind().key() + ".parameters." + one.getKey(), one.getValue());
        }
        return changed;
    }

    private String given() throws IOException {
        if (!replace.equals("-")) {
            Path file = Path.of(replace);
            Require.that("replace", file, Files.isRegularFile(file), "a file that exists");
            return Files.readString(file);
        }
        try (InputStream in = System.in) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    /// What was written is kept in its file unless it was applied: nobody types it twice.
    private int edit(LedgerStore ledger, Applied former, Fleet fleet, ClusterSection section) throws IOException {
        Path file = Files.createTempFile("holdfast-" + service() + "-", ".yaml");
        Files.writeString(
                file,
                "# services.%s of fleet %s as it is applied. A key that is left out has its default.%n%s"
                        .formatted(service(), fleet.name(), section.yaml()));
        String editor = Stream.of("VISUAL", "EDITOR")
                .map(System::getenv)
                .filter(word -> word != null && !word.isBlank())
                .findFirst()
                .orElse("vi");
        if (!closed(editor, file)) {
            return ExitCode.refused(
                    new Reason(
                            "editor",
                            "The editor " + editor + " failed; nothing was applied. The text is in " + file + "."),
                    err());
        }
        int status;
        try {
            status = applying.apply(
                    ledger, former, section.replaced(Files.readString(file)).in(fleet));
        } catch (BadValue bad) {
            throw new BadValue(bad.getMessage() + " (what was written is kept in " + file + ")");
        }
        if (status == ExitCode.DONE) Files.delete(file);
        else err().println("What was written is kept in " + file + ".");
        err().flush();
        return status;
    }

    private static boolean closed(String editor, Path file) throws IOException {
        try {
            return new ProcessBuilder("/bin/sh", "-c", editor + " \"$1\"", "sh", file.toString())
                            .inheritIO()
                            .start()
                            .waitFor()
                    == 0;
        } catch (InterruptedException _) {
            return false;
        }
    }
}
