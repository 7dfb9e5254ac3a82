package holdfast.server.healing.postgres;

import holdfast.core.base.NodeId;
import holdfast.core.base.Outcome;
import holdfast.core.base.Reason;
import holdfast.core.healing.fleet.ClusterSpec;
import holdfast.core.healing.fleet.PostgresSpec;
import holdfast.core.healing.recover.failover.ClusterState;
import holdfast.core.healing.recover.failover.Holder;
import holdfast.core.healing.recover.failover.Local;
import holdfast.core.healing.recover.failover.Local.Phase;
import holdfast.core.healing.recover.failover.Lsn;
import holdfast.core.healing.recover.failover.Position;
import holdfast.core.healing.recover.failover.Rule;
import holdfast.server.base.Ticker;
import holdfast.server.healing.failover.Engine;
import holdfast.server.healing.failover.HostedMember;
import holdfast.server.healing.failover.Secrets;
import java.io.IOException;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.Collections;
import java.util.SortedMap;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// This host's PostgreSQL: what it is, and what can be done with it. One thread, the keeper's.
public final class PostgresEngine implements Engine {
    private static final Logger LOG = LoggerFactory.getLogger(PostgresEngine.class);
    /// Until each sender of the log has read its configuration again.
    private static final long RELOAD_NANOS = 200_000_000;
    /// A server that answered and does not is no slow start.
    private static final long HUNG_NANOS = 8_000_000_000L;
    private static final long PROMOTE_LIMIT_NANOS = 60_000_000_000L;
    private static final long APPLY_LIMIT_NANOS = 2_000_000_000L;
    /// Until the server's startup process surely goes by what it was told.
    private static final long RELOADED_NANOS = 30_000_000;
    private final PostgresSpec spec;
    private final NodeId me;
    private final String address;
    private final Ticker ticker;
    private final DataFolder folder;
    private final Path data;
    private final Path settingFile;
    private final Path sockets;
    private final ServerProcess process;
    private final Sessions sessions;
    private final Slots slots;
    private final Founding founding;
    private final String tag;
    private Setting setting;
    private DataFolder.@Nullable Control control;
    private long downSinceNanos;
    private long lostSinceNanos;
    private int failedStarts;
    private long answeredPid;
    private long pledgedNanos; // when the server was last told to receive nothing more
    private boolean pendingRestart;

    /// @param notes our own folder for this cluster
    /// @param tag in the environment of the server, for the guard
    private PostgresEngine(
            PostgresSpec spec, NodeId me, String address, Programs programs, Path notes, String tag, Ticker ticker)
            throws IOException {
        this.spec = spec;
        this.me = me;
        this.address = address;
        this.ticker = ticker;
        this.tag = tag;
        this.data = spec.cluster().data().isEmpty()
                ? notes.resolve("data")
                : Path.of(spec.cluster().data());
        this.folder = new DataFolder(programs, data, notes);
        this.sockets = notes.resolve("run");
        programs.user().makeFolder(sockets);
        this.settingFile = notes.resolve("member.json");
        this.setting = Setting.read(settingFile);
        this.sessions = new Sessions(spec, address);
        this.slots = new Slots(spec, me, notes);
        this.process = new ServerProcess(programs, data, notes.resolve("postgresql.log"), ticker);
        this.founding = new Founding(spec, address, folder, process, notes, ticker);
    }

    /// @throws IOException when PostgreSQL is not installed, or a folder cannot be made
    public static PostgresEngine open(
            PostgresSpec spec, HostedMember.Place place, Path notes, String tag, Ticker ticker) throws IOException {
        ClusterSpec cluster = spec.cluster();
        Programs programs = Programs.find(cluster.bin(), cluster.user());
        return new PostgresEngine(spec, place.host(), place.address(), programs, notes, tag, ticker);
    }

    @Override
    public String superuser() {
        return "postgres";
    }

    @Override
    public void learn(Secrets known) {
        sessions.learn(known);
    }

    @Override
    public long rememberedLease() {
        return setting.lease();
    }

    @Override
    public void rememberLease(long id) {
        keep(setting.leased(id));
    }

    @Override
    public long pid() {
        return process.pid();
    }

    @Override
    public boolean pendingRestart() {
        return pendingRestart;
    }

    @Override
    public long pledged() {
        return setting.pledged();
    }

    // ---- eyes ----

