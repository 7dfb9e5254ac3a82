package holdfast.server.healing.redis;

import holdfast.core.base.NodeId;
import holdfast.core.base.Outcome;
import holdfast.core.base.Reason;
import holdfast.core.healing.fleet.RedisSpec;
import holdfast.core.healing.recover.failover.ClusterState;
import holdfast.core.healing.recover.failover.Holder;
import holdfast.core.healing.recover.failover.Local;
import holdfast.core.healing.recover.failover.Local.Phase;
import holdfast.core.healing.recover.failover.Lsn;
import holdfast.core.healing.recover.failover.Member;
import holdfast.core.healing.recover.failover.Rule;
import holdfast.server.base.SafeFile;
import holdfast.server.base.Ticker;
import holdfast.server.healing.failover.Engine;
import holdfast.server.healing.failover.HostedMember;
import holdfast.server.healing.failover.Secrets;
import holdfast.server.healing.redis.Session.Reply;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.SortedMap;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// This host's Redis or Valkey: what can be done with it; [Eyes] has what it is. One thread, the keeper's.
public final class RedisEngine implements Engine {
    private static final Logger LOG = LoggerFactory.getLogger(RedisEngine.class);
    private static final long PROMOTE_LIMIT_NANOS = 5_000_000_000L;
    private static final long DRAIN_LIMIT_NANOS = 3_000_000_000L;
    private static final String PAUSE_MILLIS = "5000";
    private static final long LOOK_MILLIS = 5;
    private static final long START_EVERY_NANOS = 1_000_000_000;

    private final RedisSpec spec;
    private final NodeId me;
    private final String address;
    private final Program program;
    private final Ticker ticker;
    private final String tag;
    private final Path data;
    private final Path confFile;
    private final DataFolder folder;
    private final RedisProcess process;
    private final Notes notes;
    private final Session session;
    private final Eyes eyes;
    private volatile Secrets secrets = new Secrets("", "", "", "");
    private boolean pendingRestart;
    private long nextStartNanos;

    /// @param folder our own for this cluster
    /// @param tag in the environment of the server, for the guard
    private RedisEngine(
            RedisSpec spec, HostedMember.Place place, Program program, Path folder, String tag, Ticker ticker)
            throws IOException {
        this.spec = spec;
        this.me = place.host();
        this.address = place.address();
        this.program = program;
        this.ticker = ticker;
        this.tag = tag;
        this.data = spec.cluster().data().isEmpty()
                ? folder.resolve("data")
                : Path.of(spec.cluster().data());
        this.confFile = folder.resolve("redis.conf");
        this.folder = new DataFolder(program, data);
        this.folder.make();
        this.process = new RedisProcess(program, data, folder.resolve("redis.log"), ticker);
        this.notes = Notes.open(folder.resolve("member.json"), this.folder);
        this.session = new Session(address, spec.cluster().port(), spec.auth(), () -> secrets.superuserPassword());
        this.eyes = new Eyes(spec, me, this.folder, process, session, notes, ticker);
    }

    /// @throws IOException when neither Redis nor Valkey is installed, or a folder cannot be made
    public static RedisEngine open(RedisSpec spec, HostedMember.Place place, Path folder, String tag, Ticker ticker)
            throws IOException {
        String bin = spec.cluster().bin();
        Program program = Program.find(bin, spec.cluster().user())
                .orElseThrow(() ->
                        new IOException("no valkey-server or redis-server in " + (bin.isEmpty() ? "the PATH" : bin)));
        return new RedisEngine(spec, place, program, folder, tag, ticker);
    }

    @Override
    public String superuser() {
        return "default";
    }

    @Override
    public void learn(Secrets known) {
        if (known.equals(secrets)) return;
        secrets = known;
        session.close();
    }

    @Override
    public long rememberedLease() {
        return notes.now().lease();
    }

    @Override
    public void rememberLease(long id) {
        notes.keep(notes.now().leased(id));
    }

    @Override
    public long pledged() {
        return notes.now().source().pledged();
    }

    @Override
    public boolean pendingRestart() {
        return pendingRestart;
    }

    @Override
    public void hear(@Nullable ClusterState state, SortedMap<NodeId, Member> members) {
        eyes.hear(state, members);
    }

    @Override
    public String history() {
        return eyes.history();
    }

