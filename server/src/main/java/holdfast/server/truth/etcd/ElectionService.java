package holdfast.server.truth.etcd;

import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.MessageLite;
import holdfast.core.base.Bytes;
import holdfast.core.base.KeyRange;
import holdfast.core.truth.Command;
import holdfast.core.truth.Event;
import holdfast.core.truth.KeyValue;
import holdfast.core.truth.Reply;
import holdfast.protocol.election.CampaignRequest;
import holdfast.protocol.election.CampaignResponse;
import holdfast.protocol.election.LeaderKey;
import holdfast.protocol.election.LeaderRequest;
import holdfast.protocol.election.LeaderResponse;
import holdfast.protocol.election.ProclaimRequest;
import holdfast.protocol.election.ProclaimResponse;
import holdfast.protocol.election.ResignRequest;
import holdfast.protocol.election.ResignResponse;
import holdfast.server.truth.Store;
import java.util.List;
import java.util.Map;

/// `v3electionpb.Election`. Whoever's key under the election's name was created first leads; the create revision of
/// that key is its epoch.
final class ElectionService {
    private final Gate gate;

    ElectionService(Gate gate) {
        this.gate = gate;
    }

    void addTo(Map<String, Rpc> methods) {
        methods.put("/v3electionpb.Election/Campaign", Rpc.unary(this::campaign));
        methods.put("/v3electionpb.Election/Proclaim", Rpc.unary(this::proclaim));
        methods.put("/v3electionpb.Election/Leader", Rpc.unary(this::leader));
        methods.put("/v3electionpb.Election/Resign", Rpc.unary(this::resign));
        methods.put("/v3electionpb.Election/Observe", Rpc.unary(this::observe));
    }

    private void campaign(Call call, byte[] message) throws InvalidProtocolBufferException {
        CampaignRequest request = CampaignRequest.parseFrom(message);
        Bytes prefix = prefix(request.getName());
        Waiting waiting = new Waiting(gate, call);
        waiting.start("campaign " + prefix, () -> {
            long lease = waiting.session(request.getLease());
            Bytes key = Waiting.contender(prefix, lease);
            Bytes value = Translate.bytes(request.getValue());
            Store.Answer.Done entered = waiting.propose(new Command.Txn(
                    List.of(Waiting.createdAt(key, 0)),
                    List.of(Waiting.put(key, value, lease)),
                    List.of(Waiting.read(key))));
            Reply.Txned txned = txned(entered);
            KeyValue mine =
                    txned.succeeded() ? null : Waiting.first(txned.replies().getFirst());
            long epoch = mine == null ? entered.header().revision() : mine.createRevision();
            try {
                if (mine != null && !mine.value().equals(value)) proclaim(waiting, key, epoch, value, lease);
                waiting.untilGone(prefix, epoch - 1);
            } catch (Waiting.Failed | InterruptedException gaveUp) {
                waiting.proposeOnly(leave(key, epoch));
                throw gaveUp;
            }
            // The lease may have run out while we waited.
            KeyValue still = Waiting.first(waiting.range(Waiting.read(key)).reply());
            if (still == null || still.createRevision() != epoch)
                throw new Waiting.Failed(EtcdError.ELECTION_NOT_LEADER);
            reply(
                    call,
                    CampaignResponse.newBuilder()
                            .setHeader(Translate.header(entered.header()))
                            .setLeader(LeaderKey.newBuilder()
                                    .setName(request.getName())
                                    .setKey(Translate.string(key))
                                    .setRev(epoch)
                                    .setLease(lease))
                            .build());
        });
    }

    private void proclaim(Call call, byte[] message) throws InvalidProtocolBufferException {
        ProclaimRequest request = ProclaimRequest.parseFrom(message);
        if (!request.hasLeader()) {
            call.fail(EtcdError.ELECTION_NO_LEADER_KEY);
            return;
        }
        LeaderKey leader = request.getLeader();
        Bytes key = Translate.bytes(leader.getKey());
        Waiting waiting = new Waiting(gate, call);
        waiting.start("proclaim " + key, () -> {
            if (key.isEmpty()) throw new Waiting.Failed(EtcdError.EMPTY_KEY);
            long lease = waiting.session(leader.getLease());
            Store.Header header = proclaim(waiting, key, leader.getRev(), Translate.bytes(request.getValue()), lease);
            reply(
                    call,
                    ProclaimResponse.newBuilder()
                            .setHeader(Translate.header(header))
                            .build());
        });
    }

