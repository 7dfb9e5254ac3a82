package holdfast.server.cli.etcd;

import holdfast.server.peers.RealEtcd;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Assumptions;

/// `dist/bin/etcd` as it is installed, and the real etcdctl.
final class EtcdHome {
    private EtcdHome() {}

    /// @param status 0 when all went well
    record Told(int status, String out, String err) {}

    /// The script in a home of its own, whose `holdfast` is this test's class path, and a link to it.
    ///
    /// @return the link
    static Path in(Path folder) throws IOException {
        Path script = Path.of("..", "dist", "bin", "etcd");
        Path home = Files.createDirectories(folder.resolve("home with space"));
        Path bin = Files.createDirectories(home.resolve("dist/bin"));
        Path copy = Files.copy(script, bin.resolve("etcd"));
        executable(copy);
        Path launcher = home.resolve("holdfast");
        Files.writeString(launcher, """
                #!/bin/sh
                exec '%s' -Xmx256m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 --enable-native-access=ALL-UNNAMED \
                --sun-misc-unsafe-memory-access=allow -cp '%s' holdfast.server.cli.Main "$@"
                """.formatted(
                Path.of(System.getProperty("java.home"), "bin", "java"), System.getProperty("java.class.path")));
        executable(launcher);
        Path elsewhere = Files.createDirectories(folder.resolve("path"));
        return Files.createSymbolicLink(elsewhere.resolve("etcd"), copy);
    }

    private static void executable(Path file) throws IOException {
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
    }

    static Told etcdctl(String endpoint, String... arguments) throws IOException, InterruptedException {
        Optional<Path> etcdctl = RealEtcd.program("etcdctl");
        Assumptions.assumeTrue(etcdctl.isPresent(), "etcdctl is not installed");
        List<String> command = new ArrayList<>(List.of(etcdctl.get().toString(), "--endpoints=" + endpoint));
        command.addAll(List.of(arguments));
        Path errors = Files.createTempFile("etcdctl", ".err");
        try {
            Process process =
                    new ProcessBuilder(command).redirectError(errors.toFile()).start();
            String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            return new Told(process.waitFor(), out, Files.readString(errors));
        } finally {
            Files.delete(errors);
        }
    }
}
