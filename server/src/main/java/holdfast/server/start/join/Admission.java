package holdfast.server.start.join;

import holdfast.core.base.NodeId;
import holdfast.core.base.Require;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// What joiner and desk say to each other, as JSON.
public final class Admission {
    private Admission() {}

    /// How a host wants to join.
    public enum Role {
        /// A voter while there are fewer than three, else an agent.
        AUTO,
        VOTER,
        AGENT
    }

    /// @param tokenId with `secret`: hex, from the token
    /// @param host the joiner's name, new to the cluster
    /// @param address where it is reached, without a port
    /// @param request its certificate request, PEM
    /// @param peerPort where it will take members, should it become a voter
    /// @param clientPort where it will take clients of the store, should it become a voter
    record Request(
            String tokenId,
            String secret,
            String host,
            String address,
            String request,
            Role role,
            int peerPort,
            int clientPort) {
        Request {
            Require.that("host", host, !new NodeId(host).name().isEmpty(), "a host name");
            Require.that(
                    "address",
                    "'" + address + "'",
                    address.matches("[A-Za-z0-9._:-]{1,253}"),
                    "an IP address or a name");
            Require.between("peerPort", peerPort, 1, 65_535);
            Require.between("clientPort", clientPort, 1, 65_535);
        }
    }

    /// One host of the cluster, under `/holdfast/members/HOST`.
    ///
    /// @param id its number in the consensus group; agents have one too, unused
    public record Member(int id, String host, String address, boolean voter, String peerAddress, String clientUrl) {}

    /// @param authorityKey only for voters
    /// @param members every host, the joiner included
    public record Reply(
            String cluster,
            String authority,
            String certificate,
            @Nullable String authorityKey,
            Member you,
            List<Member> members) {}

    /// Why not, in one sentence.
    record Refusal(String code, String sentence) {}
}
