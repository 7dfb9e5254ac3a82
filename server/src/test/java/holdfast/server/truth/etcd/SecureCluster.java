package holdfast.server.truth.etcd;

import holdfast.server.base.Ticker;
import holdfast.server.base.tls.Authority;
import holdfast.server.base.tls.Identity;
import holdfast.server.peers.Processes;
import java.io.IOException;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// Up to four members m1 to m4 that want certificates of everybody, each with its own process: etcd itself, or
/// `holdfast etcd`, with the very same flags. Begins with m1 alone; transcripts let it grow.
final class SecureCluster implements Etcdctl.Site, AutoCloseable {
    private static final int MEMBERS_MAX = 4;
    private static final Duration LIMIT = Duration.ofSeconds(60);

    /// Starts a program that takes etcd's flags.
    interface Program {
        Processes.Running start(Processes processes, String name, List<String> flags);
    }

    private final Path etcdctl;
    private final Path folder;
    private final Program program;
    private final Authority authority;
    private final Identity server;
    private final Processes processes;
    private final List<Integer> ports = new ArrayList<>();
    private final List<String> initial = new ArrayList<>();

    private SecureCluster(Path etcdctl, Path folder, Program program) throws IOException, GeneralSecurityException {
        this.etcdctl = etcdctl;
        this.folder = folder;
        this.program = program;
        authority = Authority.create("test", Ticker.system());
        server = identity("server");
        processes = Processes.in(folder);
        for (int port = 0; port < 2 * MEMBERS_MAX; port++) ports.add(Processes.freePort());
    }

    /// Starts m1 and waits until it answers.
    static SecureCluster start(Path etcdctl, Path folder, Program program)
            throws IOException, GeneralSecurityException, InterruptedException {
        SecureCluster cluster = new SecureCluster(etcdctl, folder, program);
        for (String user : List.of("root", "alice", "bob", "stranger")) cluster.identity(user);
        cluster.start(1);
        return cluster;
    }

    private Identity identity(String name) throws IOException, GeneralSecurityException {
        Identity.Applicant applicant = Identity.Applicant.create(name);
        String certificate = authority.sign(applicant.requestPem(), name, List.of("127.0.0.1"), Ticker.system());
        return Identity.save(folder.resolve(name), authority.certificatePem(), certificate, applicant.keyPem());
    }

    private String url(int member) {
        return "https://127.0.0.1:" + ports.get(member - 1);
    }

    private String peerUrl(int member) {
        return "https://127.0.0.1:" + ports.get(MEMBERS_MAX + member - 1);
    }

    private void start(int member) throws IOException, InterruptedException {
        String name = "m" + member;
        initial.add(name + "=" + peerUrl(member));
        List<String> flags = new ArrayList<>(List.of(
                "--name=" + name,
                "--data-dir=" + folder.resolve(name),
                "--listen-client-urls=" + url(member),
                "--advertise-client-urls=" + url(member),
                "--listen-peer-urls=" + peerUrl(member),
                "--initial-advertise-peer-urls=" + peerUrl(member),
                "--initial-cluster=" + String.join(",", initial),
                "--initial-cluster-state=" + (member == 1 ? "new" : "existing"),
                "--quota-backend-bytes=4194304",
                "--auth-token=simple",
                "--auth-token-ttl=300",
                "--bcrypt-cost=4",
                "--client-cert-auth",
                "--peer-client-cert-auth",
                "--log-level=warn",
                "--unsafe-no-fsync"));
        for (String side : List.of("", "peer-")) {
            flags.add("--" + side + "cert-file=" + server.certificateFile());
            flags.add("--" + side + "key-file=" + server.keyFile());
            flags.add("--" + side + "trusted-ca-file=" + server.authorityFile());
        }
        Processes.Running running = program.start(processes, name, flags);
        Processes.await(name + " answers", LIMIT, () -> {
            if (!running.isAlive()) throw new AssertionError(running.logTail());
            return !status(member).isEmpty() && ask(1, "member", "list").contains(", started, " + name + ", ");
        });
    }

    /// The line that `endpoint status` prints of a member; empty when it does not answer.
    private String status(int member) {
        return ask(member, "endpoint", "status");
    }

    private String ask(int member, String... words) {
        List<String> command =
                new ArrayList<>(List.of(etcdctl.toString(), "--endpoints=" + url(member), "--command-timeout=2s"));
        command.addAll(flags("root"));
        command.addAll(List.of(words));
        try {
            Process process = new ProcessBuilder(command)
                    .redirectError(ProcessBuilder.Redirect.DISCARD)
                    .start();
            String out = new String(process.getInputStream().readAllBytes());
            return process.waitFor() == 0 ? out : "";
        } catch (IOException | InterruptedException bug) {
            throw new IllegalStateException(bug);
        }
    }

    @Override
    public List<String> endpoint() {
        return List.of("--endpoints=" + url(1));
    }

    @Override
    public List<String> flags(String user) {
        List<String> flags = new ArrayList<>(List.of("--cacert=" + server.authorityFile()));
        if (user.equals("-")) return flags;
        Identity identity = Identity.in(folder.resolve(user.isEmpty() ? "root" : user));
        flags.add("--cert=" + identity.certificateFile());
        flags.add("--key=" + identity.keyFile());
        return flags;
    }

    /// `$url2`, `$peer2`, `$all` for the URLs of all that were started, `$leader` and `$follower` among them, `$dir`.
    @Override
    public Optional<String> value(String word) {
        if (word.matches("url[1-4]")) return Optional.of(url(word.charAt(3) - '0'));
        if (word.matches("peer[1-4]")) return Optional.of(peerUrl(word.charAt(4) - '0'));
        return switch (word) {
            case "all" -> Optional.of(String.join(",", urls()));
            case "leader" -> Optional.of(url(leader()));
            case "follower" -> Optional.of(url(leader() == 1 ? 2 : 1));
            case "dir" -> Optional.of(folder.toString());
            default -> Optional.empty();
        };
    }

    private List<String> urls() {
        List<String> urls = new ArrayList<>();
        for (int member = 1; member <= initial.size(); member++) urls.add(url(member));
        return urls;
    }

    private int leader() {
        int[] leader = {0};
        Processes.await("a leader", LIMIT, () -> {
            for (int member = 1; member <= initial.size(); member++) {
                String[] words = status(member).split(", ");
                if (words.length > 6 && List.of(words).contains("true")) leader[0] = member;
            }
            return leader[0] > 0;
        });
        return leader[0];
    }

    /// `start N` starts a member that was added.
    @Override
    public void act(String line) throws IOException, InterruptedException {
        if (!line.startsWith("start ")) throw new IllegalArgumentException(line);
        start(Integer.parseInt(line.substring(6)));
    }

    @Override
    public void close() {
        processes.close();
    }
}
