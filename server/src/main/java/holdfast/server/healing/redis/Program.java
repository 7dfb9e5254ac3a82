package holdfast.server.healing.redis;

import holdfast.server.healing.failover.ServerUser;
import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/// The server's program, run as its user.
///
/// @param path of `valkey-server` or `redis-server`
/// @param user that it runs as
record Program(Path path, ServerUser user) {
    private static final List<String> NAMES = List.of("valkey-server", "redis-server");

    /// @param bin folder as the owner named it; empty to search the PATH
    static Optional<Program> find(String bin, String user) {
        String folders = bin.isEmpty() ? System.getenv().getOrDefault("PATH", "/usr/bin:/bin") : bin;
        return NAMES.stream()
                .flatMap(name -> Stream.of(folders.split(File.pathSeparator, -1))
                        .filter(folder -> !folder.isEmpty())
                        .map(folder -> Path.of(folder, name)))
                .filter(path -> Files.isRegularFile(path) && Files.isExecutable(path))
                .findFirst()
                .map(path -> new Program(path, new ServerUser(user)));
    }

    List<String> words(Path conf) {
        return user.words(path, List.of(conf.toString()));
    }
}