    private static Store.Header proclaim(Waiting waiting, Bytes key, long epoch, Bytes value, long lease)
            throws Waiting.Failed, InterruptedException {
        Store.Answer.Done done = waiting.propose(new Command.Txn(
                List.of(Waiting.createdAt(key, epoch)), List.of(Waiting.put(key, value, lease)), List.of()));
        if (!txned(done).succeeded()) throw new Waiting.Failed(EtcdError.ELECTION_NOT_LEADER);
        return done.header();
    }

    private void leader(Call call, byte[] message) throws InvalidProtocolBufferException {
        Bytes prefix = prefix(LeaderRequest.parseFrom(message).getName());
        Waiting waiting = new Waiting(gate, call);
        waiting.start("leader " + prefix, () -> {
            Store.Answer.Done done = waiting.range(Waiting.oldestCreated(prefix));
            KeyValue leader = Waiting.first(done.reply());
            if (leader == null) throw new Waiting.Failed(EtcdError.ELECTION_NO_LEADER);
            reply(call, response(done.header(), leader));
        });
    }

    private void resign(Call call, byte[] message) throws InvalidProtocolBufferException {
        ResignRequest request = ResignRequest.parseFrom(message);
        if (!request.hasLeader()) {
            call.fail(EtcdError.ELECTION_NO_LEADER_KEY);
            return;
        }
        LeaderKey leader = request.getLeader();
        Bytes key = Translate.bytes(leader.getKey());
        Waiting waiting = new Waiting(gate, call);
        waiting.start("resign " + key, () -> {
            if (key.isEmpty()) throw new Waiting.Failed(EtcdError.EMPTY_KEY);
            waiting.session(leader.getLease());
            Store.Answer.Done done = waiting.propose(leave(key, leader.getRev()));
            reply(
                    call,
                    ResignResponse.newBuilder()
                            .setHeader(Translate.header(done.header()))
                            .build());
        });
    }

    /// The present leader, then each new value and each new leader, until the client goes away.
    private void observe(Call call, byte[] message) throws InvalidProtocolBufferException {
        Bytes prefix = prefix(LeaderRequest.parseFrom(message).getName());
        Waiting waiting = new Waiting(gate, call);
        waiting.start("observe " + prefix, () -> {
            while (true) {
                Store.Answer.Done done = waiting.range(Waiting.oldestCreated(prefix));
                KeyValue leader = Waiting.first(done.reply());
                LeaderResponse first = leader == null
                        ? firstUnder(waiting, prefix, done.header().revision())
                        : response(done.header(), leader);
                waiting.send(first);
                followLeader(
                        waiting,
                        Translate.bytes(first.getKv().getKey()),
                        first.getHeader().getRevision() + 1);
            }
        });
    }

    /// Waits for the first put under `prefix`; its header is turned back to that put.
    private static LeaderResponse firstUnder(Waiting waiting, Bytes prefix, long fromRevision)
            throws Waiting.Failed, InterruptedException {
        try (Waiting.Following following = waiting.follow(KeyRange.prefix(prefix), fromRevision)) {
            while (true) {
                var events = following.next();
                for (Event event : events.events()) {
                    if (event.kind() != Event.Kind.PUT) continue;
                    LeaderResponse.Builder found = response(events.header(), event.now()).toBuilder();
                    found.getHeaderBuilder().setRevision(event.now().modRevision());
                    return found.build();
                }
                following.taken();
            }
        }
    }

    /// Sends each new value of one leader until its key is deleted.
    private static void followLeader(Waiting waiting, Bytes key, long fromRevision)
            throws Waiting.Failed, InterruptedException {
        try (Waiting.Following following = waiting.follow(KeyRange.single(key), fromRevision)) {
            while (true) {
                var events = following.next();
                for (Event event : events.events()) {
                    if (event.kind() == Event.Kind.DELETE) return;
                    waiting.send(response(events.header(), event.now()));
                }
                following.taken();
            }
        }
    }

    private static Command.Txn leave(Bytes key, long epoch) {
        return new Command.Txn(List.of(Waiting.createdAt(key, epoch)), List.of(Waiting.delete(key)), List.of());
    }

    private static Bytes prefix(com.google.protobuf.ByteString name) {
        return Translate.bytes(name).concat(Bytes.utf8("/"));
    }

    private static LeaderResponse response(Store.Header header, KeyValue leader) {
        return LeaderResponse.newBuilder()
                .setHeader(Translate.header(header))
                .setKv(Translate.pair(leader))
                .build();
    }

    private static Reply.Txned txned(Store.Answer.Done done) {
        if (done.reply() instanceof Reply.Txned txned) return txned;
        throw new IllegalStateException("no transaction: " + done.reply());
    }

    private static void reply(Call call, MessageLite message) {
        call.later(() -> call.reply(message));
    }
}
