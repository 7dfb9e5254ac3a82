package holdfast.core.truth;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class KeyspaceTest {
    private static final int PROGRAMS = 10_000;
    private static final int HUNT_PROGRAMS = 2_000;

    @Test
    void memoryShelf_tenThousandRandomPrograms_agreeWithTheModel() {
        assertThat(Trial.check(1, PROGRAMS, MemoryShelf::new)).isEqualTo(PROGRAMS);
    }

    @ParameterizedTest
    @EnumSource(names = "NONE", mode = EnumSource.Mode.EXCLUDE)
    void trial_withPlantedBug_findsIt(Flaw flaw) {
        assertThat(Trial.hunt(flaw, HUNT_PROGRAMS, MemoryShelf::new))
                .as("seed that finds %s", flaw)
                .isPositive();
    }
}
