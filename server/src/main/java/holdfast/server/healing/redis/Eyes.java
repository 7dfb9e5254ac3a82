package holdfast.server.healing.redis;

import holdfast.core.base.NodeId;
import holdfast.core.base.Outcome;
import holdfast.core.healing.fleet.RedisSpec;
import holdfast.core.healing.recover.failover.ClusterState;
import holdfast.core.healing.recover.failover.Local;
import holdfast.core.healing.recover.failover.Local.Phase;
import holdfast.core.healing.recover.failover.Lsn;
import holdfast.core.healing.recover.failover.Member;
import holdfast.core.healing.recover.failover.Position;
import holdfast.core.healing.recover.failover.Rule;
import holdfast.server.base.Ticker;
import holdfast.server.healing.redis.Session.Reply;
import java.util.Collections;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// What a server is now, and which history its data is.
///
/// Redis counts bytes of a stream with a random name, and forgets both when it is restarted (its AOF has neither). So
/// we keep beside it: the number of the term whose primary wrote the stream, learned from that primary by the stream's
/// name; and the run of the server for which the position is known to be that of its data. A replica whose server was
/// restarted is not `intact` until it has received again.
final class Eyes {
    /// A server that answered and does not is no slow start.
    private static final long HUNG_NANOS = 8_000_000_000L;

    /// A proxy goes by a rule that is at most this old when it passes an answer on.
    static final long PROXIES_NANOS = 2_000_000_000L;

    private static final String CHANNEL = "__holdfast__:position";
    private static final String WAIT_MILLIS = "20";

    private final RedisSpec spec;
    private final NodeId me;
    private final DataFolder folder;
    private final RedisProcess process;
    private final Session session;
    private final Notes notes;
    private final Ticker ticker;
    private @Nullable ClusterState state;
    private SortedMap<NodeId, Member> members = new TreeMap<>();
    private @Nullable Info last;
    private long downSinceNanos;
    private long lostSinceNanos;
    private long answeredPid;
    private long toldAtNanos; // since when the server goes by its rule, 0 while that is not known
    private int failedStarts;
    private boolean startedOnce; // and has not answered since

    Eyes(
            RedisSpec spec,
            NodeId me,
            DataFolder folder,
            RedisProcess process,
            Session session,
            Notes notes,
            Ticker ticker) {
        this.spec = spec;
        this.me = me;
        this.folder = folder;
        this.process = process;
        this.session = session;
        this.notes = notes;
        this.ticker = ticker;
    }

    void hear(@Nullable ClusterState said, SortedMap<NodeId, Member> heard) {
        state = said;
        members = heard;
    }

    @Nullable
    ClusterState state() {
        return state;
    }

    /// Number of the history that a primary begins now.
    int term() {
        return state == null ? 1 : Math.toIntExact(state.term());
    }

    /// Name of the stream that the server is on, empty while it does not answer.
    String history() {
        Info info = last;
        return info == null ? "" : info.history();
    }

    /// Since it was started last.
    boolean neverAnswered() {
        return startedOnce;
    }

    void started(boolean up) {
        startedOnce = true;
        lostSinceNanos = 0;
        toldAtNanos = 0;
        if (!up) failedStarts++;
    }

    void followed() {
        lostSinceNanos = 0;
    }

    void ruled() {
        toldAtNanos = 0;
    }

    /// Null while the server does not answer. A script that runs for long keeps it from that, and is no failure.
    @Nullable
    Info ask() {
        return switch (session.say("INFO")) {
            case Reply.Said(String text) -> Info.parse(text);
            case Reply.Refused(String error) -> error.startsWith("BUSY") ? last : null;
            case Reply.Silent _ -> null;
        };
    }

    Local look() {
        long now = ticker.nanos();
        long pid = process.pid();
        if (pid != answeredPid) last = null;
        Info info = pid == 0 ? null : ask();
        if (info == null || (info.loading() && !info.replica())) {
            if (info == null) last = null;
            if (downSinceNanos == 0) downSinceNanos = pid != 0 && answeredPid == pid ? now + HUNG_NANOS : now;
            return outside(pid == 0 ? Phase.STOPPED : Phase.STARTING);
        }
        downSinceNanos = 0;
        failedStarts = 0;
        startedOnce = false;
        answeredPid = pid;
        last = info;
        if (!info.persists() && !info.loading() && wantsLog()) {
            Reply _ = session.say("CONFIG", "SET", "appendonly", "yes"); // it was started on a snapshot
        }
        if (info.replica()) return standby(info, now);
        Setting.Data data = notes.now().data();
        boolean another = !data.runId().isEmpty() && !info.runId().equals(data.runId());
        if (another) { // it was started anew by somebody else: what it writes is nobody's
            Outcome _ = process.kill();
            return outside(Phase.STOPPED);
        }
        return primary(info, now);
    }

    private boolean wantsLog() {
        return !spec.parameters().getOrDefault("appendonly", "yes").equals("no");
    }

    // ---- down ----

    private Local outside(Phase phase) {
        Setting.Data data = notes.now().data();
        boolean there = folder.identity() == data.systemId()
                && (phase != Phase.STOPPED || data.founding() || data.blank() || folder.hasFiles());
        if (!there) {
            long other = folder.hasFiles() ? folder.identity() : 0;
            return local(other, phase, Position.NONE, Lsn.ZERO, false, false, false, Collections.emptySortedMap());
        }
        boolean always = spec.parameters().getOrDefault("appendfsync", "").equals("always") && wantsLog();
        boolean intact = !data.standby() && (data.orderly() || always) && folder.hasFiles();
        return local(
                data.systemId(),
                phase,
                new Position(data.timeline(), Lsn.ZERO),
                Lsn.ZERO,
                false,
                intact || data.founding(),
                false,
                Collections.emptySortedMap());
    }

