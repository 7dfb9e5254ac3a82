package holdfast.core.healing.recover.singleton;

import holdfast.core.base.Reason;
import holdfast.core.healing.fleet.CheckSpec;
import holdfast.core.healing.fleet.SingletonSpec;
import holdfast.core.healing.fleet.SingletonSpec.Standby;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// One host's part in a singleton. Pure, one thread.
///
/// A warm process runs all the time and is told when it becomes active; a cold one runs only then. After it was
/// active a process is never a standby again: it ends. While the right is ours a process that ended is started
/// again on the spot, as long as it had been well and the budget lasts; else the right is let go.
public final class Singleton {
    /// What happened.
    public sealed interface Input {
        /// The process that was ordered lives.
        record Started() implements Input {}

        /// It could not be started.
        record NotStarted(Reason why) implements Input {}

        /// Nothing of the process lives any more, whoever ended it.
        record Ended(Reason how) implements Input {}

        /// The right is ours. Follows [Order.Stand] unless [NotElected] does, and may come after [Order.Withdraw].
        record Elected() implements Input {}

        /// We do not stand for the right any more, and do not have it.
        record NotElected(Reason why) implements Input {}

        /// The right is over, or may be: whoever says so kills the process. [Ended], if one lived, and [LetGo] follow.
        record Lost(Reason why) implements Input {}

        /// The right is out of our hands.
        record LetGo() implements Input {}

        /// @param activation number of the [Order.Activate] that it was made for
        /// @param check index of the check
        record Checked(long activation, int check, boolean well) implements Input {}

        /// A person wants another host to be the active one.
        record AskedToRelease() implements Input {}

        /// We are to end.
        record Closing() implements Input {}
    }

    /// What is to be done.
    public sealed interface Order {
        /// Start the process: [Input.Started] or [Input.NotStarted] answers.
        record Start() implements Order {}

        /// Stand for the right: [Input.Elected] or [Input.NotElected] answers.
        record Stand() implements Order {}

        /// Stand no more: the answer to [Stand] comes now.
        record Withdraw() implements Order {}

        /// The process that lives is active from here on.
        ///
        /// @param activation from 1, one more each time
        record Activate(long activation) implements Order {}

        /// It was seen to be well. Once for each right.
        record Confirm(long activation) implements Order {}

        /// Ask the process to end.
        record Terminate() implements Order {}

        /// Kill it.
        record Kill() implements Order {}

        /// Let the right go; no process lives. [Input.LetGo] answers.
        ///
        /// @param trouble whether it cannot act here, so that somebody should look
        record Release(Reason why, boolean trouble) implements Order {}
    }

    private enum Life {
        NONE,
        STARTING,
        RUNNING,
        ENDING
    }

    private enum Right {
        NONE,
        /// Stood for.
        WANTED,
        /// Stood for, and taken back; no word yet.
        UNWANTED,
        OURS,
        /// Ours no more; not out of our hands.
        GOING
    }

    static final long ALIVE_NANOS = 300_000_000;
    private static final long STEADY_NANOS = 10_000_000_000L;
    private static final long RETRY_NANOS = 200_000_000;
    private static final long REST_NANOS_MIN = 1_000_000_000;
    private static final int REST_DOUBLINGS_MAX = 6;
    private static final long KILL_AGAIN_NANOS = 1_000_000_000;
    private static final long FAR_NANOS = Long.MAX_VALUE / 4;

    private final SingletonSpec spec;
    private final boolean warm;
    private final int[] passes;
    private final int[] failures;
    private final Deque<Long> restartedNanos = new ArrayDeque<>(); // within the window, oldest first
    private Life life = Life.NONE;
    private Right right = Right.NONE;
    private long startAtNanos = Long.MIN_VALUE;
    private long standAtNanos = Long.MIN_VALUE;
    private long startedNanos;
    private long killAtNanos;
    private long activation;
    private boolean active;
    private long activeNanos;
    private boolean well; // in this activation
    private boolean wellOnce; // under this right
    private int restsInRow;
    private @Nullable Reason ill;
    private @Nullable Reason leaving;
    private boolean trouble;
    private boolean closing;

