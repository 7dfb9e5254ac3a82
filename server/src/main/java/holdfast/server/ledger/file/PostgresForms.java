package holdfast.server.ledger.file;

import static holdfast.server.ledger.file.FleetFile.or;

import holdfast.core.base.NodeId;
import holdfast.core.healing.fleet.ClusterSpec;
import holdfast.core.healing.fleet.ClusterSpec.Durability;
import holdfast.core.healing.fleet.PostgresSpec;
import holdfast.core.healing.fleet.SlotSpec;
import holdfast.server.ledger.file.Forms.PostgresForm;
import holdfast.server.ledger.file.Forms.ServiceForm;
import holdfast.server.ledger.file.Forms.SlotForm;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;

/// A service of `kind: postgresql`.
final class PostgresForms {
    private static final PostgresForm NOTHING = new PostgresForm(
            null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null,
            null, null, null, null);

    private PostgresForms() {}

    static PostgresSpec spec(String name, ServiceForm form) {
        OtherKeys.refuse(form, "postgresql");
        PostgresForm own = or(form.postgresql(), NOTHING);
        ClusterSpec cluster = new ClusterSpec(
                ClusterSpec.Kind.POSTGRESQL,
                name,
                FleetFile.indexed("hosts", or(form.hosts(), List.of()), NodeId::new),
                or(form.port(), PostgresSpec.PORT),
                or(own.bin(), ""),
                or(own.data(), ""),
                or(own.user(), PostgresSpec.USER),
                Durability.of(or(own.durability(), Durability.SYNC_1.key())).orElseThrow(),
                or(own.strict(), false),
                or(own.lease(), ClusterSpec.LEASE),
                own.lagBytesMax() == null ? ClusterSpec.LAG_BYTES_MAX : own.lagBytesMax(),
                or(own.startWithin(), ClusterSpec.START_WITHIN),
                or(own.stopWithin(), ClusterSpec.STOP_WITHIN),
                new TreeSet<>(
                        FleetFile.indexed("postgresql.no-failover", or(own.noFailover(), List.of()), NodeId::new)),
                or(own.restPort(), PostgresSpec.REST_PORT),
                or(own.writePort(), 0),
                or(own.readPort(), 0),
                TagForms.tags("postgresql", own.priority(), own.noBalance(), own.noSync()),
                or(own.onRoleChange(), List.of()));
        return new PostgresSpec(
                cluster,
                new TreeMap<>(or(own.parameters(), Map.of())),
                or(own.hba(), List.of()),
                or(own.replicaMethod(), List.of()),
                or(own.postInit(), List.of()),
                slots(or(own.slots(), Map.of())));
    }

    private static SortedMap<String, SlotSpec> slots(Map<String, SlotForm> forms) {
        SortedMap<String, SlotSpec> slots = new TreeMap<>();
        forms.forEach((name, form) -> slots.put(
                name, new SlotSpec(SlotSpec.Type.of(or(form.type(), "")).orElseThrow())));
        return slots;
    }

    /// The reverse.
    static Map<String, Object> written(PostgresSpec spec) {
        return new ClusterSection.Written()
                .cluster(spec.cluster(), PostgresSpec.USER, Durability.SYNC_1, PostgresSpec.REST_PORT)
                .put("parameters", spec.parameters(), Map.of())
                .put("hba", spec.hba(), List.of())
                .put("replica-method", spec.replicaMethod(), List.of())
                .put("post-init", spec.postInit(), List.of())
                .put("slots", slots(spec.slots()), Map.of())
                .of(spec.cluster(), PostgresSpec.PORT);
    }

    private static Map<String, Object> slots(SortedMap<String, SlotSpec> slots) {
        Map<String, Object> written = new TreeMap<>();
        slots.forEach(
                (name, slot) -> written.put(name, Map.of("type", slot.type().key())));
        return written;
    }
}
