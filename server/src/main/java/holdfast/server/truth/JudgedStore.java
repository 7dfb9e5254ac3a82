package holdfast.server.truth;

import holdfast.core.base.Bytes;
import holdfast.core.base.Reason;
import holdfast.core.truth.AuthQuery;
import holdfast.core.truth.Caller;
import holdfast.core.truth.Command;
import holdfast.core.truth.Judge;
import holdfast.core.truth.Keyspace;
import holdfast.core.truth.Lease;
import holdfast.core.truth.Refusal;
import holdfast.core.truth.Reply;
import holdfast.core.truth.ShelfView;
import java.util.List;
import java.util.Objects;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/// The store as somebody sees it while users and roles are on. Each request finds out anew who he is; commands are
/// judged at their place in the log, reads by the very state that they read.
final class JudgedStore implements Store {
    /// @param callers finds out who asks
    record Parts(Keyspace keyspace, Reads reads, Ranges ranges, Leases leases, Callers callers, Logins logins) {}

    private final ReplicatedStore store;
    private final Parts parts;
    private final Credentials who;

    JudgedStore(ReplicatedStore store, Parts parts, Credentials who) {
        this.store = store;
        this.parts = parts;
        this.who = who;
    }

    @Override
    public Store as(Credentials other) {
        return new JudgedStore(store, parts, other);
    }

    @Override
    public boolean judges() {
        return store.judges();
    }

    private void resolve(Consumer<Answer> done, Consumer<Caller> found) {
        parts.callers().resolve(who, found, why -> done.accept(new Answer.Refused(why)));
    }

    @Override
    public void propose(Command command, Consumer<Answer> done) {
        resolve(done, caller -> store.propose(caller, command, done));
    }

    @Override
    public void range(Command.Range range, boolean linearizable, Consumer<Answer> done) {
        resolve(done, caller -> parts.ranges().whole(range, linearizable, lawful(caller, range), done));
    }

    @Override
    public void longRange(Command.Range range, boolean linearizable, Consumer<PageAnswer> done) {
        parts.callers()
                .resolve(
                        who,
                        caller -> parts.ranges().any(range, linearizable, lawful(caller, range), done),
                        why -> done.accept(new PageAnswer.Whole(new Answer.Refused(why))));
    }

    private Ranges.Lawful lawful(Caller caller, Command command) {
        return view -> parts.keyspace().judge(view).of(caller, command);
    }

    @Override
    public void read(Command.Txn txn, boolean linearizable, Consumer<Answer> done) {
        boolean small = Reading.isSmall(txn);
        resolve(
                done,
                caller -> read(
                        caller,
                        txn,
                        small,
                        linearizable,
                        done,
                        view -> parts.keyspace().read(txn, view)));
    }

    private void read(
            Caller caller,
            Command command,
            boolean small,
            boolean linearizable,
            Consumer<Answer> done,
            Function<ShelfView, Reply> read) {
        Function<ShelfView, Reply> judged = view -> {
            @Nullable Refusal refused = parts.keyspace().judge(view).of(caller, command);
            return refused == null ? read.apply(view) : new Reply.Refused(refused);
        };
        parts.reads().read(judged, small, linearizable, Reading.replyTo(done));
    }

    @Override
    public void admit(Right right, Consumer<Answer> done) {
        resolve(done, caller -> admit(caller, right, done));
    }

    private void admit(Caller caller, Right right, Consumer<Answer> done) {
        Function<ShelfView, Reply> judged = view -> {
            Judge judge = parts.keyspace().judge(view);
            @Nullable
            Refusal refused = switch (right) {
                case Right.Known _ -> judge.known(caller);
                case Right.Root _ -> judge.root(caller);
                case Right.Reads(var range) -> judge.reads(caller, range);
            };
            return refused == null ? new Reply.OfAuth.Changed() : new Reply.Refused(refused);
        };
        parts.reads().read(judged, true, false, Reading.replyTo(done));
    }

    @Override
    public void auth(AuthQuery query, Consumer<Answer> done) {
        resolve(
                done,
                caller -> parts.reads()
                        .read(view -> parts.keyspace().auth(caller, query, view), false, true, Reading.replyTo(done)));
    }

    @Override
    public void authenticate(String user, String password, Consumer<Answer> done) {
        parts.logins().login(user, password, done);
    }

    @Override
    public void hash(String password, Consumer<Hashing> done) {
        parts.logins().hash(password, done);
    }

    /// A refusal, or an answer of some kind.
    private record Judged<T>(
            @Nullable Refusal refused, @Nullable T answer) {}

    private interface Lawful {
        @Nullable
        Refusal refusal(Judge judge, Caller caller);
    }

