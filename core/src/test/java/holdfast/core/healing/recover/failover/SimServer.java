package holdfast.core.healing.recover.failover;

import holdfast.core.base.NodeId;
import holdfast.core.healing.recover.failover.Local.Phase;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// A server and its disk: a log, what it was last told, and commits that wait. One of a kind that forgets (Redis) does
/// not know how far it is after a restart, may lack its last writes then, and copies by itself what it needs.
final class SimServer {
    private static final long LOOK_MILLIS = 150;
    private static final long DRAIN_MILLIS = 500;

    final SimHost host;
    private final FailoverWorld world;
    long systemId;
    boolean founding;
    boolean standby;
    boolean rewinding;
    SimLog log = new SimLog();
    Phase phase = Phase.STOPPED;
    long life;
    /// The term in which it became the primary, or its agent took the key again.
    long term;
    long downSinceMillis;
    long lostSinceMillis;
    int failedStarts;
    /// It knows how far it is, and has all that it acknowledged.
    boolean intact;
    /// What it lacks is known to be lost.
    boolean pardoned;
    private long termToLead;
    private boolean copies;
    private long reloads;
    private boolean closing;
    private boolean crashed;
    private @Nullable NodeId follows; // as the server was told
    private final List<Rule> rules = new ArrayList<>(); // as its sessions go by: two while it reloads, none for `""`
    private @Nullable SimStream from;
    private List<SimStream> to = new ArrayList<>();
    private final List<Integer> waiting = new ArrayList<>();

    SimServer(FailoverWorld world, SimHost host) {
        this.world = world;
        this.host = host;
    }

    boolean hasData() {
        return systemId != 0 && !rewinding;
    }

    boolean runs() {
        return phase != Phase.STOPPED;
    }

    // ---- its life ----

    /// False when it does not come up.
    ///
    /// @param term whose history it writes if it is to be the primary
    boolean start(long term) {
        termToLead = term;
        if (runs()) return true;
        if (world.hurts() && world.dice.oneIn(12)) {
            failedStarts++;
            return false;
        }
        phase = Phase.STARTING;
        life++;
        closing = false;
        copies = false;
        follows = host.setting.follows;
        rules.clear();
        if (host.setting.rule != null) rules.add(host.setting.rule);
        long of = life;
        boolean slow = crashed && !standby && world.hurts() && world.dice.oneIn(4);
        host.beside(slow ? world.dice.between(500, 6_000) : world.dice.between(20, 300), () -> {
            if (life != of || phase != Phase.STARTING) return;
            phase = standby ? Phase.STANDBY : Phase.PRIMARY;
            failedStarts = 0;
            if (world.forgets()) begin();
            crashed = true; // unless it is stopped in an orderly way
            world.trace(() -> host.id + " is up: " + phase + " at " + position());
            if (phase == Phase.PRIMARY) world.mayWrite(this);
            host.wake();
        });
        host.beside(1, () -> look(of));
        return true;
    }

    /// A server that forgets is up.
    private void begin() {
        intact = phase == Phase.PRIMARY || founding || world.bug == FailoverWorld.Bug.FORGETFUL_COUNTS;
        if (phase == Phase.STANDBY) return;
        log.add(new SimLog.Entry(world.nextId(), Math.toIntExact(termToLead)));
        host.setting.appliedAt = log.end();
    }

    /// At once.
    void kill() {
        if (!runs()) return;
        if (world.forgets()) {
            intact = founding || world.bug == FailoverWorld.Bug.FORGETFUL_COUNTS;
            if (world.dice.oneIn(2)) {
                log = log.copy(); // what was sent is still on its way
                log.drop(world.dice.nextInt(6));
            }
        }
        world.trace(() -> host.id + "'s server ends at " + position());
        phase = Phase.STOPPED;
        life++;
        waiting.clear();
        if (from != null) from.receives = false;
        from = null;
        to.forEach(stream -> stream.counts = false);
        to = new ArrayList<>();
    }

    /// Sends everything first, a little while.
    void stopOrderly(Runnable done) {
        closing = true;
        long of = life;
        long untilMillis = world.nowMillis + DRAIN_MILLIS;
        drain(of, untilMillis, done);
    }

