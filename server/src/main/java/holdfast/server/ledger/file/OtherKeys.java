package holdfast.server.ledger.file;

import holdfast.core.base.Require;
import holdfast.server.ledger.file.Forms.ServiceForm;
import org.jspecify.annotations.Nullable;

/// Keys of services without a kind, which one with a kind does not have.
final class OtherKeys {
    private OtherKeys() {}

    static void refuse(ServiceForm form, String kind) {
        refuse("command", form.command(), kind);
        refuse("instances", form.instances(), kind);
        refuse("env", form.env(), kind);
        refuse("checks", form.checks(), kind);
        refuse("depends-on", form.dependsOn(), kind);
        refuse("recovery", form.recovery(), kind);
        refuse("limits", form.limits(), kind);
        refuse("start-within", form.startWithin(), kind);
        refuse("stop-within", form.stopWithin(), kind);
        refuse("observe", form.observe(), kind);
        refuse("at", form.at(), kind);
        refuseSections(form, kind);
    }

    /// Sections of other kinds.
    static void refuseSections(ServiceForm form, String kind) {
        if (!kind.equals("postgresql")) refuse("postgresql", form.postgresql(), kind);
        if (!kind.equals("redis")) refuse("redis", form.redis(), kind);
        if (!kind.equals("singleton")) refuse("singleton", form.singleton(), kind);
    }

    private static void refuse(String key, @Nullable Object given, String kind) {
        Require.that(key, "given", given == null, "left out with kind: " + kind);
    }
}