    // ---- a replica ----

    private Local standby(Info info, long now) {
        Setting.Source source = notes.now().source();
        boolean right = source.host() != null
                && info.masterHost().equals(source.address())
                && info.masterPort() == source.port();
        boolean receiving = right && info.linkUp() && !info.loading();
        if (receiving) learnHistory(info);
        if (receiving || source.host() == null || info.syncing() || info.loading()) lostSinceNanos = 0;
        else if (lostSinceNanos == 0) lostSinceNanos = now;
        Setting.Data data = notes.now().data();
        boolean quiet = source.host() == null
                && info.masterHost().equals(Conf.NOBODY_ADDRESS)
                && info.masterPort() == Conf.NOBODY_PORT
                && !info.syncing()
                && !info.loading();
        return local(
                folder.identity(),
                Phase.STANDBY,
                new Position(data.timeline(), isIntact(info) ? new Lsn(info.offset()) : Lsn.ZERO),
                Lsn.ZERO,
                quiet,
                isIntact(info),
                receiving,
                Collections.emptySortedMap());
    }

    /// Its data is the stream up to its position: in this run of the server that was so, and nothing came between.
    private boolean isIntact(Info info) {
        Setting.Data data = notes.now().data();
        return info.runId().equals(data.runId())
                && info.history().equals(data.history())
                && info.ownOffset() == info.offset()
                && !info.loading();
    }

    /// The primary says under which name it writes, and where it began; who has that name and has come so far has its
    /// history.
    private void learnHistory(Info info) {
        ClusterState known = state;
        if (known == null || info.ownOffset() != info.offset()) return;
        Member primary = members.get(known.primary());
        boolean same = primary != null
                && primary.role() == Member.Role.PRIMARY
                && primary.history().equals(info.history())
                && primary.position().timeline() == known.timeline();
        if (!same || known.timeline() == 0 || info.offset() < known.forkedAt().bytes()) return;
        notes.keep(notes.now().with(notes.now().data().receiving(known.timeline(), info.runId(), info.history())));
    }

    // ---- a primary ----

    private Local primary(Info info, long now) {
        learnLeading(info);
        if (state != null && state.rules().size() > 1 && !info.replicas().isEmpty()) info = hurry(info);
        SortedMap<NodeId, Lsn> flushed = flushed(info);
        if (!flushed.isEmpty()) lostSinceNanos = 0;
        else if (lostSinceNanos == 0) lostSinceNanos = now;
        Lsn end = new Lsn(info.offset());
        learnTold(end, now);
        Setting.Data data = notes.now().data();
        return local(
                folder.identity(),
                Phase.PRIMARY,
                new Position(data.timeline(), end),
                data.startedAt(),
                true,
                info.runId().equals(data.runId()),
                false,
                flushed);
    }

    /// It was promoted, or started as a primary: from here on it writes another history.
    private void learnLeading(Info info) {
        Setting.Data data = notes.now().data();
        if (info.runId().equals(data.runId()) && !data.standby()) {
            // it takes another name when its first replica comes
            notes.keep(notes.now().with(data.leading(data.timeline(), data.startedAt(), data.runId(), info.history())));
            return;
        }
        boolean promoted = data.standby();
        boolean ours = state == null || state.primary().equals(me);
        if (promoted && !ours) return; // by whom? it will be ended
        notes.keep(notes.now()
                .with(data.leading(term(), new Lsn(promoted ? info.forkedAt() : 0), info.runId(), info.history())));
    }

    /// Replicas tell how far they are each second. While the cluster waits for that we ask: what is published goes
    /// to them, and `WAIT` makes them answer.
    private Info hurry(Info info) {
        if (!session.say("PUBLISH", CHANNEL, spec.name()).isDone()) return info;
        Reply _ = session.say("WAIT", Integer.toString(info.replicas().size()), WAIT_MILLIS);
        Info again = ask();
        if (again != null && !again.replica()) last = again;
        return again == null || again.replica() ? info : again;
    }

    private SortedMap<NodeId, Lsn> flushed(Info info) {
        SortedMap<NodeId, Lsn> flushed = new TreeMap<>();
        for (Info.Replica replica : info.replicas()) {
            if (!replica.online() || replica.lagSeconds() > Conf.LAG_SECONDS_MAX) continue;
            for (Member member : members.values()) {
                boolean same = member.address().equals(replica.address()) && member.port() == replica.port();
                if (same && !member.host().equals(me)) flushed.put(member.host(), new Lsn(replica.offset()));
            }
        }
        return flushed;
    }

    /// When every proxy goes by the rule, too.
    private void learnTold(Lsn end, long now) {
        Setting.Told told = notes.now().told();
        if (told.rule() == null || !told.at().equals(Setting.Told.UNTOLD)) return;
        if (toldAtNanos == 0) toldAtNanos = now;
        if (now - toldAtNanos >= PROXIES_NANOS) notes.keep(notes.now().ruled(told.rule(), end));
    }

    private Local local(
            long systemId,
            Phase phase,
            Position position,
            Lsn startedAt,
            boolean settled,
            boolean intact,
            boolean receiving,
            SortedMap<NodeId, Lsn> flushed) {
        Setting setting = notes.now();
        Rule rule = setting.told().rule();
        return new Local(
                systemId,
                setting.data().founding(),
                phase,
                phase != Phase.PRIMARY && setting.data().standby(),
                position,
                position.lsn(),
                startedAt,
                settled,
                intact,
                setting.source().host(),
                setting.source().term(),
                receiving,
                lostSinceNanos,
                0,
                rule,
                setting.told().at(),
                flushed,
                downSinceNanos,
                failedStarts);
    }
}