    private void drain(long of, long untilMillis, Runnable done) {
        boolean sent = to.stream().allMatch(stream -> !stream.counts || stream.flushed == log.end());
        if (life == of && phase == Phase.PRIMARY && !sent && world.nowMillis < untilMillis) {
            host.beside(10, () -> drain(of, untilMillis, done));
            return;
        }
        if (life == of && world.forgets() && phase == Phase.PRIMARY) demote();
        else if (life == of) {
            kill();
            crashed = false;
        }
        done.run();
    }

    /// It becomes a standby of nobody, and has its place in the stream still.
    private void demote() {
        life++;
        to.forEach(stream -> stream.counts = false);
        to = new ArrayList<>();
        waiting.clear();
        closing = false;
        standby = true;
        phase = Phase.STANDBY;
        follows = null;
        host.setting.follows = null;
        host.setting.pledged = 0;
        long of = life;
        host.beside(1, () -> look(of));
    }

    /// @return false when it is no standby any more
    boolean promote(long ofTerm) {
        if (phase != Phase.STANDBY) return false;
        if (from != null) from.receives = false;
        from = null;
        follows = null;
        standby = false;
        phase = Phase.PRIMARY;
        log.add(new SimLog.Entry(world.nextId(), world.forgets() ? Math.toIntExact(ofTerm) : log.newest + 1));
        intact = true;
        lostSinceMillis = 0;
        to.forEach(SimStream::push);
        world.trace(() -> host.id + " is promoted at " + position());
        world.mayWrite(this);
        return true;
    }

    /// Takes over what is in the file, after a while.
    void reload(Runnable done) {
        long of = life;
        long which = ++reloads;
        Rule wanted = host.setting.rule;
        if (wanted != null && !rules.contains(wanted)) {
            boolean none = rules.isEmpty();
            host.beside(world.dice.nextLong(40), () -> {
                if (life != of || which != reloads || rules.contains(wanted)) return;
                if (none) rules.clear();
                rules.add(wanted);
                release();
            });
        }
        host.beside(40 + world.dice.nextLong(160), () -> {
            if (life != of) return;
            if (which == reloads) {
                rules.clear();
                if (wanted != null) rules.add(wanted);
            }
            release();
            done.run();
        });
        host.beside(world.dice.nextLong(30), () -> {
            if (life != of) return;
            NodeId now = host.setting.follows;
            boolean same = now == null ? follows == null : now.equals(follows);
            if (same) return;
            if (now == null && world.bug == FailoverWorld.Bug.PLEDGE_RECEIVES) return;
            follows = now;
            if (from != null) from.receives = false;
            from = null;
        });
    }

    // ---- streaming ----

    private void look(long of) {
        if (life != of) return;
        SimStream stream = from;
        if (stream != null) {
            stream.lookAtStandby();
            if (!stream.receives) from = null;
        }
        if (from == null && phase == Phase.STANDBY && follows != null) connect(world.host(follows).server);
        to.forEach(SimStream::lookAtSender);
        to.removeIf(one -> !one.counts);
        host.beside(LOOK_MILLIS, () -> look(of));
    }

    private void connect(SimServer other) {
        if (!other.host.runs() || !world.passes(host, other.host) || !world.passes(other.host, host)) return;
        if (other.phase != Phase.PRIMARY && other.phase != Phase.STANDBY) return;
        if (world.forgets() && other.phase == Phase.STANDBY && !other.receiving()) return; // it refuses
        if (world.forgets() && !(intact && other.log.beginsWith(log))) {
            copy(other);
            return;
        }
        log.newest = Math.max(log.newest, other.log.newest);
        if (!other.log.continues(log)) return;
        if (!other.log.beginsWith(log)) {
            world.violation("%s at %s goes on from %s at %s, which has another history under the same number"
                    .formatted(host.id, position(), other.host.id, other.position()));
            return;
        }
        SimStream stream = new SimStream(world, other, this);
        from = stream;
        other.to.removeIf(one -> one.standby == this);
        other.to.add(stream);
        stream.push();
    }

