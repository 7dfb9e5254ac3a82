package holdfast.core.truth;

import holdfast.core.base.Bytes;
import holdfast.core.base.Check;
import holdfast.core.base.KeyRange;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// The replicated rules of etcd's keyspace: one entry of the log in, replies and events out, everything that it
/// changes in one write set. Holds no state of its own: all of it lies on the [Shelf], so a restored shelf
/// needs no new keyspace, and reads may run on any thread over a [ShelfView].
public final class Keyspace {
    private static final Reply NOTHING_READ = new Reply.Page(List.of(), 0, false);

    private final PowersMemo memo = new PowersMemo(); // a keyspace serves one log, so a revision names one state

    /// Applies one log entry. Its data, leases, revision, log clock, term and applied index become visible
    /// together.
    ///
    /// @param index from 1, rising; at or below the applied one the entry is skipped and the answer has no
    /// replies
    /// @param term the entry's term; never falls. A [Command.LeaseExpire] of an earlier term does nothing
    public Applied apply(long index, long term, Batch batch, Shelf shelf) {
        Tip tip = Tip.of(shelf);
        if (index <= tip.appliedIndex()) return new Applied(index, tip.revision(), List.of(), List.of());
        Check.invariant(term >= tip.appliedTerm(), "term fell from %d to %d", tip.appliedTerm(), term);
        Draft draft = new Draft(shelf);
        Turn turn = new Turn(draft, tip, index, term, new Judge(draft, memo));
        for (Command command : batch.commands()) turn.run(command);
        long logMillis = Math.max(tip.logMillis(), batch.leaderMillis());
        Tip next = new Tip(index, term, logMillis, turn.revision(), turn.compactRevision());
        draft.put(Tables.TIP, next.encode());
        Stock stock = turn.changedStock();
        if (stock != null) draft.put(Tables.STOCK, stock.encode());
        Shelf.WriteSet set = shelf.newWriteSet();
        draft.into(set);
        shelf.write(set);
        return new Applied(index, next.revision(), turn.answers(), turn.events());
    }

    /// Judges by the users and roles of `view`.
    public Judge judge(ShelfView view) {
        return new Judge(view, memo);
    }

    /// What `caller` may know about users and roles: [Reply.OfAuth] or [Reply.Refused].
    public Reply auth(Caller caller, AuthQuery query, ShelfView view) {
        return judge(view).answer(caller, query);
    }

    /// What a password is checked by.
    ///
    /// @param exists whether there is such a user; `passwordless` and `passwordHash` are his
    public record Account(boolean enabled, long revision, boolean exists, boolean passwordless, Bytes passwordHash) {}

    public Account account(Bytes name, ShelfView view) {
        AuthRows.State state = AuthRows.state(view);
        AuthRows.User user = AuthRows.user(view, name);
        return user == null
                ? new Account(state.enabled(), state.revision(), false, false, Bytes.EMPTY)
                : new Account(state.enabled(), state.revision(), true, user.passwordless(), user.passwordHash());
    }

    /// Where the state of `view` stands; [Tip#FRESH] when nothing was ever applied.
    public Tip tip(ShelfView view) {
        return Tip.of(view);
    }

    /// How much `view` holds and which alarms stand.
    public Stock stock(ShelfView view) {
        return Stock.of(view);
    }

    /// @return [Reply.Page], or [Reply.Refused] with `REVISION_COMPACTED` or `REVISION_IN_FUTURE`
    public Reply range(Command.Range range, ShelfView view) {
        Reader reader = new Reader(view, range.atRevision() <= 0 ? Tip.NEWEST : Tip.of(view));
        Refusal refused = reader.refusal(range.atRevision());
        return refused == null ? reader.page(range) : new Reply.Refused(refused);
    }

    /// The same, while its pairs take at most `bytesMax`; null when they take more. Then a [PageWalk] reads them.
    public @Nullable Reply range(Command.Range range, ShelfView view, long bytesMax) {
        Reader reader = new Reader(view, range.atRevision() <= 0 ? Tip.NEWEST : Tip.of(view));
        Refusal refused = reader.refusal(range.atRevision());
        return refused == null ? reader.page(range, bytesMax) : new Reply.Refused(refused);
    }

