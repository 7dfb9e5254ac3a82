package holdfast.server.truth.raft;

import java.io.IOException;

/// Something that was safely on disk is not as it was written. Never mended by cutting: a member that forgets
/// what it acknowledged can lose writes for the whole cluster. The cure is to start this member with `--repair`.
final class DamagedLog extends IOException {
    private static final long serialVersionUID = 1;

    DamagedLog(String file, long offset, String what) {
        super("Log file " + file + " is damaged at byte " + offset + ": " + what
                + ". Nothing was cut. Start this member with --repair: it then gets everything anew from the others.");
    }
}
