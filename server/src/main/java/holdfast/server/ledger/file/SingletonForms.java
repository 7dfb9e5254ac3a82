package holdfast.server.ledger.file;

import static holdfast.server.ledger.file.FleetFile.or;

import holdfast.core.base.NodeId;
import holdfast.core.base.Require;
import holdfast.core.healing.fleet.ServiceSpec;
import holdfast.core.healing.fleet.SingletonSpec;
import holdfast.core.healing.fleet.SingletonSpec.Standby;
import holdfast.server.ledger.file.Forms.ServiceForm;
import holdfast.server.ledger.file.Forms.SingletonForm;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// A service of `kind: singleton`.
final class SingletonForms {
    private static final SingletonForm NOTHING = new SingletonForm(null, null, null, null);

    private SingletonForms() {}

    static SingletonSpec spec(String name, ServiceForm form) {
        OtherKeys.refuseSections(form, "singleton");
        refuse("instances", form.instances());
        refuse("depends-on", form.dependsOn());
        refuse("recovery", form.recovery());
        refuse("observe", form.observe());
        refuse("at", form.at());
        SingletonForm own = or(form.singleton(), NOTHING);
        return new SingletonSpec(
                name,
                or(form.command(), List.of()),
                or(form.port(), 0),
                FleetFile.indexed("hosts", or(form.hosts(), List.of()), NodeId::new),
                new TreeMap<>(or(form.env(), Map.of())),
                FleetFile.indexed("checks", or(form.checks(), List.of()), FleetFile::check),
                FleetFile.limits(form.limits()),
                or(form.startWithin(), ServiceSpec.START_WITHIN_DEFAULT),
                or(form.stopWithin(), ServiceSpec.STOP_WITHIN_DEFAULT),
                or(own.lease(), SingletonSpec.LEASE),
                Standby.of(or(own.standby(), Standby.COLD.key())).orElseThrow(),
                or(own.address(), ""),
                or(own.networkInterface(), ""));
    }

    private static void refuse(String key, @Nullable Object given) {
        Require.that(key, "given", given == null, "left out with kind: singleton");
    }
}
