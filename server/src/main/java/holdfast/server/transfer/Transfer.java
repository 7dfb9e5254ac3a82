package holdfast.server.transfer;

import holdfast.core.base.Bytes;
import holdfast.core.base.KeyRange;
import holdfast.core.base.Reason;
import holdfast.server.client.Answer;
import holdfast.server.client.Etcd;
import holdfast.server.client.Pair;
import holdfast.server.client.Txn;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.LongConsumer;

/// Brings every key of one store to another as it stood at one revision of the source, with value and lease, and
/// compares afterwards what both hold. Memory holds one page.
public final class Transfer {
    private static final long TXN_BYTES_MAX = 1 << 20; // under etcd's limit of a request, 1.5 MiB
    private static final List<String> SKIPPED = List.of(
            "history: only the newest version of each key was brought",
            "versions and revisions: keys count anew in the target",
            "users, roles and members: they belong to each cluster");

    private final Etcd source;
    private final Etcd target;
    private final KeyRange range;
    private final boolean intoFilled;
    private final LongConsumer progress;
    private long keys;
    private long bytes;
    private long leasesOver;

    /// @param intoFilled whether the target may hold keys; those of the same name are overwritten, others stay
    /// @param progress told how many keys are brought, page by page
    public Transfer(Etcd source, Etcd target, KeyRange range, boolean intoFilled, LongConsumer progress) {
        this.source = source;
        this.target = target;
        this.range = range;
        this.intoFilled = intoFilled;
        this.progress = progress;
    }

    /// Refused with `target-filled` when the target holds keys, with `out-of-range` when the source was compacted
    /// meanwhile. May have brought a part then; to run it again does no harm.
    public Answer<Report> run() {
        return target.count(KeyRange.ALL).then(there -> {
            if (there.keys() == 0 || intoFilled) return bring();
            return new Answer.Refused<>(new Reason(
                    "target-filled",
                    "The target holds " + there.keys()
                            + " keys already; say --into-filled to overwrite and keep them."));
        });
    }

    private Answer<Report> bring() {
        try (LeaseKeeper leases = new LeaseKeeper(source, target, intoFilled)) {
            Pages pages = new Pages(source, range, 0);
            while (true) {
                switch (pages.next().then(page -> put(page, leases).map(_ -> page.isEmpty()))) {
                    case Answer.Done<Boolean>(Boolean over) -> {
                        progress.accept(keys);
                        if (over) return compare(pages.revision(), leases);
                    }
                    case Answer.Refused<Boolean>(Reason why) -> {
                        return new Answer.Refused<>(why);
                    }
                    case Answer.Unknown<Boolean>(Reason why) -> {
                        return new Answer.Unknown<>(why);
                    }
                }
            }
        }
    }

    private Answer<Long> put(List<Pair> page, LeaseKeeper leases) {
        Txn txn = new Txn();
        long txnBytes = 0;
        for (Pair pair : page) {
            long size = Pages.bytes(pair);
            if (txnBytes > 0 && txnBytes + size > TXN_BYTES_MAX) {
                Answer<Etcd.Committed> written = target.commitAgain(txn);
                if (!(written instanceof Answer.Done<Etcd.Committed>)) return written.map(Etcd.Committed::revision);
                txn = new Txn();
                txnBytes = 0;
            }
            if (pair.lease() != 0) {
                Answer<Boolean> lives = leases.bring(pair.lease());
                if (!(lives instanceof Answer.Done<Boolean>(Boolean is))) return lives.map(_ -> 0L);
                if (!is) {
                    leasesOver++;
                    continue;
                }
            }
            txn.put(pair.key(), pair.value(), pair.lease());
            txnBytes += size;
            keys++;
            bytes += size;
        }
        return txn.isEmpty() ? new Answer.Done<>(0L) : target.commitAgain(txn).map(Etcd.Committed::revision);
    }

    /// Reads both sides again, page by page of the source.
    private Answer<Report> compare(long revision, LeaseKeeper leases) {
        PairHash ofSource = new PairHash();
        PairHash ofTarget = new PairHash();
        Pages pages = new Pages(source, range, revision);
        while (true) {
            switch (pages.next().then(page -> compare(page, leases, ofSource, ofTarget))) {
                case Answer.Done<Boolean>(Boolean over) -> {
                    if (!over) continue;
                    return new Answer.Done<>(new Report(
                            revision,
                            keys,
                            bytes,
                            leases.count(),
                            leasesOver,
                            ofSource.value(),
                            ofTarget.value(),
                            SKIPPED));
                }
                case Answer.Refused<Boolean>(Reason why) -> {
                    return new Answer.Refused<>(why);
                }
                case Answer.Unknown<Boolean>(Reason why) -> {
                    return new Answer.Unknown<>(why);
                }
            }
        }
    }

    private Answer<Boolean> compare(List<Pair> page, LeaseKeeper leases, PairHash ofSource, PairHash ofTarget) {
        if (page.isEmpty()) return new Answer.Done<>(true);
        List<Pair> wanted = new ArrayList<>();
        for (Pair pair : page) {
            if (pair.lease() == 0) {
                wanted.add(pair);
                continue;
            }
            Answer<Boolean> lives = leases.bring(pair.lease());
            if (!(lives instanceof Answer.Done<Boolean>(Boolean is))) return lives.map(_ -> false);
            if (is) wanted.add(pair);
        }
        KeyRange span = new KeyRange(page.getFirst().key(), page.getLast().key().next());
        return found(span).map(found -> {
            for (Pair pair : wanted) {
                ofSource.add(pair);
                Pair there = found.get(pair.key());
                if (there != null) ofTarget.add(there);
            }
            return false;
        });
    }

    private Answer<Map<Bytes, Pair>> found(KeyRange span) {
        Map<Bytes, Pair> found = new TreeMap<>();
        Pages pages = new Pages(target, span, 0);
        while (true) {
            switch (pages.next()) {
                case Answer.Done<List<Pair>>(List<Pair> page) -> {
                    if (page.isEmpty()) return new Answer.Done<>(found);
                    for (Pair pair : page) found.put(pair.key(), pair);
                }
                case Answer.Refused<List<Pair>>(Reason why) -> {
                    return new Answer.Refused<>(why);
                }
                case Answer.Unknown<List<Pair>>(Reason why) -> {
                    return new Answer.Unknown<>(why);
                }
            }
        }
    }
}