    @Override
    public Local look() throws InterruptedException {
        long now = ticker.nanos();
        boolean runs = process.pid() != 0;
        Sql.Looked looked = runs ? sessions.look() : null;
        if (looked == null) {
            if (downSinceNanos == 0) downSinceNanos = runs && answeredPid == process.pid() ? now + HUNG_NANOS : now;
            return outside(runs ? Phase.STARTING : Phase.STOPPED);
        }
        downSinceNanos = 0;
        failedStarts = 0;
        process.answered();
        answeredPid = process.pid();
        pendingRestart = looked.pendingRestart();
        if (control == null || control.systemId() != looked.systemId()) {
            control = new DataFolder.Control(looked.systemId(), looked.timeline(), Lsn.ZERO);
        }
        return looked.standby() ? standby(looked, now) : primary(looked, now);
    }

    private Local outside(Phase phase) throws InterruptedException {
        DataFolder.Control known = control;
        if (known == null) known = folder.control();
        control = known;
        return local(
                known.systemId(),
                phase,
                new Position(
                        Math.max(known.timeline(), setting.timeline()),
                        phase == Phase.STOPPED ? known.end() : Lsn.ZERO),
                Lsn.ZERO,
                Lsn.ZERO,
                false,
                false,
                Collections.emptySortedMap());
    }

    private Local standby(Sql.Looked looked, long now) {
        boolean receiving = "streaming".equals(looked.receiver());
        int timeline = Math.max(looked.timeline(), setting.timeline());
        boolean news = timeline != setting.timeline() || (receiving && setting.rewound() != 0);
        if (news) keep(setting.on(timeline).rewound(receiving ? 0 : setting.rewound()));
        if (receiving || setting.follows() == null) lostSinceNanos = 0;
        else if (lostSinceNanos == 0) lostSinceNanos = now;
        if (receiving) slots.follow(sessions, setting, looked.replayed(), now);
        boolean quiet = looked.receiver() == null && setting.follows() == null && looked.atEnd();
        return local(
                looked.systemId(),
                Phase.STANDBY,
                new Position(timeline, looked.end()),
                looked.replayed(),
                Lsn.ZERO,
                quiet && now - pledgedNanos >= RELOADED_NANOS,
                receiving,
                looked.flushed());
    }

    private Local primary(Sql.Looked looked, long now) {
        if (looked.flushed().keySet().stream().anyMatch(spec.cluster()::counts)) lostSinceNanos = 0;
        else if (lostSinceNanos == 0) lostSinceNanos = now;
        if (looked.timeline() != setting.timeline()) keep(setting.on(looked.timeline()));
        slots.keep(sessions.sql(), now);
        return local(
                looked.systemId(),
                Phase.PRIMARY,
                new Position(looked.timeline(), looked.replayed()),
                looked.replayed(),
                folder.startOf(looked.timeline()),
                true,
                false,
                looked.flushed());
    }

    private Local local(
            long systemId,
            Phase phase,
            Position position,
            Lsn replayed,
            Lsn startedAt,
            boolean settled,
            boolean receiving,
            SortedMap<NodeId, Lsn> flushed) {
        return new Local(
                systemId,
                folder.isFounding(),
                phase,
                phase != Phase.PRIMARY && folder.isStandby(),
                position,
                replayed,
                startedAt,
                settled,
                true, // what is acknowledged is on disk
                setting.follows(),
                setting.term(),
                receiving,
                lostSinceNanos,
                setting.rewound(),
                setting.told(),
                setting.appliedAt(),
                Collections.unmodifiableSortedMap(flushed),
                downSinceNanos,
                failedStarts);
    }

    // ---- hands ----

    @Override
    public Outcome initialize() throws InterruptedException {
        keep(setting.anew());
        control = null;
        return founding.make(sessions, this::start);
    }

    @Override
    public Outcome adopt() throws InterruptedException {
        return folder.isFounding() || process.pid() != 0 ? new Outcome.Done(0) : folder.users(sessions.secrets());
    }

    @Override
    public void founded() {
        folder.founded();
    }

    @Override
    public Outcome start() throws InterruptedException {
        Outcome written = configure();
        if (!(written instanceof Outcome.Done)) return written;
        Outcome started = process.start(tag);
        if (!(started instanceof Outcome.Done)) failedStarts++;
        return started;
    }

    @Override
    public Outcome follow(Holder holder) throws InterruptedException {
        keep(setting.following(holder.host(), holder.address(), holder.port(), holder.term()));
        lostSinceNanos = 0;
        if (process.pid() == 0) {
            Outcome marked = folder.standby();
            if (!(marked instanceof Outcome.Done)) return marked;
            return start();
        }
        return reload();
    }

