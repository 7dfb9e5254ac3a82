package holdfast.server.start;

import holdfast.core.base.NodeId;
import holdfast.server.base.SafeFile;
import holdfast.server.start.join.Admission.Member;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.json.JsonMapper;

/// What a host remembers of itself, in `host.json` of its data folder: there once it belongs to a cluster.
///
/// @param you this host as the cluster knows it
/// @param voters where the store was when it joined, this host left out; empty on the first host
record HostFile(Member you, int loopPort, int agentPort, List<Member> voters) {
    private static final String FILE = "host.json";
    private static final JsonMapper JSON = JsonMapper.builder().build();

    HostFile {
        voters = List.copyOf(voters);
    }

    static boolean liesIn(Path folder) {
        return Files.exists(folder.resolve(FILE));
    }

    static HostFile load(Path folder) throws IOException {
        Path file = folder.resolve(FILE);
        try {
            return JSON.readValue(Files.readAllBytes(file), HostFile.class);
        } catch (JacksonException damaged) {
            throw new IOException(file + " is damaged: " + damaged.getOriginalMessage(), damaged);
        }
    }

    /// Whole or absent after a crash.
    void save(Path folder) throws IOException {
        SafeFile.writeSecret(folder.resolve(FILE), JSON.writeValueAsBytes(this));
    }

    UpConfig config(Path folder) {
        return new UpConfig(new NodeId(you.host()), you.address(), folder, you.ports(), loopPort, agentPort);
    }
}
