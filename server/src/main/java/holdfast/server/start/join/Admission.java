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
    /// @param ports where it will listen
    record Request(String tokenId, String secret, String host, String address, String request, Role role, Ports ports) {
        Request {
            Require.that("host", host, !new NodeId(host).name().isEmpty(), "a host name");
            Require.that(
                    "address",
                    "'" + address + "'",
                    address.matches("[A-Za-z0-9._:-]{1,253}"),
                    "an IP address or a name");
        }
    }

    /// Where a voter listens, beside what its agent does.
    ///
    /// @param client for clients of the store
    /// @param peer for members
    /// @param control of its [JoinDesk]
    public record Ports(int client, int peer, int control) {
        public Ports {
            Require.between("--client-port", client, 1, 65_535);
            Require.between("--peer-port", peer, 1, 65_535);
            Require.between("--control-port", control, 1, 65_535);
        }
    }

    /// One host of the cluster, under `/holdfast/members/HOST`.
    ///
    /// @param id its number in the consensus group; agents have one too, unused
    public record Member(int id, String host, String address, boolean voter, Ports ports) {
        public String peerAddress() {
            return address + ":" + ports.peer();
        }

        public String clientUrl() {
            return "https://" + address + ":" + ports.client();
        }

        public String controlAddress() {
            return address + ":" + ports.control();
        }
    }

    /// @param storeCluster the store's cluster id, 16 hex digits
    /// @param authorityKey only for voters
    /// @param members every host, the joiner included
    public record Reply(
            String storeCluster,
            String authority,
            String certificate,
            @Nullable String authorityKey,
            Member you,
            List<Member> members) {}

    /// Why not, in one sentence.
    record Refusal(String code, String sentence) {}
}
