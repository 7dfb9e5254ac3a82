package holdfast.core.healing.detect;

import holdfast.core.base.NodeId;
import holdfast.core.healing.fleet.Assignment;
import holdfast.core.healing.fleet.CheckSpec;
import holdfast.core.healing.fleet.Fleet;
import holdfast.core.healing.fleet.HostSpec;
import holdfast.core.healing.fleet.Part;
import holdfast.core.healing.fleet.Registration;
import holdfast.core.healing.fleet.ServiceSpec;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;

/// Weighs what was heard. Proofs give a verdict at once; silence needs a second witness, is asked about first,
/// and counts for nothing while the jury itself was late. One jury for each time that a node leads. One thread.
public final class Jury {
    /// Witnesses asked about one suspect in one round.
    public static final int WITNESSES_MAX = 3;
    /// Instances of a suspected host that are asked about.
    static final int INSTANCES_ASKED_MAX = 8;

    private static final long FLAP_WINDOW_NANOS = 60_000_000_000L;
    private static final int FLAPS_MAX = 3;

    private final DetectConfig config;
    private final String name;
    private final long startNanos;
    private final SortedMap<NodeId, HostWatch> hosts = new TreeMap<>();
    /// Also of hosts that no fleet names yet: their agents may well come first.
    private final SortedMap<NodeId, Registration> registrations = new TreeMap<>();
    private final SortedMap<Part.Instance, InstanceWatch> instances = new TreeMap<>();
    private final SortedMap<Part.Instance, Deque<Long>> flaps = new TreeMap<>();
    private Fleet fleet;
    private long askedCount;
    private long lastReviewNanos;
    private long doubtUntilNanos;

    /// @param name begins every question's id
    public Jury(DetectConfig config, Fleet fleet, String name, long nowNanos) {
        this.config = config;
        this.fleet = fleet;
        this.name = name;
        this.startNanos = nowNanos + config.attachGrace().toNanos();
        this.lastReviewNanos = nowNanos;
        fleet(fleet);
    }

    /// Forgets what is no longer in the fleet; observed services are watched from here on.
    public void fleet(Fleet fresh) {
        fleet = fresh;
        hosts.keySet().removeIf(host -> fresh.host(host).isEmpty());
        for (HostSpec host : fresh.hosts()) {
            hosts.computeIfAbsent(host.name(), this::watch);
        }
        instances.values().removeIf(watch -> watch.assignment == null);
        for (ServiceSpec service : fresh.services()) if (service.observe()) observe(service);
    }

    private HostWatch watch(NodeId host) {
        HostWatch watch = new HostWatch(host, config, startNanos);
        Optional.ofNullable(registrations.get(host)).ifPresent(watch::register);
        return watch;
    }

    private void observe(ServiceSpec service) {
        int number = 0;
        for (String address : service.at().values()) {
            Part.Instance instance = new Part.Instance(service.name(), ++number);
            List<String> targets = service.checks().stream()
                    .map(check -> Watchers.observedTarget(check, address))
                    .toList();
            instances.put(
                    instance,
                    new InstanceWatch(
                            instance, null, service.checks(), Watchers.ofObserved(fleet, number), targets, startNanos));
        }
    }

    /// Watches a run; another one than before begins with nothing known.
    ///
    /// @param startLimitNanos when it is late unless [#started] says otherwise
    public void assign(Assignment assignment, long startLimitNanos) {
        InstanceWatch known = instances.get(assignment.instance());
        boolean same = known != null
                && known.assignment != null
                && known.assignment.run().equals(assignment.run())
                && known.assignment.host().equals(assignment.host())
                && known.assignment.spec().checks().equals(assignment.spec().checks())
                && known.assignment.proven() == assignment.proven();
        if (assignment.desired() == Assignment.Desired.STOPPED) instances.remove(assignment.instance());
        if (same || assignment.desired() == Assignment.Desired.STOPPED) return;
        List<CheckSpec> checks = assignment.spec().checks();
        InstanceWatch watch = new InstanceWatch(
                assignment.instance(),
                assignment,
                checks,
                Watchers.of(fleet, assignment.host()),
                checks.stream().map(check -> Watchers.target(assignment, check)).toList(),
                startLimitNanos);
        instances.put(assignment.instance(), known == null ? watch : watch.carryOn(known));
    }

