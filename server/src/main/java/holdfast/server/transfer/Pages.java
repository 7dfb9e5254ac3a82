package holdfast.server.transfer;

import holdfast.core.base.KeyRange;
import holdfast.server.client.Answer;
import holdfast.server.client.Etcd;
import holdfast.server.client.Pair;
import java.util.List;

/// Reads a range of one store at one revision, a page at a time; pages of large values are shorter.
final class Pages {
    static final int KEYS_MAX = 128; // one transaction of the target

    private static final long BYTES_WANTED = 1 << 20;

    private final Etcd store;
    private KeyRange left;
    private long revision;
    private int keys = 16;
    private boolean done;

    /// @param atRevision 0 for that of the first page
    Pages(Etcd store, KeyRange range, long atRevision) {
        this.store = store;
        this.left = range;
        this.revision = atRevision;
    }

    /// The next pairs; none at the end.
    Answer<List<Pair>> next() {
        if (done) return new Answer.Done<>(List.of());
        return store.page(left, revision, keys).map(page -> {
            revision = page.revision();
            done = !page.more() || page.pairs().isEmpty();
            long bytes = page.pairs().stream().mapToLong(Pages::bytes).sum();
            if (!page.pairs().isEmpty())
                left = new KeyRange(page.pairs().getLast().key().next(), left.end());
            if (bytes > BYTES_WANTED) keys = Math.max(1, keys / 2);
            else if (bytes < BYTES_WANTED / 4) keys = Math.min(KEYS_MAX, keys * 2);
            return page.pairs();
        });
    }

    /// The revision of all pages, once there was one.
    long revision() {
        return revision;
    }

    static long bytes(Pair pair) {
        return (long) pair.key().size() + pair.value().size();
    }
}