    @Override
    public long pid() {
        return process.pid();
    }

    @Override
    public Local look() {
        return eyes.look();
    }

    // ---- hands ----

    @Override
    public Outcome initialize() {
        try {
            folder.empty(); // ours, and never served
            long systemId = DataFolder.freshIdentity();
            folder.identify(systemId);
            notes.keep(notes.now().anew(Setting.Data.founding(systemId)));
            return new Outcome.Done(0);
        } catch (IOException failed) {
            return failed("cannot-initialize", failed);
        }
    }

    @Override
    public Outcome adopt() {
        return new Outcome.Done(0); // the password is in the configuration, and the name was given when it was found
    }

    @Override
    public void founded() {
        notes.keep(notes.now().with(notes.now().data().founded()));
    }

    @Override
    public Outcome start() throws InterruptedException {
        if (process.pid() != 0) return new Outcome.Done(0);
        pauseBeforeAnother();
        notes.keep(notes.now().with(notes.now().data().starting()));
        if (notes.now().told().rule() != null) {
            notes.keep(notes.now().ruled(notes.now().told().rule(), Setting.Told.UNTOLD));
        }
        try {
            boolean persists = folder.hasLog() || !folder.hasFiles(); // else it would start empty over its snapshot
            write(Conf.text(spec, fixed(), notes.now(), persists));
        } catch (IOException failed) {
            return failed("cannot-write", failed);
        }
        pendingRestart = false;
        Outcome started = process.start(confFile, tag);
        eyes.started(started instanceof Outcome.Done);
        return started;
    }

    /// One that ends again and again is not started again and again at once.
    private void pauseBeforeAnother() throws InterruptedException {
        long leftNanos = nextStartNanos - ticker.nanos();
        if (eyes.neverAnswered() && leftNanos > 0) TimeUnit.NANOSECONDS.sleep(leftNanos);
        nextStartNanos = ticker.nanos() + START_EVERY_NANOS;
    }

    private void write(String conf) throws IOException {
        SafeFile.writeSecret(confFile, conf.getBytes(StandardCharsets.UTF_8));
        program.user().own(confFile);
    }

    private Map<String, String> fixed() {
        return Conf.fixed(spec, me, address, data, spec.auth() ? secrets.superuserPassword() : "");
    }

    /// Redis gets by itself what it lacks: the missing part of the stream when the primary has it, else everything.
    @Override
    public Outcome follow(Holder holder) throws InterruptedException {
        notes.keep(notes.now().following(holder.host(), holder.address(), holder.port(), holder.term()));
        eyes.followed();
        if (process.pid() == 0) return start();
        return outcome(session.say("REPLICAOF", holder.address(), Integer.toString(holder.port())));
    }

    @Override
    public Outcome pledge(long term) {
        notes.keep(notes.now().pledging(term));
        return receiveNothing();
    }

    private Outcome receiveNothing() {
        return outcome(session.say("REPLICAOF", Conf.NOBODY_ADDRESS, Integer.toString(Conf.NOBODY_PORT)));
    }

    @Override
    public Outcome apply(Rule rule) {
        notes.keep(notes.now().ruled(rule, Setting.Told.UNTOLD));
        eyes.ruled();
        return outcome(session.say(
                "CONFIG", "SET", "min-replicas-to-write", Integer.toString(Conf.leastReplicas(spec, rule))));
    }

    @Override
    public Outcome promote() throws InterruptedException {
        Outcome told = outcome(session.say("REPLICAOF", "NO", "ONE"));
        if (!(told instanceof Outcome.Done)) return told;
        long deadlineNanos = ticker.nanos() + PROMOTE_LIMIT_NANOS;
        while (eyes.look().phase() != Phase.PRIMARY) {
            if (ticker.nanos() > deadlineNanos) {
                return new Outcome.Unknown(new Reason("still-replica", "The promotion takes too long."));
            }
            TimeUnit.MILLISECONDS.sleep(LOOK_MILLIS);
        }
        notes.keep(
                notes.now().ruled(notes.now().told().rule(), notes.now().data().startedAt()));
        return new Outcome.Done(0);
    }

    @Override
    public void checkpoint() {
        // its stops are quick
    }

