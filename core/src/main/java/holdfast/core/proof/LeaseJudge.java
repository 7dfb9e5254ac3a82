package holdfast.core.proof;

import holdfast.core.proof.Leased.Renewal;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Whether leases ended neither early nor late. A lease lives for its TTL from the moment at which a renewal that was
/// acknowledged was asked for; once nobody renews it, its key is gone by the end of the history, which the recorder
/// puts off long enough.
final class LeaseJudge {
    private LeaseJudge() {}

    static List<Violation> judge(List<Leased> leases, Timeline timeline) {
        List<Violation> violations = new ArrayList<>();
        for (Leased lease : leases) {
            @Nullable Long gone = timeline.heardDeletedNanos(lease.key());
            if (gone == null) {
                violations.add(Violation.of(
                        "lease-late", say(lease) + " was not renewed any more, yet its key is still there."));
                continue;
            }
            boolean revoked = lease.revokedNanos() <= gone;
            for (Renewal renewal : lease.renewals()) {
                if (!renewal.acknowledged()) continue;
                if (renewal.invokedNanos() > gone) {
                    violations.add(Violation.of(
                            "lease-undead",
                            "%s was said to live on, asked at %.4f s, but its key had been deleted by %.4f s."
                                    .formatted(say(lease), renewal.invokedNanos() / 1e9, gone / 1e9)));
                } else if (!revoked && renewal.invokedNanos() + lease.ttlNanos() > gone) {
                    violations.add(Violation.of(
                            "lease-early",
                            "%s was renewed at %.4f s or later, but its key had been deleted by %.4f s."
                                    .formatted(say(lease), renewal.invokedNanos() / 1e9, gone / 1e9)));
                }
            }
        }
        return violations;
    }

    private static String say(Leased lease) {
        return "Lease %x of %s (TTL %.1f s)".formatted(lease.id(), lease.key(), lease.ttlNanos() / 1e9);
    }
}