    /// Gets everything, and has what it had until then.
    private void copy(SimServer other) {
        if (copies) return;
        copies = true;
        long of = life;
        long otherLife = other.life;
        host.beside(world.dice.between(20, world.dice.oneIn(4) ? 1_500 : 200), () -> {
            copies = false;
            boolean there = other.life == otherLife && world.passes(other.host, host) && other.host.runs();
            if (life != of || phase != Phase.STANDBY || !there || !other.host.id.equals(follows)) return;
            log = other.log.copy();
            intact = true;
            connect(other);
        });
    }

    boolean receiving() {
        return from != null && from.receives;
    }

    SortedMap<NodeId, Lsn> flushed() {
        SortedMap<NodeId, Lsn> flushed = new TreeMap<>();
        for (SimStream stream : to) {
            if (stream.counts && stream.flushed >= 0) flushed.put(stream.standby.host.id, new Lsn(stream.flushed));
        }
        return flushed;
    }

    // ---- commits ----

    void commit() {
        if (phase != Phase.PRIMARY || closing) return;
        world.writes(this);
        waiting.add(log.end());
        log.add(new SimLog.Entry(world.nextId(), log.timeline()));
        for (SimStream stream : to) stream.push();
        release();
    }

    void release() {
        if (phase != Phase.PRIMARY) return;
        while (!waiting.isEmpty() && satisfied(waiting.getFirst())) {
            int place = waiting.removeFirst();
            world.acknowledged(this, place, log.at(place));
        }
    }

    private boolean satisfied(int place) {
        if (rules.isEmpty() || !SyncSet.waits(world.spec)) return true;
        for (Rule rule : rules) {
            if (rule.voters().isEmpty() && !world.spec.strict()) return true;
            long have = to.stream()
                    .filter(stream -> stream.counts && stream.flushed > place)
                    .map(stream -> stream.standby.host.id)
                    .filter(rule.voters()::contains)
                    .distinct()
                    .count();
            if (rule.need() > 0 && have >= rule.need()) return true;
        }
        return false;
    }

    // ---- eyes ----

    Position position() {
        return new Position(log.timeline(), new Lsn(log.end()));
    }

    Local look() {
        long now = world.nowMillis;
        SimSetting setting = host.setting;
        boolean answers = phase == Phase.STANDBY || phase == Phase.PRIMARY;
        SortedMap<NodeId, Lsn> flushed = phase == Phase.PRIMARY ? flushed() : new TreeMap<>();
        if (answers) {
            downSinceMillis = 0;
            setting.timeline = phase == Phase.PRIMARY ? log.timeline() : Math.max(log.timeline(), setting.timeline);
            boolean well = phase == Phase.PRIMARY
                    ? flushed.keySet().stream().anyMatch(world.spec::counts)
                    : receiving() || setting.follows == null;
            if (well) lostSinceMillis = 0;
            else if (lostSinceMillis == 0) lostSinceMillis = now;
            if (phase == Phase.STANDBY && receiving()) setting.rewound = 0;
        } else if (downSinceMillis == 0) {
            downSinceMillis = now;
        }
        boolean bug = world.bug == FailoverWorld.Bug.PLEDGE_RECEIVES;
        boolean settled = answers && (phase == Phase.PRIMARY || (setting.follows == null && (follows == null || bug)));
        boolean knows = !world.forgets() || intact;
        boolean known = world.forgets() ? answers && intact : answers || (!crashed && !standby);
        Position at = new Position(
                answers ? setting.timeline : Math.max(log.timeline(), setting.timeline),
                known ? new Lsn(log.end()) : Lsn.ZERO);
        return new Local(
                hasData() ? systemId : 0,
                founding,
                phase,
                phase != Phase.PRIMARY && standby,
                at,
                at.lsn(),
                phase == Phase.PRIMARY ? new Lsn(log.startOf(log.timeline())) : Lsn.ZERO,
                settled,
                knows,
                setting.follows,
                setting.term,
                receiving(),
                FailoverWorld.nanos(lostSinceMillis),
                setting.rewound,
                setting.told ? setting.rule : null,
                new Lsn(setting.appliedAt),
                flushed,
                FailoverWorld.nanos(downSinceMillis),
                failedStarts);
    }
}