    /// It becomes a replica of nobody that has not lost its place: what follows is a partial copy, not a whole one.
    @Override
    public Outcome handOver() throws InterruptedException {
        if (process.pid() == 0) return new Outcome.Done(0);
        Reply paused = session.say("CLIENT", "PAUSE", PAUSE_MILLIS, "WRITE");
        if (paused instanceof Reply.Refused) return stop(true); // before 6.2
        awaitReplicas();
        notes.keep(notes.now().pledging(0).with(notes.now().data().asStandby()));
        Outcome left = receiveNothing();
        if (!(left instanceof Outcome.Done)) return stop(true);
        Reply _ = session.say("CLIENT", "UNPAUSE"); // else it would not take its next primary's writes either
        awaitReplicas(); // what it said between the two
        return left;
    }

    private void awaitReplicas() throws InterruptedException {
        long deadlineNanos = ticker.nanos() + DRAIN_LIMIT_NANOS;
        while (ticker.nanos() < deadlineNanos) {
            Info info = eyes.ask();
            if (info == null) return;
            boolean all = info.replicas().stream()
                    .filter(replica -> replica.online() && replica.lagSeconds() <= Conf.LAG_SECONDS_MAX)
                    .allMatch(replica -> replica.offset() >= info.offset());
            if (all) return;
            TimeUnit.MILLISECONDS.sleep(LOOK_MILLIS);
        }
    }

    @Override
    public Outcome stop(boolean orderly) {
        session.close();
        Outcome stopped = orderly
                ? process.stopOrderly(spec.cluster().stopWithin().toNanos())
                : new Outcome.Refused(new Reason("at-once", "It is ended at once."));
        boolean inOrder = stopped instanceof Outcome.Done;
        if (!inOrder) stopped = process.kill();
        notes.keep(notes.now().with(notes.now().data().ended(inOrder)));
        return stopped;
    }

    /// Redis takes back what its primary does not have without a word of how much that was.
    @Override
    public Lsn rewoundFrom() {
        return Lsn.ZERO;
    }

    @Override
    public Outcome rewind(Holder from) throws InterruptedException {
        return answers(from) ? follow(from) : noSource(from);
    }

    @Override
    public Outcome cloneFrom(Holder from) {
        ClusterState state = eyes.state();
        if (state == null || !answers(from)) return noSource(from);
        Outcome stopped = stop(false);
        if (!(stopped instanceof Outcome.Done)) return stopped;
        try {
            folder.empty();
            folder.identify(state.systemId());
            notes.keep(notes.now().anew(Setting.Data.blank(state.systemId())));
            return new Outcome.Done(0);
        } catch (IOException failed) {
            return failed("cannot-clone", failed);
        }
    }

    private boolean answers(Holder from) {
        try (Session aside = new Session(from.address(), from.port(), spec.auth(), () -> secrets.superuserPassword())) {
            return aside.say("INFO", "server").isDone();
        }
    }

    private static Outcome noSource(Holder from) {
        return new Outcome.Refused(new Reason("no-source", "The primary on " + from.host() + " does not answer."));
    }

    /// What changed since the server was started is told it, as far as it takes that while it runs.
    @Override
    public boolean refresh(@Nullable ClusterState state) {
        if (process.pid() == 0) return true;
        try {
            Map<String, String> started = Conf.parse(Files.exists(confFile) ? Files.readString(confFile) : "");
            for (Map.Entry<String, String> line : fixed().entrySet()) {
                if (line.getValue().equals(started.get(line.getKey()))) continue;
                Reply reply = session.say("CONFIG", "SET", line.getKey(), line.getValue());
                if (reply instanceof Reply.Silent) return false;
                if (reply instanceof Reply.Refused) pendingRestart = true;
            }
            return true;
        } catch (IOException failed) {
            LOG.warn("What {} was started with cannot be read: {}", me, failed.getMessage());
            return true;
        }
    }

    private static Outcome outcome(Reply reply) {
        return switch (reply) {
            case Reply.Said _ -> new Outcome.Done(0);
            case Reply.Refused(String error) -> new Outcome.Refused(new Reason("refused", error));
            case Reply.Silent(String why) -> new Outcome.Unknown(new Reason("no-answer", why));
        };
    }

    private static Outcome failed(String code, IOException failed) {
        return new Outcome.Refused(new Reason(code, String.valueOf(failed.getMessage())));
    }

    /// Leaves the server running.
    @Override
    public void close() {
        session.close();
    }
}