    /// Looks at leases in a state that allows it.
    private <T> void look(Consumer<LeaseAnswer> done, Lawful lawful, Function<ShelfView, T> look, Reads.Done<T> then) {
        parts.callers()
                .resolve(
                        who,
                        caller -> {
                            Function<ShelfView, Judged<T>> judged = view -> {
                                @Nullable
                                Refusal refused =
                                        lawful.refusal(parts.keyspace().judge(view), caller);
                                return refused == null
                                        ? new Judged<>(null, look.apply(view))
                                        : new Judged<>(refused, null);
                            };
                            parts.reads().read(judged, true, false, new Reads.Done<>() {
                                @Override
                                public void answered(Header header, Judged<T> answer) {
                                    @Nullable Refusal refused = answer.refused();
                                    if (refused != null) then.refused(Reasons.of(refused));
                                    else then.answered(header, Objects.requireNonNull(answer.answer()));
                                }

                                @Override
                                public void refused(Reason why) {
                                    then.refused(why);
                                }
                            });
                        },
                        why -> done.accept(new LeaseAnswer.Refused(why)));
    }

    private static <T> Reads.Done<T> then(Consumer<LeaseAnswer> done, Leased<T> answered) {
        return new Reads.Done<>() {
            @Override
            public void answered(Header header, T answer) {
                answered.accept(header, answer);
            }

            @Override
            public void refused(Reason why) {
                done.accept(new LeaseAnswer.Refused(why));
            }
        };
    }

    private interface Leased<T> {
        void accept(Header header, T answer);
    }

    @Override
    public void keepAlive(long leaseId, Consumer<LeaseAnswer> done) {
        look(
                done,
                (judge, caller) -> judge.renews(caller, leaseId),
                _ -> true,
                then(done, (_, _) -> parts.leases().ask(leaseId, true, done)));
    }

    @Override
    public void timeToLive(long leaseId, boolean wantsKeys, Consumer<LeaseAnswer> done) {
        Lawful lawful = (judge, caller) -> wantsKeys ? judge.asksKeys(caller, leaseId) : judge.known(caller);
        look(
                done,
                lawful,
                _ -> true,
                then(
                        done,
                        (_, _) -> parts.leases().ask(leaseId, false, answer -> {
                            if (!wantsKeys
                                    || !(answer instanceof LeaseAnswer.Remaining left)
                                    || left.remainingMillis() < 0) {
                                done.accept(answer);
                                return;
                            }
                            Function<ShelfView, List<Bytes>> keys =
                                    view -> parts.keyspace().attached(leaseId, view);
                            look(
                                    done,
                                    lawful,
                                    keys,
                                    then(done, (header, found) -> done.accept(Reading.withKeys(header, left, found))));
                        })));
    }

    @Override
    public void leases(Consumer<LeaseAnswer> done) {
        Function<ShelfView, List<Long>> ids =
                view -> parts.keyspace().leases(view).stream().map(Lease::id).toList();
        Consumer<LeaseAnswer> soonestFirst = parts.leases().soonestFirst(done);
        look(
                done,
                (judge, caller) -> judge.asksLeases(caller),
                ids,
                then(done, (header, found) -> soonestFirst.accept(new LeaseAnswer.Listed(header, found))));
    }

    @Override
    public Watching watch(WatchRequest request, Consumer<WatchAnswer> deliver) {
        LateWatching watching = new LateWatching();
        admit(new Right.Reads(request.range()), answer -> {
            switch (answer) {
                case Answer.Done(Header _, Reply.Refused(Refusal why)) ->
                    deliver.accept(new WatchAnswer.Ended(Reasons.of(why)));
                case Answer.Done _ -> watching.begin(() -> store.watchFree(request, deliver));
                case Answer.Refused(Reason why) -> deliver.accept(new WatchAnswer.Ended(why));
                case Answer.Unknown(Reason why) -> deliver.accept(new WatchAnswer.Ended(why));
            }
        });
        return watching;
    }

    @Override
    public Status status() {
        return store.status();
    }

    /// Not judged: whoever hands these to a client admits him first.
    @Override
    public Operations operations() {
        return store.operations();
    }

    @Override
    public void members(boolean linearizable, Consumer<MembersAnswer> done) {
        store.members(linearizable, done);
    }

    /// Everything, so only root may.
    @Override
    public void copy(Consumer<CopyAnswer> done) {
        admit(Right.ROOT, answer -> {
            switch (answer) {
                case Answer.Done(Header _, Reply.Refused(Refusal why)) ->
                    done.accept(new CopyAnswer.Refused(Reasons.of(why)));
                case Answer.Done _ -> store.copy(done);
                case Answer.Refused(Reason why) -> done.accept(new CopyAnswer.Refused(why));
                case Answer.Unknown(Reason why) -> done.accept(new CopyAnswer.Refused(why));
            }
        });
    }

    @Override
    public void onLeadership(Consumer<@Nullable Long> changed) {
        store.onLeadership(changed);
    }
}