    public void unassign(Part.Instance instance) {
        instances.remove(instance);
    }

    /// Its agent started `run`: it should be well by `limitNanos`.
    public void started(Part.Instance instance, String run, long limitNanos) {
        InstanceWatch watch = instances.get(instance);
        if (watch != null && watch.isRun(run)) watch.started(limitNanos);
    }

    /// A former jury verified it and its endpoint stands: it is well until somebody says otherwise.
    public void inherit(Part.Instance instance) {
        InstanceWatch watch = instances.get(instance);
        if (watch != null) watch.markWell();
    }

    public void register(Registration registration) {
        registrations.put(registration.host(), registration);
        HostWatch host = hosts.get(registration.host());
        if (host != null) host.register(registration);
    }

    /// @return whether the host's present registration ended
    public boolean gone(NodeId name, long createRevision, long nowNanos) {
        registrations.values().removeIf(old -> old.host().equals(name) && old.createRevision() <= createRevision);
        HostWatch host = hosts.get(name);
        return host != null && host.gone(createRevision, nowNanos);
    }

    public void hear(Signal signal, long nowNanos) {
        HostWatch host = hosts.get(signal.witness());
        if (host == null) return;
        switch (signal) {
            case Signal.Heartbeat beat -> host.heartbeat(beat, nowNanos);
            case Signal.Attached attached -> host.attached(attached.incarnation(), nowNanos);
            case Signal.Detached _ -> host.detached(nowNanos);
            case Signal.Exited exited -> exited(exited, nowNanos);
            case Signal.Roster roster -> {
                host.listed(roster.incarnation(), nowNanos);
                roster(roster, nowNanos);
            }
            case Signal.Probed probed -> probed(probed, nowNanos);
        }
    }

    private void exited(Signal.Exited exited, long nowNanos) {
        InstanceWatch watch = instances.get(exited.instance());
        if (watch != null && watch.isRun(exited.run())) watch.exit(exited.status(), nowNanos);
    }

    private void roster(Signal.Roster roster, long nowNanos) {
        for (InstanceWatch watch : instances.values()) {
            if (!watch.host().equals(Optional.of(roster.witness()))) continue;
            Optional<Signal.Supervised> entry = roster.processes().stream()
                    .filter(process -> process.instance().equals(watch.instance) && watch.isRun(process.run()))
                    .findFirst();
            watch.roster(entry, nowNanos);
        }
    }

    private void probed(Signal.Probed probed, long nowNanos) {
        switch (probed.subject()) {
            case Part.Host(NodeId name) -> {
                HostWatch host = hosts.get(name);
                if (host != null) host.answer(probed.witness(), probed, nowNanos);
            }
            case Part.Instance instance -> {
                InstanceWatch watch = instances.get(instance);
                if (watch == null) return;
                watch.hear(probed, nowNanos);
                NodeId home = watch.host().orElse(probed.witness());
                HostWatch host = hosts.get(home);
                if (host != null && !home.equals(probed.witness()) && watch.isTarget(probed)) {
                    host.instanceAnswer(instance, probed, nowNanos);
                }
            }
            case Part.Store _ -> {}
        }
    }

    /// Looks at silence, leases and suspicions. Call it in every turn after the signals were heard, before the
    /// verdicts.
    ///
    /// @return questions to ask now
    public List<Probe> review(long nowNanos) {
        // Late ourselves: what looks like their silence may be ours.
        if (nowNanos - lastReviewNanos > config.selfStall().toNanos()) {
            doubtUntilNanos = nowNanos + config.selfStall().toNanos();
        }
        lastReviewNanos = nowNanos;
        if (nowNanos < doubtUntilNanos) return List.of();
        for (InstanceWatch watch : instances.values()) {
            if (watch.accusesHost(nowNanos)) {
                watch.host()
                        .flatMap(this::host)
                        .ifPresent(host -> host.suspect("Others cannot reach " + watch.instance + " on it", nowNanos));
            }
        }
        List<Probe> questions = new ArrayList<>();
        for (HostWatch host : hosts.values()) {
            if (nowNanos < startNanos && host.registration().isEmpty()) continue;
            host.review(isNeeded(host.host), nowNanos);
        }
        for (HostWatch host : hosts.values()) if (host.takeRound(nowNanos)) ask(host, questions);
        return questions;
    }

