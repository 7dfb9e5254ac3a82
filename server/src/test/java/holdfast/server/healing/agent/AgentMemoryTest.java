package holdfast.server.healing.agent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import holdfast.core.base.Fence;
import holdfast.core.base.Outcome;
import holdfast.core.base.Reason;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What an agent must not forget.
final class AgentMemoryTest {
    @TempDir
    Path folder;

    @Test
    void highestFence_survivesARestart_andLowerOnesAreRefusedWithBothNumbers() throws IOException {
        AgentMemory first = AgentMemory.open(folder);
        assertThat(first.admit(new Fence(7))).isEmpty();
        assertThat(first.admit(new Fence(7))).isEmpty();
        AgentMemory second = AgentMemory.open(folder);
        assertThat(second.incarnation()).isEqualTo(first.incarnation() + 1);
        assertThat(second.admit(new Fence(6)))
                .hasValueSatisfying(why -> assertThat(why.sentence()).contains("epoch 6", "epoch 7"));
        assertThat(second.admit(new Fence(8))).isEmpty();
        assertThat(AgentMemory.open(folder).highest()).isEqualTo(new Fence(8));
    }

    @Test
    void damagedNotes_stopTheAgent_sinceTheFenceIsLostWithThem() throws IOException {
        AgentMemory.open(folder).admit(new Fence(7));
        Files.writeString(folder.resolve("agent.json"), "{\"incar");
        assertThatThrownBy(() -> AgentMemory.open(folder)).isInstanceOf(IOException.class);
    }

    @Test
    void actions_areKnownAfterARestart_evenWhenTheLastLineIsCutOff() throws IOException {
        Outcome refused = new Outcome.Refused(new Reason("x", "It was refused.\nIn two lines."));
        try (ActionLog log = ActionLog.open(folder)) {
            log.begin("a-1");
            log.end("a-1", new Outcome.Done(0));
            log.begin("a-2");
            log.end("a-2", refused);
            log.begin("a-3");
        }
        Files.write(
                folder.resolve("actions.log"),
                "end a-3 {\"kind\":\"do".getBytes(StandardCharsets.UTF_8),
                StandardOpenOption.APPEND);
        try (ActionLog log = ActionLog.open(folder)) {
            assertThat(log.know("a-1")).isEqualTo(new ActionLog.Known.Ended(new Outcome.Done(0)));
            assertThat(log.know("a-2")).isEqualTo(new ActionLog.Known.Ended(refused));
            assertThat(log.know("a-3")).isEqualTo(new ActionLog.Known.Begun());
            assertThat(log.know("a-4")).isEqualTo(new ActionLog.Known.Never());
        }
    }

    @Test
    void actionLog_isBounded_theNewestAreKept() throws IOException {
        Path file = folder.resolve("actions.log");
        StringBuilder text = new StringBuilder();
        for (int n = 0; n < ActionLog.ACTIONS_MAX + 100; n++)
            text.append("begin a-").append(n).append('\n');
        Files.writeString(file, text);
        try (ActionLog log = ActionLog.open(folder)) {
            assertThat(log.know("a-99")).isEqualTo(new ActionLog.Known.Never());
            assertThat(log.know("a-100")).isEqualTo(new ActionLog.Known.Begun());
        }
        assertThat(Files.readAllLines(file)).hasSize(ActionLog.ACTIONS_MAX);
    }
}
