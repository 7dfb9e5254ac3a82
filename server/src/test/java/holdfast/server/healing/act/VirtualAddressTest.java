package holdfast.server.healing.act;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import holdfast.core.base.Outcome;
import holdfast.server.peers.Processes;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/// On the loopback interface of this machine, where that is allowed.
final class VirtualAddressTest {
    private final long pid = ProcessHandle.current().pid();
    private final VirtualAddress address =
            new VirtualAddress("10.213.%d.%d/32".formatted(pid / 250 % 250 + 1, pid % 250 + 1), "lo");

    @AfterEach
    void remove() {
        Outcome _ = address.remove();
    }

    @Test
    void address_isHere_fromWhenItIsAdded_untilItIsRemoved() {
        assumeThat(address.refusal()).isEmpty();
        assertThat(address.isHere()).isFalse();
        assertThat(address.add(60)).isInstanceOf(Outcome.Done.class);
        assertThat(address.isHere()).isTrue();
        assertThat(address.add(60)).as("again").isInstanceOf(Outcome.Done.class);
        assertThat(address.announce()).isInstanceOf(Outcome.Done.class);
        assertThat(address.remove()).isInstanceOf(Outcome.Done.class);
        assertThat(address.isHere()).isFalse();
        assertThat(address.remove()).as("again").isInstanceOf(Outcome.Done.class);
    }

    @Test
    void address_thatNobodyRefreshes_isTakenAwayByTheKernel() {
        assumeThat(address.refusal()).isEmpty();
        assertThat(address.add(1)).isInstanceOf(Outcome.Done.class);
        Processes.await("the end of its time", Duration.ofSeconds(10), () -> !address.isHere());
    }

    @Test
    void interface_thatIsNotThere_isRefusedInWords() {
        VirtualAddress nowhere = new VirtualAddress("10.213.0.1/32", "nowhere0");
        assertThat(nowhere.refusal()).isPresent();
        assertThat(nowhere.add(1)).isInstanceOf(Outcome.Refused.class);
        assertThat(nowhere.add(1).toString()).contains("10.213.0.1/32 on nowhere0: no such interface");
    }
}