    public Singleton(SingletonSpec spec) {
        this.spec = spec;
        this.warm = spec.standby() == Standby.WARM;
        this.passes = new int[spec.checks().size()];
        this.failures = new int[spec.checks().size()];
    }

    /// Whether it is active and may act, as far as we know.
    public boolean active() {
        return active;
    }

    /// After [Input.Closing]: nothing lives, and the right is not ours.
    public boolean over() {
        return closing && life == Life.NONE && right == Right.NONE;
    }

    /// When to call [#step] next, should nothing happen before.
    public long nextNanos(long nowNanos) {
        long next = nowNanos + FAR_NANOS;
        if (life == Life.NONE) next = Math.min(next, startAtNanos <= nowNanos ? next : startAtNanos);
        if (right == Right.NONE) next = Math.min(next, standAtNanos <= nowNanos ? next : standAtNanos);
        if (life == Life.ENDING) next = Math.min(next, killAtNanos);
        if (active && !well && life == Life.RUNNING) {
            next = Math.min(next, activeNanos + (passes.length == 0 ? ALIVE_NANOS : limitNanos()));
        }
        return next;
    }

    private long limitNanos() {
        return spec.startWithin().toNanos();
    }

    /// Takes what happened and says what is to be done at `nowNanos`.
    public List<Order> step(List<Input> inputs, long nowNanos) {
        List<Order> orders = new ArrayList<>();
        for (Input input : inputs) take(input, nowNanos);
        if (right == Right.OURS) act(nowNanos, orders);
        else standBy(nowNanos, orders);
        if (life == Life.ENDING && nowNanos >= killAtNanos) {
            killAtNanos = nowNanos + KILL_AGAIN_NANOS;
            orders.add(new Order.Kill());
        }
        return orders;
    }

    // ---- what happened ---------------------------------------------------------------------------------------------

    private void take(Input input, long nowNanos) {
        switch (input) {
            case Input.Started() -> {
                life = Life.RUNNING;
                startedNanos = nowNanos;
            }
            case Input.NotStarted(Reason why) -> ended(why, nowNanos);
            case Input.Ended(Reason how) -> ended(how, nowNanos);
            case Input.Elected() -> elected();
            case Input.NotElected _ -> {
                right = Right.NONE;
                standAtNanos = Math.max(standAtNanos, nowNanos + RETRY_NANOS);
            }
            case Input.Lost _ -> {
                if (right == Right.OURS) right = Right.GOING;
                active = false;
            }
            case Input.LetGo() -> {
                right = Right.NONE;
                active = false;
            }
            case Input.Checked(long of, int check, boolean good) -> checked(of, check, good);
            case Input.AskedToRelease() ->
                leave(new Reason("asked", "A person asked for another host to be active."), false);
            case Input.Closing() -> {
                closing = true;
                leave(new Reason("closing", "The agent ends, or the service was changed."), false);
            }
        }
    }

    private void elected() {
        boolean wanted = right == Right.WANTED && !closing;
        right = Right.OURS;
        wellOnce = false;
        trouble = false;
        leaving = wanted ? null : new Reason("not-ready", "It could not act here any more when it was elected.");
    }

    private void leave(Reason why, boolean inTrouble) {
        if (right != Right.OURS || leaving != null) return;
        leaving = why;
        trouble = inTrouble;
    }

    private void ended(Reason how, long nowNanos) {
        boolean ranLong = life != Life.STARTING && nowNanos - startedNanos >= STEADY_NANOS;
        boolean wasActive = active;
        life = Life.NONE;
        active = false;
        if (right == Right.OURS && leaving == null) {
            endedWhileOurs(ill == null ? how : ill, nowNanos);
        } else if (wasActive || right == Right.GOING || leaving != null) {
            startAtNanos = nowNanos; // ended for us: it stands by again at once
        } else {
            if (ranLong) restsInRow = 0;
            startAtNanos = nowNanos + rest();
        }
        ill = null;
    }

