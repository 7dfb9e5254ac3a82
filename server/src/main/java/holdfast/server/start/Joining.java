package holdfast.server.start;

import holdfast.core.base.Outcome;
import holdfast.core.base.Reason;
import holdfast.server.base.Ticker;
import holdfast.server.base.tls.Authority;
import holdfast.server.base.tls.Identity;
import holdfast.server.base.tls.JoinToken;
import holdfast.server.client.Answer;
import holdfast.server.start.DataFolder.Locked;
import holdfast.server.start.DataFolder.Owner;
import holdfast.server.start.join.Admission;
import holdfast.server.start.join.Admission.Member;
import holdfast.server.start.join.JoinCall;
import holdfast.server.truth.raft.RaftLog.Peer;
import java.io.IOException;
import java.nio.file.Files;
import java.security.GeneralSecurityException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Makes a data folder that belongs to a cluster: a new one, or one that a token opens. What starts from such a folder
/// is [UpParts].
public final class Joining {
    private Joining() {}

    /// Whether the folder belongs to a cluster already.
    public static boolean isMember(UpConfig config) {
        return HostFile.liesIn(config.folder());
    }

    /// What a folder that belongs to a cluster was made with.
    public static UpConfig resume(UpConfig config) throws IOException {
        return HostFile.load(config.folder()).config(config.folder());
    }

    /// Makes the first host of a new cluster: its authority and its own certificate.
    public static void found(UpConfig config) throws IOException, GeneralSecurityException {
        Files.createDirectories(config.folder());
        Authority authority = Authority.create(config.name().name(), Ticker.system());
        Identity.Applicant applicant = Identity.Applicant.create(config.name().name());
        String certificate = authority.sign(
                applicant.requestPem(), config.name().name(), List.of(config.address()), Ticker.system());
        authority.save(config.tlsFolder());
        Identity.save(config.tlsFolder(), authority.certificatePem(), certificate, applicant.keyPem());
        Member first = new Member(1, config.name().name(), config.address(), true, config.ports());
        new HostFile(first, config.loopPort(), config.agentPort(), List.of()).save(config.folder());
    }

    /// Asks `desk` to let this host in, and keeps what it answers.
    ///
    /// @param desk `HOST:PORT`
    /// @return `Done` with revision 0
    public static Outcome join(UpConfig config, String desk, JoinToken token, Admission.Role role)
            throws IOException, GeneralSecurityException, InterruptedException {
        String name = config.name().name();
        Identity.Applicant applicant = Identity.Applicant.create(name);
        return switch (JoinCall.join(desk, token, name, config.address(), applicant, role, config.ports())) {
            case Answer.Done<Admission.Reply>(Admission.Reply reply) -> keep(config, applicant, reply);
            case Answer.Refused<Admission.Reply>(Reason why) -> new Outcome.Refused(why);
            case Answer.Unknown<Admission.Reply>(Reason why) -> new Outcome.Unknown(why);
        };
    }

    private static Outcome keep(UpConfig config, Identity.Applicant applicant, Admission.Reply reply)
            throws IOException, GeneralSecurityException {
        Files.createDirectories(config.folder());
        Member you = reply.you();
        List<Member> voters = reply.members().stream()
                .filter(member -> member.voter() && member.id() != you.id())
                .toList();
        @Nullable String key = reply.authorityKey();
        if (key != null) Authority.of(reply.authority(), key).save(config.tlsFolder());
        if (you.voter()) {
            List<Peer> seeds = voters.stream()
                    .map(voter -> new Peer(voter.id(), voter.host(), voter.peerAddress(), true))
                    .toList();
            Reason unusable = mark(
                    config, new Owner(Long.parseUnsignedLong(reply.storeCluster(), 16), you.id(), you.host(), seeds));
            if (unusable != null) return new Outcome.Refused(unusable);
        }
        Identity.save(config.tlsFolder(), reply.authority(), reply.certificate(), applicant.keyPem());
        new HostFile(you, config.loopPort(), config.agentPort(), voters).save(config.folder());
        return new Outcome.Done(0);
    }

    private static @Nullable Reason mark(UpConfig config, Owner owner) throws IOException {
        return switch (DataFolder.lock(config.serverFolder())) {
            case Locked.Refused(Reason why) -> why;
            case Locked.Ready(DataFolder folder) -> {
                try (folder) {
                    folder.mark(owner);
                }
                yield null;
            }
        };
    }
}
