package holdfast.server.ledger.file;

import holdfast.core.base.NodeId;
import holdfast.core.base.Require;
import holdfast.core.base.Require.BadValue;
import holdfast.core.healing.fleet.CheckSpec;
import holdfast.core.healing.fleet.Fleet;
import holdfast.core.healing.fleet.HostSpec;
import holdfast.core.healing.fleet.Limits;
import holdfast.core.healing.fleet.PostgresSpec;
import holdfast.core.healing.fleet.RedisSpec;
import holdfast.core.healing.fleet.Rung;
import holdfast.core.healing.fleet.ServiceSpec;
import holdfast.core.healing.fleet.SingletonSpec;
import holdfast.server.ledger.file.Forms.CheckForm;
import holdfast.server.ledger.file.Forms.FleetForm;
import holdfast.server.ledger.file.Forms.HostForm;
import holdfast.server.ledger.file.Forms.LimitsForm;
import holdfast.server.ledger.file.Forms.ServiceForm;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// A fleet file, read strictly. The defaults of what is left out are those of the records in
/// `core.healing.fleet`.
public final class FleetFile {
    private static final long BYTES_MAX = 1 << 20;

    private FleetFile() {}

    /// @throws BadValue with one sentence that names the key, its value and its bound
    public static Fleet read(Path file) {
        try {
            Require.that("fleet file", file, Files.isRegularFile(file), "a file that exists");
            Require.that("fleet file", file, Files.size(file) <= BYTES_MAX, "at most " + BYTES_MAX + " bytes long");
            return parse(String.valueOf(file.getFileName()), Files.readString(file));
        } catch (CharacterCodingException _) {
            throw new BadValue("fleet file is " + file + "; it must be UTF-8 text");
        } catch (java.io.IOException failed) {
            throw new BadValue("fleet file is " + file + "; it must be readable, but: " + failed.getMessage());
        }
    }

    /// @param name what the text is called in a refusal
    public static Fleet parse(String name, String text) {
        FleetForm form = FormReader.read(Node.parse(name, text), FleetForm.class);
        List<HostSpec> hosts = new ArrayList<>();
        or(form.hosts(), Map.<String, HostForm>of()).forEach((host, one) -> hosts.add(host(host, one)));
        List<ServiceSpec> services = new ArrayList<>();
        List<PostgresSpec> postgres = new ArrayList<>();
        List<SingletonSpec> singletons = new ArrayList<>();
        List<RedisSpec> redis = new ArrayList<>();
        or(form.services(), Map.<String, ServiceForm>of()).forEach((service, one) -> {
            String key = "services." + service;
            switch (or(one.kind(), "")) {
                case "postgresql" -> postgres.add(Require.under(key, () -> PostgresForms.spec(service, one)));
                case "redis" -> redis.add(Require.under(key, () -> RedisForms.spec(service, one)));
                case "singleton" -> singletons.add(Require.under(key, () -> SingletonForms.spec(service, one)));
                default -> services.add(Require.under(key, () -> service(service, one)));
            }
        });
        return new Fleet(or(form.fleet(), ""), hosts, services, postgres, singletons, redis);
    }

    private static HostSpec host(String name, HostForm form) {
        String key = "hosts." + name;
        NodeId id = Require.under(key, () -> new NodeId(name));
        return Require.under(key, () -> new HostSpec(id, or(form.address(), "")));
    }

    private static ServiceSpec service(String name, ServiceForm form) {
        Require.that("postgresql", "given", form.postgresql() == null, "left out without kind: postgresql");
        Require.that("singleton", "given", form.singleton() == null, "left out without kind: singleton");
        Require.that("redis", "given", form.redis() == null, "left out without kind: redis");
        Map<String, String> at = or(form.at(), Map.of());
        boolean observe = or(form.observe(), false);
        List<String> hostNames = or(form.hosts(), List.of());
        List<NodeId> hosts = indexed("hosts", hostNames, NodeId::new);
        List<CheckSpec> checks = indexed("checks", or(form.checks(), List.of()), FleetFile::check);
        List<Rung> standard = observe ? List.of(Rung.HAND_OVER) : ServiceSpec.RECOVERY_DEFAULT;
        @Nullable List<String> rungs = form.recovery();
        return new ServiceSpec(
                name,
                or(form.command(), List.of()),
                or(form.instances(), observe ? at.size() : 1),
                or(form.port(), 0),
                hosts,
                new TreeMap<>(or(form.env(), Map.of())),
                checks,
                or(form.dependsOn(), List.of()),
                rungs == null
                        ? standard
                        : rungs.stream()
                                .map(word -> Rung.of(word).orElseThrow())
                                .toList(),
                limits(form.limits()),
                or(form.startWithin(), ServiceSpec.START_WITHIN_DEFAULT),
                or(form.stopWithin(), ServiceSpec.STOP_WITHIN_DEFAULT),
                observe,
                new TreeMap<>(at));
    }

    static <A, B> List<B> indexed(String key, List<A> items, java.util.function.Function<A, B> make) {
        List<B> made = new ArrayList<>();
        for (A item : items) made.add(Require.under(key + "[" + made.size() + "]", () -> make.apply(item)));
        return made;
    }

    static CheckSpec check(CheckForm form) {
        long kinds = Stream.of(form.http() != null, form.tcp() != null, form.exec() != null)
                .filter(given -> given)
                .count();
        if (kinds != 1) {
            throw new BadValue("http, tcp, exec: " + kinds + " of them are given; it must be one");
        }
        CheckSpec.Timing standard = CheckSpec.Timing.DEFAULT;
        CheckSpec.Timing timing = new CheckSpec.Timing(
                or(form.every(), standard.every()),
                or(form.timeout(), shorter(standard.timeout(), or(form.every(), standard.every()))),
                or(form.failures(), standard.failures()),
                or(form.passes(), standard.passes()));
        if (form.http() != null) return new CheckSpec.Http(form.http(), timing);
        if (form.tcp() != null) return new CheckSpec.Tcp(form.tcp(), timing);
        return new CheckSpec.Exec(or(form.exec(), List.of()), timing);
    }

    private static java.time.Duration shorter(java.time.Duration one, java.time.Duration other) {
        return one.compareTo(other) < 0 ? one : other;
    }

    static Limits limits(@Nullable LimitsForm form) {
        if (form == null) return Limits.DEFAULT;
        return Require.under(
                "limits",
                () -> new Limits(
                        or(form.restarts(), Limits.DEFAULT.restarts()),
                        or(form.per(), Limits.DEFAULT.per()),
                        or(form.isolateAtMost(), Limits.DEFAULT.isolateAtMost())));
    }

    static <T> T or(@Nullable T given, T standard) {
        return given == null ? standard : given;
    }
}
