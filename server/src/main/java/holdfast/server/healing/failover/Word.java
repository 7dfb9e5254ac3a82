package holdfast.server.healing.failover;

import holdfast.core.base.Outcome;
import holdfast.core.healing.fleet.ClusterSpec;
import holdfast.core.healing.recover.failover.Failover;
import holdfast.core.healing.recover.failover.Local;
import holdfast.core.healing.recover.failover.Member;
import holdfast.core.healing.recover.failover.View;
import holdfast.server.base.Ticker;
import holdfast.server.client.Lease;
import org.jspecify.annotations.Nullable;

/// What this member says of itself in the store: when it changes, and each second. One thread, the keeper's.
final class Word {
    private static final long EVERY_NANOS = 1_000_000_000;

    private final ClusterSpec spec;
    private final HostedMember.Place place;
    private final Engine server;
    private final Desk desk;
    private final Ticker ticker;
    private @Nullable Member said;
    private long saidNanos;

    Word(ClusterSpec spec, HostedMember.Place place, Engine server, Desk desk, Ticker ticker) {
        this.spec = spec;
        this.place = place;
        this.server = server;
        this.desk = desk;
        this.ticker = ticker;
    }

    /// What was said is gone with its lease.
    void forget() {
        said = null;
    }

    void say(View view, Lease held) {
        Member member = member(view);
        if (isNoNews(member, said) && ticker.nanos() - saidNanos < EVERY_NANOS) return;
        if (desk.report(member, held) instanceof Outcome.Done) {
            said = member;
            saidNanos = ticker.nanos();
        }
    }

    private static boolean isNoNews(Member member, @Nullable Member former) {
        return former != null
                && former.role() == member.role()
                && former.streaming() == member.streaming()
                && former.pledged() == member.pledged()
                && former.history().equals(member.history())
                && former.position().timeline() == member.position().timeline();
    }

    private Member member(View view) {
        Local local = view.local();
        Member.Role role = switch (local.phase()) {
            case PRIMARY -> Member.Role.PRIMARY;
            case STANDBY -> Member.Role.REPLICA;
            case STOPPED, STARTING -> Member.Role.STOPPED;
        };
        return new Member(
                place.host(),
                place.address(),
                spec.port(),
                spec.restPort(),
                role,
                local.receiving(),
                local.position(),
                Failover.isFinal(view) ? server.pledged() : 0,
                server.pendingRestart(),
                server.history(),
                spec.tagsOf(place.host()));
    }
}
