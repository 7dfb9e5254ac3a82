package holdfast.server.healing.redis;

import holdfast.core.base.Bytes;
import holdfast.core.base.NodeId;
import holdfast.core.healing.recover.failover.Lsn;
import holdfast.core.healing.recover.failover.Rule;
import holdfast.server.base.SafeFile;
import holdfast.server.ledger.LedgerJson;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/// What this member was set to be, and what its server does not know of its own data; survives both, in `member.json`.
///
/// @param lease by which this member is in the store, 0 for none yet
record Setting(Source source, Told told, Data data, long lease) {
    static final Setting NONE = new Setting(new Source(null, "", 0, 0, 0), new Told(null, Lsn.ZERO), Data.NONE, 0);

    /// Whom it receives from.
    ///
    /// @param host null for nobody
    /// @param term for which it was set so
    /// @param pledged the term of which it receives nothing more, 0 for none
    record Source(@Nullable NodeId host, String address, int port, long term, long pledged) {}

    /// What writes wait for.
    ///
    /// @param rule null when it never was the primary
    /// @param at where the stream ended when everybody went by it; [#UNTOLD] while that is not known
    record Told(@Nullable Rule rule, Lsn at) {
        /// The largest position there is: no replica has everything before it.
        static final Lsn UNTOLD = new Lsn(-1);
    }

    /// What the data is.
    ///
    /// @param systemId of the cluster, 0 for none
    /// @param founding it was made for a cluster that the store did not know yet
    /// @param blank nothing was received yet: there need not be files
    /// @param standby a replica's
    /// @param timeline number of the term whose primary wrote it; the stream's name goes with it
    /// @param startedAt where that one began, of a primary
    /// @param runId of the server whose position is known to be that of its data, empty for none
    /// @param history name of the stream that it was on then
    /// @param orderly the server ended with everything on disk
    record Data(
            long systemId,
            boolean founding,
            boolean blank,
            boolean standby,
            int timeline,
            Lsn startedAt,
            String runId,
            String history,
            boolean orderly) {
        static final Data NONE = new Data(0, false, false, false, 0, Lsn.ZERO, "", "", false);

        static Data founding(long systemId) {
            return new Data(systemId, true, false, false, 0, Lsn.ZERO, "", "", true);
        }

        /// Found here: its owner's, from before.
        static Data adopted(long systemId) {
            return new Data(systemId, false, false, false, 1, Lsn.ZERO, "", "", true);
        }

        /// A replica that is to get everything.
        static Data blank(long systemId) {
            return new Data(systemId, false, true, true, 0, Lsn.ZERO, "", "", false);
        }

        Data founded() {
            return new Data(systemId, false, blank, standby, timeline, startedAt, runId, history, orderly);
        }

        Data asStandby() {
            return new Data(systemId, founding, blank, true, timeline, startedAt, runId, history, orderly);
        }

        /// Another run of the server: it does not know how far it is, and writes another history.
        Data starting() {
            return new Data(systemId, founding, blank, standby, timeline, Lsn.ZERO, "", "", false);
        }

        Data ended(boolean inOrder) {
            return new Data(systemId, founding, blank, standby, timeline, startedAt, runId, history, inOrder);
        }

        /// A replica's position is that of its data.
        Data receiving(int on, String run, String of) {
            return new Data(systemId, founding, false, true, on, Lsn.ZERO, run, of, false);
        }

        Data leading(int on, Lsn start, String run, String as) {
            return new Data(systemId, founding, false, false, on, start, run, as, false);
        }
    }

    static Setting read(Path file) throws IOException {
        if (!Files.exists(file)) return NONE;
        return LedgerJson.read(Bytes.wrap(Files.readAllBytes(file)), Setting.class)
                .orElse(NONE);
    }

    void write(Path file) throws IOException {
        SafeFile.write(file, LedgerJson.write(this).unsafeArray());
    }

    Setting following(NodeId host, String address, int port, long term) {
        return new Setting(new Source(host, address, port, term, 0), told, data.asStandby(), lease);
    }

    /// Receives from nobody.
    Setting pledging(long pledged) {
        return new Setting(new Source(null, "", 0, source.term(), pledged), told, data, lease);
    }

    Setting ruled(@Nullable Rule by, Lsn at) {
        return new Setting(source, new Told(by, at), data, lease);
    }

    Setting with(Data now) {
        return new Setting(source, told, now, lease);
    }

    Setting leased(long id) {
        return new Setting(source, told, data, id);
    }

    /// Other data: nothing is left but the lease.
    Setting anew(Data now) {
        return NONE.leased(lease).with(now);
    }
}
