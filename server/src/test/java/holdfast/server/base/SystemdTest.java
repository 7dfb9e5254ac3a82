package holdfast.server.base;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What a service manager hears, received by python, since Java has no datagram sockets of that kind.
final class SystemdTest {
    private static final String RECEIVER = """
            import socket, sys
            s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
            s.settimeout(20)
            s.bind(sys.argv[1])
            print('bound', flush=True)
            print(s.recv(100).decode())
            """;

    @TempDir
    private Path folder;

    @Test
    void ready_isOneDatagramToTheSocketThatWasNamed() throws Exception {
        Path python = Path.of("/usr/bin/python3");
        Assumptions.assumeTrue(Files.isExecutable(python), "python3 is not installed");
        Path socket = folder.resolve("notify");
        Process receiver = new ProcessBuilder(python.toString(), "-c", RECEIVER, socket.toString())
                .redirectErrorStream(true)
                .start();
        try (var said = receiver.inputReader(StandardCharsets.UTF_8)) {
            assertThat(said.readLine()).isEqualTo("bound");
            assertThat(Systemd.ready(socket.toString())).isTrue();
            assertThat(said.readLine()).isEqualTo("READY=1");
        }
        assertThat(receiver.waitFor(10, TimeUnit.SECONDS)).isTrue();
    }

    @Test
    void ready_withoutASocket_saysNothing_andToADeadOneFails() {
        assertThat(Systemd.ready(null)).isTrue();
        assertThat(Systemd.ready("")).isTrue();
        assertThat(Systemd.ready(folder.resolve("nobody").toString())).isFalse();
    }
}
