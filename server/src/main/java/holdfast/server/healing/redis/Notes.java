package holdfast.server.healing.redis;

import java.io.IOException;
import java.nio.file.Path;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// What this member was set to be, kept. One thread.
final class Notes {
    private static final Logger LOG = LoggerFactory.getLogger(Notes.class);

    private final Path file;
    private Setting now;

    private Notes(Path file, Setting now) {
        this.file = file;
        this.now = now;
    }

    /// Files that nobody has a name for yet were here before us, and get one.
    static Notes open(Path file, DataFolder folder) throws IOException {
        Notes notes = new Notes(file, Setting.read(file));
        if (folder.identity() == 0 && folder.hasFiles()) {
            long systemId = DataFolder.freshIdentity();
            folder.identify(systemId);
            notes.keep(notes.now.anew(Setting.Data.adopted(systemId)));
        }
        return notes;
    }

    Setting now() {
        return now;
    }

    void keep(Setting next) {
        if (next.equals(now)) return;
        now = next;
        try {
            next.write(file);
        } catch (IOException failed) {
            LOG.warn("{} cannot be kept: {}", file, failed.getMessage());
        }
    }
}