    private Optional<HostWatch> host(NodeId host) {
        return Optional.ofNullable(hosts.get(host));
    }

    private Optional<InstanceWatch> instance(Part.Instance instance) {
        return Optional.ofNullable(instances.get(instance));
    }

    private boolean isNeeded(NodeId host) {
        for (InstanceWatch watch : instances.values()) {
            if (watch.assignment != null && watch.assignment.host().equals(host)) return true;
        }
        return false;
    }

    private void ask(HostWatch suspect, List<Probe> questions) {
        for (NodeId witness : witnesses(suspect.host)) {
            if (!suspect.agentAddress().isEmpty()) {
                questions.add(question(witness, new Part.Host(suspect.host), 0, suspect.agentAddress()));
            }
            for (Part.Instance instance : ported(suspect.host)) {
                InstanceWatch watch = instances.get(instance);
                if (watch == null) continue;
                int check = watch.remoteCheck();
                questions.add(question(witness, instance, check, watch.targetOf(check)));
            }
        }
    }

    private Probe question(NodeId witness, Part subject, int check, String target) {
        return new Probe(
                name + "-q" + ++askedCount,
                witness,
                subject,
                check,
                target,
                config.askTimeout().toNanos());
    }

    /// Hosts that can be asked about `suspect`: up themselves, next in the ring of names.
    private List<NodeId> witnesses(NodeId suspect) {
        List<NodeId> ring = new ArrayList<>(hosts.tailMap(suspect).keySet());
        ring.addAll(hosts.headMap(suspect).keySet());
        return ring.stream()
                .filter(host -> !host.equals(suspect) && isUp(host))
                .limit(WITNESSES_MAX)
                .toList();
    }

    private List<Part.Instance> ported(NodeId host) {
        return instances.values().stream()
                .filter(watch -> watch.host().equals(Optional.of(host)) && watch.isRemote())
                .filter(watch -> watch.isStarted() && !watch.isExited())
                .map(watch -> watch.instance)
                .limit(INSTANCES_ASKED_MAX)
                .toList();
    }

    /// Every verdict that stands now: hosts first, in name order. Instances of a suspected host wait, unless
    /// their exit was seen.
    public List<Fault> faults(long nowNanos) {
        List<Fault> faults = new ArrayList<>();
        if (nowNanos < doubtUntilNanos) return faults;
        for (HostWatch host : hosts.values()) {
            if (!host.isSuspected()) continue;
            host.judge(ported(host.host), witnesses(host.host).size(), nowNanos).ifPresent(faults::add);
        }
        for (InstanceWatch watch : instances.values()) {
            Optional<HostWatch> host = watch.host().flatMap(this::host);
            boolean waits = host.isPresent() && !host.get().isUp() && !watch.isExited();
            if (waits) continue;
            long heardNanos = host.map(HostWatch::heardNanos).orElse(nowNanos);
            watch.judge(heardNanos, nowNanos).ifPresent(faults::add);
        }
        return faults;
    }

