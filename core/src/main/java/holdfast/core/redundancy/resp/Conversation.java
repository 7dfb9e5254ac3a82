package holdfast.core.redundancy.resp;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Iterator;
import java.util.Locale;

/// Follows what a client and its server say to each other: which replies are owed, whether a transaction or a
/// subscription is open, what the session takes along, which writes the client knows of that are not confirmed by
/// replicas. One thread.
///
/// A session may be moved to another server when [#isIdle]: every command is answered, and nothing of it lives on the
/// server that cannot be made again.
public final class Conversation {
    private static final byte[] READONLY = {'-', 'R', 'E', 'A', 'D', 'O', 'N', 'L', 'Y'};

    /// What the server's next reply will be about, in the order in which they were sent.
    private sealed interface Owed {
        /// @param confirmed a write that replicas must confirm
        /// @param blocks may take as long as it likes
        record Plain(boolean confirmed, boolean blocks) implements Owed {}

        record Multi() implements Owed {}

        /// @param confirmed as above
        record Exec(boolean confirmed) implements Owed {}

        record Discard() implements Owed {}

        record Watch(boolean on) implements Owed {}

        record Reset() implements Owed {}

        /// Changes the session.
        record State(Command command) implements Owed {}

        /// @param name of the command, in lower case, as its confirmations say it
        /// @param replies that confirm it; 0 for as many as there are subscriptions, at least one
        record Subscription(String name, int replies) implements Owed {}

        /// A `WAIT` of ours: its reply is not the client's.
        record Confirmation(int need) implements Owed {}
    }

    private static final Owed[] PLAIN = {
        new Owed.Plain(false, false),
        new Owed.Plain(true, false),
        new Owed.Plain(false, true),
        new Owed.Plain(true, true)
    };
    private static final Owed MULTI = new Owed.Multi();
    private static final Owed DISCARD = new Owed.Discard();
    private static final Owed WATCH = new Owed.Watch(true);
    private static final Owed UNWATCH = new Owed.Watch(false);
    private static final Owed RESET = new Owed.Reset();

    /// What a reply calls for.
    public enum Verdict {
        /// It is the client's.
        PASS,
        /// It is the client's, and says that this server takes no writes.
        READONLY,
        /// It is ours: what the client wrote before is on enough replicas.
        CONFIRMED,
        /// It is ours: not enough replicas have it in time.
        SHORT,
        /// It is ours: the server does not say how many replicas have it.
        UNTOLD
    }

    private final Carried carried = new Carried();
    private final Deque<Owed> owed = new ArrayDeque<>();
    private int answeredSubscriptions; // of the first that is owed
    private boolean multiSent;
    private boolean multi;
    private boolean multiChangesSession;
    private boolean watching;
    private int subscriptions;
    private int shardSubscriptions;
    private boolean untracked;
    private boolean dirty;
    private int confirmationsOwed;
    private boolean acknowledged;

    public Carried carried() {
        return carried;
    }

    public boolean isIdle() {
        return owed.isEmpty() && !acknowledged && !multi && !watching && !isSubscribed() && !untracked;
    }

    /// Replies that are owed.
    public int owed() {
        return owed.size();
    }

    /// Whether the next command of the client belongs to what is under way.
    public boolean goesOn() {
        return multiSent || watching || isSubscribed() || untracked;
    }

    /// Whether what is under way may never end by itself: a command that waits, a subscription, a monitor.
    public boolean isBlocked() {
        return untracked || isSubscribed() || (owed.peek() instanceof Owed.Plain plain && plain.blocks());
    }

    /// Whether replies are no longer counted, up to the end of the connection.
    public boolean isUntracked() {
        return untracked;
    }

    private boolean isSubscribed() {
        return subscriptions > 0 || shardSubscriptions > 0;
    }

    /// Whether writes have been sent that no confirmation of ours covers yet, outside of a transaction.
    public boolean wantsConfirmation() {
        return !multiSent && !untracked && (dirty || (acknowledged && confirmationsOwed == 0));
    }

    /// Whether writes have been sent that are not confirmed.
    public boolean isUnconfirmed() {
        return dirty || acknowledged || confirmationsOwed > 0;
    }

    /// Whether a reply has come, or comes next, that the client must not see before it is confirmed.
    public boolean keeps() {
        return acknowledged;
    }

    /// A fresh server has taken the session over.
    public void moved() {
        owed.clear();
        answeredSubscriptions = 0;
        multiSent = false;
        multi = false;
        multiChangesSession = false;
        watching = false;
        subscriptions = 0;
        shardSubscriptions = 0;
        untracked = false;
        dirty = false;
        confirmationsOwed = 0;
        acknowledged = false;
    }

    /// A command goes to the server.
    ///
    /// @param confirm whether the client must not hear of its writes before replicas have them
    public void sent(Command command, boolean confirm) {
        if (command.isEmpty() || untracked) return;
        boolean confirmed = confirm && command.mayWrite();
        if (confirmed && (!multiSent || command.kind() == Kind.EXEC)) dirty = true;
        switch (command.kind()) {
            case READ, WRITE, BLOCK, WAIT, XREAD, XREADGROUP, QUIT, REPLICATION ->
                owed.add(PLAIN[(confirmed ? 1 : 0) + (command.mayBlock() && !multiSent ? 2 : 0)]);
            case AUTH, HELLO, SELECT -> owed.add(new Owed.State(command));
            case CLIENT -> client(command);
            case MULTI -> {
                multiSent = true;
                owed.add(MULTI);
            }
            case EXEC -> {
                multiSent = false;
                owed.add(new Owed.Exec(confirmed));
            }
            case DISCARD -> {
                multiSent = false;
                owed.add(DISCARD);
            }
            case RESET -> {
                multiSent = false;
                owed.add(RESET);
            }
            case WATCH -> owed.add(WATCH);
            case UNWATCH -> owed.add(UNWATCH);
            case SUBSCRIBE, UNSUBSCRIBE -> subscription(command);
            case MONITOR -> untrack();
        }
    }