    /// Restarted on the spot when that promises well, else the right goes to another.
    private void endedWhileOurs(Reason how, long nowNanos) {
        long window = spec.limits().per().toNanos();
        while (!restartedNanos.isEmpty() && nowNanos - restartedNanos.peekFirst() >= window)
            restartedNanos.removeFirst();
        if (well && restartedNanos.size() < spec.limits().restarts()) {
            restartedNanos.addLast(nowNanos);
            startAtNanos = nowNanos;
            return;
        }
        String budget = well
                ? "It had been restarted here %d times within %d s."
                        .formatted(restartedNanos.size(), spec.limits().per().toSeconds())
                : "It had not been well since it was started.";
        leave(new Reason(how.code(), how.sentence() + " " + budget), true);
        long rest = rest();
        startAtNanos = warm ? nowNanos + rest : nowNanos;
        standAtNanos = nowNanos + rest;
    }

    private long rest() {
        long rest = REST_NANOS_MIN << Math.min(restsInRow, REST_DOUBLINGS_MAX);
        restsInRow++;
        return rest;
    }

    private void checked(long of, int check, boolean good) {
        if (!active || of != activation) return;
        CheckSpec.Timing timing = spec.checks().get(check).timing();
        passes[check] = good ? passes[check] + 1 : 0;
        failures[check] = good ? 0 : failures[check] + 1;
        if (well && failures[check] >= timing.failures()) {
            ill = new Reason("ill", "Check %d failed %d times in a row.".formatted(check + 1, failures[check]));
        }
    }

    private boolean allPassed() {
        for (int check = 0; check < passes.length; check++) {
            if (passes[check] < spec.checks().get(check).timing().passes()) return false;
        }
        return true;
    }

    // ---- what is to be done ----------------------------------------------------------------------------------------

    private void act(long nowNanos, List<Order> orders) {
        switch (life) {
            case NONE -> {
                if (leaving == null && nowNanos < startAtNanos) {
                    leave(new Reason("not-ready", "It ended shortly before it was elected."), true);
                }
                if (leaving == null) {
                    life = Life.STARTING;
                    well = false;
                    orders.add(new Order.Start());
                } else {
                    right = Right.GOING;
                    orders.add(new Order.Release(leaving, trouble));
                    leaving = null;
                }
            }
            case RUNNING -> {
                if (leaving != null) {
                    end(nowNanos, orders);
                    return;
                }
                if (!active) activate(nowNanos, orders);
                look(nowNanos, orders);
            }
            case STARTING, ENDING -> {}
        }
    }

    private void activate(long nowNanos, List<Order> orders) {
        active = true;
        well = false;
        activeNanos = nowNanos;
        activation++;
        Arrays.fill(passes, 0);
        Arrays.fill(failures, 0);
        orders.add(new Order.Activate(activation));
    }

    private void look(long nowNanos, List<Order> orders) {
        if (!well) {
            well = passes.length == 0 ? nowNanos - activeNanos >= ALIVE_NANOS : allPassed();
            if (well) {
                restsInRow = 0;
                if (!wellOnce) orders.add(new Order.Confirm(activation));
                wellOnce = true;
            } else if (passes.length > 0 && nowNanos - activeNanos >= limitNanos()) {
                ill = new Reason(
                        "never-well", "Its checks did not pass within %d ms.".formatted(limitNanos() / 1_000_000));
            }
        }
        if (ill != null) end(nowNanos, orders);
    }

    private void end(long nowNanos, List<Order> orders) {
        life = Life.ENDING;
        killAtNanos = nowNanos + spec.stopWithin().toNanos();
        orders.add(new Order.Terminate());
    }

    private void standBy(long nowNanos, List<Order> orders) {
        boolean wanted = !closing;
        if (wanted && warm && life == Life.NONE && right != Right.GOING && nowNanos >= startAtNanos) {
            life = Life.STARTING;
            orders.add(new Order.Start());
        }
        if (!wanted && life == Life.RUNNING && right != Right.GOING) end(nowNanos, orders);
        boolean ready = wanted && (warm ? life == Life.RUNNING : life == Life.NONE);
        if (ready && right == Right.NONE && nowNanos >= standAtNanos) {
            right = Right.WANTED;
            orders.add(new Order.Stand());
        }
        if (!ready && right == Right.WANTED) {
            right = Right.UNWANTED;
            orders.add(new Order.Withdraw());
        }
    }
}
