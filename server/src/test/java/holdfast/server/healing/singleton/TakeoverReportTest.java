package holdfast.server.healing.singleton;

import static org.assertj.core.api.Assertions.assertThat;

import holdfast.core.base.NodeId;
import holdfast.core.base.Reason;
import holdfast.core.healing.Incident;
import holdfast.core.healing.detect.Mode;
import holdfast.server.ledger.LedgerJson;
import java.util.List;
import org.junit.jupiter.api.Test;

final class TakeoverReportTest {
    private static final Tenure FORMER = new Tenure(6, "h2", 40, 1_000, 1_300, null, false);
    private static final Tenure PRESENT = new Tenure(7, "h1", 55, 9_000, 9_320, null, false);

    private static Incident incident(Tenure former) {
        return new TakeoverReport("cron", List.of(new NodeId("h1"), new NodeId("h2")), former, PRESENT).incident();
    }

    @Test
    void handover_isNoTrouble() {
        assertThat(TakeoverReport.isDue(FORMER.ended(new Reason("asked", "Asked."), false)))
                .isFalse();
        assertThat(TakeoverReport.isDue(FORMER)).isTrue();
    }

    @Test
    void lostLease_isTold() {
        Incident incident = incident(FORMER);
        assertThat(incident.id()).isEqualTo("singleton-cron-0000000007");
        assertThat(incident.subject()).hasToString("cron/2");
        assertThat(incident.diagnosis().mode()).isEqualTo(Mode.UNREACHABLE);
        assertThat(incident.diagnosis().cause()).isEqualTo("h2, which was active, let its lease end; h1 took over.");
        assertThat(incident.times().verified()).isEqualTo(9_320);
        assertThat(LedgerJson.read(LedgerJson.write(incident), Incident.class)).contains(incident);
    }

    @Test
    void processThatEndedTooOften_isTold() {
        Incident incident = incident(FORMER.ended(new Reason("ended", "It ended with status 3."), true));
        assertThat(incident.diagnosis().mode()).isEqualTo(Mode.EXITED);
        assertThat(incident.diagnosis().proven()).isTrue();
        assertThat(incident.diagnosis().cause()).isEqualTo("h2 could not go on: It ended with status 3. h1 took over.");
        assertThat(incident.entries().getFirst().what().code()).isEqualTo("ended");
    }
}