    private void client(Command command) {
        if (command.silences()) untrack();
        else owed.add(new Owed.State(command));
    }

    private void subscription(Command command) {
        if (command.words().isEmpty()) untrack(); // too many, or too long
        else owed.add(new Owed.Subscription(command.upper(0).toLowerCase(Locale.ROOT), command.count() - 1));
    }

    private void untrack() {
        untracked = true;
        owed.clear();
    }

    /// A `WAIT` for `need` replicas goes to the server behind what was sent.
    public void confirmationSent(int need) {
        dirty = false;
        confirmationsOwed++;
        owed.add(new Owed.Confirmation(need));
    }

    /// A reply comes from the server; of large ones the first piece.
    public Verdict heard(Frames frames) {
        if (untracked) return Verdict.PASS;
        byte type = frames.type();
        if (type == '>' || (type == '*' && (isSubscribed() || owed.peek() instanceof Owed.Subscription))) {
            Message message = Message.of(frames);
            boolean out = type == '>' || (message != null && message.isOfSubscription());
            if (out) {
                if (message != null && message.isConfirmation()) confirmed(message);
                return Verdict.PASS;
            }
        }
        boolean error = type == '-' || type == '!';
        while (!error && !multi && owed.peek() instanceof Owed.Subscription) leave(); // as many as there were
        Owed answered = owed.poll();
        return answered == null ? Verdict.PASS : answered(answered, frames, type, error);
    }

    private Verdict answered(Owed answered, Frames frames, byte type, boolean error) {
        switch (answered) {
            case Owed.Plain plain -> {
                if (plain.confirmed() && !error && !multi) acknowledged = true;
            }
            case Owed.Exec exec -> {
                boolean done = multi && !error && !isNull(frames);
                if (exec.confirmed() && done) acknowledged = true;
                if (done && multiChangesSession) carried.stick("a transaction that changes the session");
                leaveMulti();
            }
            case Owed.Multi _ -> {
                boolean begun = !error && type == '+';
                if (begun) multi = true;
                else if (!multi) multiSent = isMultiOwed();
            }
            case Owed.Discard _ -> {
                if (!error) leaveMulti();
            }
            case Owed.Watch watch -> {
                if (!error && !multi) watching = watch.on();
            }
            case Owed.Reset _ -> {
                if (error) break;
                leaveMulti();
                subscriptions = 0;
                shardSubscriptions = 0;
                carried.reset();
            }
            case Owed.State(Command command) -> {
                if (error) break;
                if (multi) multiChangesSession = true;
                else carried.done(command);
            }
            case Owed.Subscription _ -> {
                answeredSubscriptions = 0;
                if (!error) untrack(); // queued: how many replies it will have cannot be told
            }
            case Owed.Confirmation(int need) -> {
                return confirmation(need, frames, type);
            }
        }
        return error && isReadOnly(frames) ? Verdict.READONLY : Verdict.PASS;
    }

    private Verdict confirmation(int need, Frames frames, byte type) {
        confirmationsOwed--;
        int have = type == ':' ? Command.number(frames.data(), frames.start() + 1, frames.end()) : -1;
        if (have < need && acknowledged) return have < 0 ? Verdict.UNTOLD : Verdict.SHORT;
        acknowledged = false;
        return Verdict.CONFIRMED;
    }

    /// Whether a transaction will be open once all that is owed is answered well.
    private boolean isMultiOwed() {
        for (Iterator<Owed> latest = owed.descendingIterator(); latest.hasNext(); ) {
            switch (latest.next()) {
                case Owed.Multi _ -> {
                    return true;
                }
                case Owed.Exec _, Owed.Discard _, Owed.Reset _ -> {
                    return false;
                }
                case Owed.Plain _, Owed.Watch _, Owed.State _, Owed.Subscription _, Owed.Confirmation _ -> {}
            }
        }
        return false;
    }

    private void leaveMulti() {
        multi = false;
        multiChangesSession = false;
        watching = false;
    }

    private void confirmed(Message message) {
        if (message.left() < 0) {
            untrack();
            return;
        }
        if (message.isSharded()) shardSubscriptions = message.left();
        else subscriptions = message.left();
        boolean former = answeredSubscriptions > 0
                && owed.peek() instanceof Owed.Subscription(String name, int open)
                && open == 0
                && !name.equals(message.kind());
        if (former) leave();
        if (!(owed.peek() instanceof Owed.Subscription(String _, int replies))) return;
        answeredSubscriptions++;
        boolean all = replies == 0 ? message.ends() && message.left() == 0 : answeredSubscriptions >= replies;
        if (all) leave();
    }

    private void leave() {
        owed.poll();
        answeredSubscriptions = 0;
    }

    private static boolean isNull(Frames frames) {
        byte[] data = frames.data();
        int from = frames.start();
        return data[from] == '_' || (data[from] == '*' && frames.end() > from + 1 && data[from + 1] == '-');
    }

    private static boolean isReadOnly(Frames frames) {
        byte[] data = frames.data();
        int from = frames.start();
        if (frames.end() - from < READONLY.length) return false;
        for (int index = 0; index < READONLY.length; index++) if (data[from + index] != READONLY[index]) return false;
        return true;
    }
}