    @Override
    public Outcome pledge(long term) {
        if (setting.pledged() == term && setting.follows() == null && pledgedNanos != 0) return new Outcome.Done(0);
        pledgedNanos = ticker.nanos();
        keep(setting.pledging(term));
        return reload();
    }

    @Override
    public Outcome apply(Rule rule) throws InterruptedException {
        try {
            Sql.Looked before = sessions.sql().look();
            keep(setting.ruled(rule, Setting.UNTOLD)); // until it is known that the server goes by it
            Outcome written = reload();
            if (!(written instanceof Outcome.Done)) return written;
            String wanted = Conf.standbys(spec, rule);
            if (!sessions.awaitAnswer("SHOW synchronous_standby_names", wanted, ticker, APPLY_LIMIT_NANOS)) {
                return new Outcome.Unknown(new Reason("not-reloaded", "The server did not take " + wanted + " over."));
            }
            if (!before.standby()) TimeUnit.NANOSECONDS.sleep(RELOAD_NANOS);
            // whatever was let through by the old rule lies before this
            keep(setting.ruled(rule, sessions.sql().look().end()));
            return new Outcome.Done(0);
        } catch (SQLException failed) {
            return new Outcome.Unknown(new Reason("no-answer", String.valueOf(failed.getMessage())));
        }
    }

    @Override
    public Outcome promote() throws InterruptedException {
        try {
            keep(setting.ruled(setting.rule(), sessions.sql().look().end()));
            slots.make(sessions.sql());
            if (!sessions.promote(ticker, PROMOTE_LIMIT_NANOS)) {
                return new Outcome.Unknown(new Reason("still-standby", "The promotion takes too long."));
            }
            sessions.checkpointAside(); // rewinding reads the timeline from the control file
            return new Outcome.Done(0);
        } catch (SQLException failed) {
            return new Outcome.Unknown(new Reason("no-answer", String.valueOf(failed.getMessage())));
        }
    }

    @Override
    public void checkpoint() {
        sessions.checkpoint();
    }

    @Override
    public Outcome handOver() throws InterruptedException {
        sessions.drain(ticker);
        return stop(true);
    }

    @Override
    public Outcome stop(boolean orderly) {
        sessions.close();
        Outcome stopped =
                orderly ? process.stopOrderly(spec.cluster().stopWithin().toNanos()) : process.kill();
        control = null;
        return stopped;
    }

    @Override
    public Outcome rewind(Holder from) throws InterruptedException {
        Outcome stopped = stopToReceive(from);
        if (!(stopped instanceof Outcome.Done)) return stopped;
        keep(setting.rewound(setting.rewound() + 1));
        Outcome rewound = folder.rewind(from.address(), from.port(), sessions.secrets());
        control = null;
        if (rewound instanceof Outcome.Done) keep(setting.on(0));
        return rewound;
    }

    @Override
    public Lsn rewoundFrom() {
        return folder.rewoundFrom();
    }

    @Override
    public Outcome cloneFrom(Holder from) throws InterruptedException {
        Outcome stopped = stopToReceive(from);
        if (!(stopped instanceof Outcome.Done)) return stopped;
        Outcome cloned = folder.cloneFrom(from, spec, sessions.secrets());
        control = null;
        if (cloned instanceof Outcome.Done) keep(setting.anew());
        return cloned;
    }

    private Outcome stopToReceive(Holder from) {
        if (sessions.checkpoint(from.address(), from.port())) return stop(true);
        return new Outcome.Refused(new Reason("no-source", "The primary on " + from.host() + " does not answer."));
    }

    @Override
    public boolean refresh(@Nullable ClusterState state) throws InterruptedException {
        founding.endWhatWasCutOff();
        if (process.pid() == 0) return true;
        if (folder.isConfigured()) return reload() instanceof Outcome.Done;
        if (state != null && folder.control().systemId() != state.systemId()) return true;
        LOG.info("A server that we did not start runs in {}: it is stopped in order, and started as a member.", data);
        return stop(true) instanceof Outcome.Done;
    }

    private Outcome reload() {
        Outcome written = configure();
        if (written instanceof Outcome.Done) process.reload();
        return written;
    }

    private Outcome configure() {
        Secrets secrets = sessions.secrets();
        return folder.configure(Conf.text(spec, me.name(), address, data, sockets, setting, secrets), Conf.hba(spec));
    }

    private void keep(Setting next) {
        setting = next;
        next.write(settingFile);
    }

    @Override
    public void close() {
        sessions.close();
    }
}