    /// Whether `instance` may be called well, and remembers it when so.
    public Verification verify(Part.Instance instance, long nowNanos) {
        InstanceWatch watch = instances.get(instance);
        if (watch == null) return new Verification(false, List.of(), "It is not meant to run.");
        SortedSet<NodeId> well = watch.wellBy(1 << flapCount(instance, nowNanos), nowNanos);
        NodeId own = watch.host().orElse(null);
        if (own != null && !isUp(own)) return new Verification(false, List.copyOf(well), "Its host is not up.");
        if (!watch.hasChecks()) {
            String seconds = InstanceWatch.SETTLE_NANOS / 1_000_000_000 + " s";
            String sentence = "It has no checks: its own host saw it run for " + seconds + ".";
            return remember(watch, new Verification(!well.isEmpty(), List.copyOf(well), sentence));
        }
        SortedSet<NodeId> others = new TreeSet<>();
        if (watch.isRemote()) {
            for (NodeId watcher : watch.watchers()) if (!watcher.equals(own) && isUp(watcher)) others.add(watcher);
        }
        SortedSet<NodeId> wellOthers = new TreeSet<>(well);
        wellOthers.retainAll(others);
        // Two others if there are; else all others and its own host.
        boolean enough = others.size() >= 2
                ? wellOthers.size() >= 2
                : well.containsAll(others) && (own == null ? !well.isEmpty() : well.contains(own));
        String by = well.isEmpty()
                ? "nobody"
                : String.join(" and ", well.stream().map(NodeId::name).toList());
        String reservation = "";
        if (!watch.isRemote()) reservation = ", and no other host can make its checks";
        else if (others.isEmpty()) reservation = ", and there is no other host to ask";
        String sentence = by + " found it well enough times in a row" + reservation + ".";
        return remember(watch, new Verification(enough, List.copyOf(well), sentence));
    }

    private static Verification remember(InstanceWatch watch, Verification verification) {
        if (verification.enough()) watch.markWell();
        return verification;
    }

    /// A fault of this instance was charged: the next return to health must hold longer (flap damping).
    public void charged(Part.Instance instance, long nowNanos) {
        flaps.computeIfAbsent(instance, _ -> new ArrayDeque<>()).addLast(nowNanos);
    }

    private int flapCount(Part.Instance instance, long nowNanos) {
        Deque<Long> times = flaps.get(instance);
        if (times == null) return 0;
        while (!times.isEmpty() && nowNanos - times.getFirst() > FLAP_WINDOW_NANOS) times.removeFirst();
        return Math.clamp(times.size() - 1L, 0, FLAPS_MAX);
    }

    /// Registered, heard by this jury and not suspected.
    public boolean isUp(NodeId host) {
        return host(host).filter(HostWatch::isUp).isPresent();
    }

    public boolean isSuspected(NodeId host) {
        return host(host).filter(HostWatch::isSuspected).isPresent();
    }

    public Optional<Registration> registration(NodeId host) {
        return host(host).flatMap(HostWatch::registration);
    }

    /// How long `host` has been up; 0 when it is not.
    public long upNanos(NodeId host) {
        return isUp(host) ? lastReviewNanos - host(host).orElseThrow().upSinceNanos() : 0;
    }

    /// Length of the lease that it has or had last.
    public long ttlNanos(NodeId host) {
        return host(host).map(HostWatch::ttlNanos).orElse(HostWatch.TTL_UNKNOWN_NANOS);
    }

    /// Its agent refused to start `run`: it ended before it began.
    public void refused(Part.Instance instance, String run, String why, long nowNanos) {
        instance(instance).filter(watch -> watch.isRun(run)).ifPresent(watch -> watch.refused(why, nowNanos));
    }

    /// Whether this run was once verified and nothing speaks against it now.
    public boolean isWell(Part.Instance instance, long nowNanos) {
        return wasWell(instance) && !isDoubtful(instance, nowNanos);
    }

    /// Whether this run was ever verified by this jury or the one before.
    public boolean wasWell(Part.Instance instance) {
        return instance(instance).filter(InstanceWatch::wasWell).isPresent();
    }

    /// Whether some witness is being failed by it, verdict or not.
    public boolean isDoubtful(Part.Instance instance, long nowNanos) {
        return instance(instance).map(watch -> watch.isDoubtful(nowNanos)).orElse(true);
    }

    public boolean isStarted(Part.Instance instance) {
        return instance(instance).filter(InstanceWatch::isStarted).isPresent();
    }

    /// Whether its agent's last roster shows `run` running: reads back an action whose outcome is missing.
    public boolean isRunning(Part.Instance instance, String run) {
        return instance(instance)
                .filter(watch -> watch.isRun(run) && watch.isRunning())
                .isPresent();
    }

    public boolean isExited(Part.Instance instance) {
        return instance(instance).filter(InstanceWatch::isExited).isPresent();
    }
}