    /// A transaction for which [#isReadOnly] holds.
    ///
    /// @return [Reply.Txned] or [Reply.Refused], with `TOO_LARGE` when its answer would be larger than that of a
    ///     transaction which writes may be
    public Reply read(Command.Txn txn, ShelfView view) {
        Reader reader = new Reader(view, Tip.of(view));
        TxnPath path = TxnPath.of(txn, reader);
        Refusal refused = path.rangeRefusal(reader);
        if (refused != null) return new Reply.Refused(refused);
        long[] left = {Turn.ENTRY_BYTES_MAX / Turn.ANSWER_TIMES};
        Reply reply = path.run(op -> {
            Check.invariant(op instanceof Command.Range, "a read-only transaction holds %s", op);
            Reply.Page page = left[0] < 0 ? null : reader.page((Command.Range) op, left[0]);
            if (page == null) left[0] = -1;
            else for (KeyValue pair : page.pairs()) left[0] -= Reader.bytesOf(pair);
            return page == null ? NOTHING_READ : page;
        });
        return left[0] < 0 ? new Reply.Refused(Refusal.TOO_LARGE) : reply;
    }

    /// Whether both branches hold ranges only, nested ones included: then [#read] serves it without the log.
    public static boolean isReadOnly(Command.Txn txn) {
        return areReadOnly(txn.success()) && areReadOnly(txn.failure());
    }

    private static boolean areReadOnly(List<Command.Op> ops) {
        for (Command.Op op : ops) {
            boolean readOnly = switch (op) {
                case Command.Range _ -> true;
                case Command.Txn inner -> isReadOnly(inner);
                case Command.Put _ -> false;
                case Command.DeleteRange _ -> false;
            };
            if (!readOnly) return false;
        }
        return true;
    }

    /// Revisions from one to another, both inclusive.
    public record Span(long fromRevision, long toRevision) {}

    /// Replays changes of `range`. Stops after the revision in which `maxEvents` or a MiB were reached, or when
    /// many rows that do not match were passed; look at `throughRevision`. A revision larger than that comes
    /// whole.
    ///
    /// @param wantsBefore whether events carry the pair before them, where that can still be read
    public History history(Span span, KeyRange range, int maxEvents, boolean wantsBefore, ShelfView view) {
        return Replay.of(span, range, maxEvents, wantsBefore, view);
    }

    /// All leases in id order.
    public List<Lease> leases(ShelfView view) {
        List<Lease> leases = new ArrayList<>();
        view.scan(Tables.ALL_LEASES, (id, row) -> leases.add(leaseOf(Tables.idOfLease(id), row)));
        return leases;
    }

    public @Nullable Lease lease(long id, ShelfView view) {
        Bytes row = view.get(Tables.lease(id));
        return row == null ? null : leaseOf(id, row);
    }

    private static Lease leaseOf(long id, Bytes row) {
        return new Lease(id, new Reel(row, 0).number());
    }

    /// Keys attached to a lease, in key order.
    public List<Bytes> attached(long leaseId, ShelfView view) {
        List<Bytes> keys = new ArrayList<>();
        view.scan(Tables.attached(leaseId), (row, _) -> keys.add(Tables.keyOfAttached(row)));
        return keys;
    }

    /// Records of our own `system` space, in key order, as [Command.SystemPut] wrote them.
    public SortedMap<Bytes, Bytes> system(KeyRange range, ShelfView view) {
        SortedMap<Bytes, Bytes> records = new TreeMap<>();
        if (range.isEmpty()) return records;
        view.scan(Tables.system(range), (key, value) -> {
            records.put(Tables.keyOfCurrent(key), value);
            return true;
        });
        return records;
    }

    /// Looks at up to `maxRows` changes below the compact revision and removes what nobody can read any more,
    /// in one write set. Each member does this when it likes, between batches, on the thread that applies: no
    /// reply depends on it.
    ///
    /// @return whether there is more to look at
    public boolean scrub(Shelf shelf, int maxRows) {
        return Scrub.step(shelf, maxRows);
    }

    /// What [#digest] found. Equal on all members at equal revision and compact revision.
    public sealed interface Digest {
        record Hash(long hash, long revision, long compactRevision) implements Digest {}

        record Refused(Refusal why) implements Digest {}
    }

    /// A hash over every readable version up to `revision` (0 means the newest). Does not depend on how far
    /// [#scrub] has come. Reads everything: run it on a reader thread.
    public Digest digest(ShelfView view, long revision) {
        return Digester.of(view, revision);
    }
}
