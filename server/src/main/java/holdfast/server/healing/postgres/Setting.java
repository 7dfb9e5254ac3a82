package holdfast.server.healing.postgres;

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
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// What this member was set to be; survives a restart of the agent, in `member.json`.
///
/// @param follows whom it receives from, null for nobody
/// @param followsAddress `HOST` of that one's server
/// @param term for which it was set so
/// @param pledged the term of which it receives nothing more, 0 for none
/// @param rule that commits wait for, null when it never was the primary
/// @param appliedAt where the log ended when that took effect; [#UNTOLD] while that is not known
/// @param timeline the last one seen
/// @param lease by which this member is in the store, 0 for none yet
/// @param rewound how often it was rewound since it last received
record Setting(
        @Nullable NodeId follows,
        String followsAddress,
        int followsPort,
        long term,
        long pledged,
        @Nullable Rule rule,
        Lsn appliedAt,
        int timeline,
        int rewound,
        long lease) {
    private static final Logger LOG = LoggerFactory.getLogger(Setting.class);

    /// The largest position there is: no standby has everything before it.
    static final Lsn UNTOLD = new Lsn(-1);

    static final Setting NONE = new Setting(null, "", 0, 0, 0, null, Lsn.ZERO, 0, 0, 0);

    static Setting read(Path file) throws IOException {
        if (!Files.exists(file)) return NONE;
        return LedgerJson.read(Bytes.wrap(Files.readAllBytes(file)), Setting.class)
                .orElse(NONE);
    }

    void write(Path file) {
        try {
            SafeFile.write(file, LedgerJson.write(this).unsafeArray());
        } catch (IOException failed) {
            LOG.warn("What this member is set to be cannot be kept in {}: {}", file, failed.getMessage());
        }
    }

    /// The rule that the server is known to go by.
    @Nullable
    Rule told() {
        return appliedAt.equals(UNTOLD) ? null : rule;
    }

    Setting following(NodeId host, String address, int port, long of) {
        return new Setting(host, address, port, of, 0, rule, appliedAt, timeline, rewound, lease);
    }

    Setting pledging(long to) {
        return new Setting(null, "", 0, term, to, rule, appliedAt, timeline, rewound, lease);
    }

    Setting ruled(@Nullable Rule by, Lsn at) {
        return new Setting(follows, followsAddress, followsPort, term, pledged, by, at, timeline, rewound, lease);
    }

    Setting on(int seen) {
        return new Setting(follows, followsAddress, followsPort, term, pledged, rule, appliedAt, seen, rewound, lease);
    }

    Setting rewound(int times) {
        return new Setting(
                follows, followsAddress, followsPort, term, pledged, rule, appliedAt, timeline, times, lease);
    }

    Setting leased(long id) {
        return new Setting(follows, followsAddress, followsPort, term, pledged, rule, appliedAt, timeline, rewound, id);
    }

    /// New data: nothing is left but the lease.
    Setting anew() {
        return NONE.leased(lease);
    }
}
