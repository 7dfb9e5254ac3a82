package holdfast.clients;

import static holdfast.clients.RawTranscript.bytes;
import static holdfast.clients.RawTranscript.delete;
import static holdfast.clients.RawTranscript.put;
import static holdfast.clients.RawTranscript.range;

import com.google.common.util.concurrent.ListenableFuture;
import io.etcd.jetcd.api.CampaignRequest;
import io.etcd.jetcd.api.CampaignResponse;
import io.etcd.jetcd.api.ElectionGrpc;
import io.etcd.jetcd.api.KVGrpc;
import io.etcd.jetcd.api.LeaderKey;
import io.etcd.jetcd.api.LeaderRequest;
import io.etcd.jetcd.api.LeaderResponse;
import io.etcd.jetcd.api.LeaseGrantRequest;
import io.etcd.jetcd.api.LeaseGrpc;
import io.etcd.jetcd.api.LeaseRevokeRequest;
import io.etcd.jetcd.api.ProclaimRequest;
import io.etcd.jetcd.api.ResignRequest;
import io.etcd.jetcd.api.lock.LockGrpc;
import io.etcd.jetcd.api.lock.LockRequest;
import io.etcd.jetcd.api.lock.LockResponse;
import io.etcd.jetcd.api.lock.UnlockRequest;
import io.grpc.ManagedChannel;
import java.util.concurrent.TimeUnit;

/// The lock and election services. Leases have fixed ids, so that keys can be compared.
final class RawLocks {
    private static final long LIMIT_SECONDS = 30;

    private final Lines lines;
    private final ManagedChannel channel;

    RawLocks(Lines lines, ManagedChannel channel) {
        this.lines = lines;
        this.channel = channel;
    }

    void run() throws InterruptedException {
        for (long id = 0x51; id <= 0x56; id++)
            LeaseGrpc.newBlockingStub(channel)
                    .leaseGrant(
                            LeaseGrantRequest.newBuilder().setID(id).setTTL(600).build());
        locks();
        elections();
        errors();
    }

    private KVGrpc.KVBlockingStub kv() {
        return KVGrpc.newBlockingStub(channel).withDeadlineAfter(LIMIT_SECONDS, TimeUnit.SECONDS);
    }

    private LockGrpc.LockBlockingStub lock() {
        return LockGrpc.newBlockingStub(channel).withDeadlineAfter(LIMIT_SECONDS, TimeUnit.SECONDS);
    }

    private ElectionGrpc.ElectionBlockingStub election() {
        return ElectionGrpc.newBlockingStub(channel).withDeadlineAfter(LIMIT_SECONDS, TimeUnit.SECONDS);
    }

    private ListenableFuture<LockResponse> lockLater(String name, long lease) {
        return LockGrpc.newFutureStub(channel)
                .withDeadlineAfter(LIMIT_SECONDS, TimeUnit.SECONDS)
                .lock(LockRequest.newBuilder()
                        .setName(bytes(name))
                        .setLease(lease)
                        .build());
    }

    /// Waits until `count` contenders stand under `prefix`.
    private void awaitContenders(String prefix, long count) throws InterruptedException {
        String end = prefix.substring(0, prefix.length() - 1) + "0"; // what follows the slash
        for (int tries = 0; tries < 500; tries++) {
            if (kv().range(range(prefix, end).setCountOnly(true).build()).getCount() == count) return;
            TimeUnit.MILLISECONDS.sleep(10);
        }
    }

    private void locks() throws InterruptedException {
        LockResponse held = lines.must(
                "lock",
                () -> lock().lock(LockRequest.newBuilder()
                        .setName(bytes("lk"))
                        .setLease(0x51)
                        .build()));
        lines.step(
                "lock again by the holder",
                () -> lock().lock(LockRequest.newBuilder()
                        .setName(bytes("lk"))
                        .setLease(0x51)
                        .build()));
        ListenableFuture<LockResponse> second = lockLater("lk", 0x52);
        awaitContenders("lk/", 2);
        ListenableFuture<LockResponse> third = lockLater("lk", 0x53);
        awaitContenders("lk/", 3);
        lines.say("lock waits", second.isDone() + " " + third.isDone());
        lines.step(
                "unlock",
                () -> lock().unlock(
                                UnlockRequest.newBuilder().setKey(held.getKey()).build()));
        lines.step("lock of the second", () -> second.get(LIMIT_SECONDS, TimeUnit.SECONDS));
        lines.step(
                "revoke the second",
                () -> LeaseGrpc.newBlockingStub(channel)
                        .leaseRevoke(LeaseRevokeRequest.newBuilder().setID(0x52).build()));
        lines.step("lock of the third", () -> third.get(LIMIT_SECONDS, TimeUnit.SECONDS));
        ListenableFuture<LockResponse> loser = lockLater("lk", 0x54);
        awaitContenders("lk/", 2);
        kv().deleteRange(delete("lk/54", "").build());
        lines.step(
                "unlock the third",
                () -> lock().unlock(UnlockRequest.newBuilder()
                        .setKey(bytes("lk/53"))
                        .build()));
        lines.step("lock whose key was lost", () -> loser.get(LIMIT_SECONDS, TimeUnit.SECONDS));
        ListenableFuture<LockResponse> holder = lockLater("gone", 0x51);
        lines.step("lock to be waited for", () -> holder.get(LIMIT_SECONDS, TimeUnit.SECONDS));
        ListenableFuture<LockResponse> leaver = lockLater("gone", 0x53);
        awaitContenders("gone/", 2);
        leaver.cancel(true);
        awaitContenders("gone/", 1);
        lines.step(
                "who went away left no key",
                () -> kv().range(range("gone/", "gone0").build()));
        lines.step(
                "unlock what is not locked",
                () -> lock().unlock(UnlockRequest.newBuilder()
                        .setKey(bytes("never"))
                        .build()));
    }

    private void elections() throws InterruptedException {
        Inbox<LeaderResponse> observed = new Inbox<>();
        ElectionGrpc.newStub(channel)
                .observe(LeaderRequest.newBuilder().setName(bytes("el")).build(), observed);
        lines.step(
                "leader of none",
                () -> election()
                        .leader(LeaderRequest.newBuilder().setName(bytes("el")).build()));
        CampaignResponse won = lines.must(
                "campaign",
                () -> election()
                        .campaign(CampaignRequest.newBuilder()
                                .setName(bytes("el"))
                                .setLease(0x51)
                                .setValue(bytes("one"))
                                .build()));
        lines.step("observe first", observed::take);
        lines.step(
                "leader",
                () -> election()
                        .leader(LeaderRequest.newBuilder().setName(bytes("el")).build()));
        lines.step(
                "campaign again",
                () -> election()
                        .campaign(CampaignRequest.newBuilder()
                                .setName(bytes("el"))
                                .setLease(0x51)
                                .setValue(bytes("one"))
                                .build()));
        lines.step(
                "campaign with another value",
                () -> election()
                        .campaign(CampaignRequest.newBuilder()
                                .setName(bytes("el"))
                                .setLease(0x51)
                                .setValue(bytes("uno"))
                                .build()));
        lines.step("observe the other value", observed::take);
        lines.step(
                "proclaim",
                () -> election()
                        .proclaim(ProclaimRequest.newBuilder()
                                .setLeader(won.getLeader())
                                .setValue(bytes("eins"))
                                .build()));
        lines.step("observe proclaimed", observed::take);
        ListenableFuture<CampaignResponse> next = ElectionGrpc.newFutureStub(channel)
                .withDeadlineAfter(LIMIT_SECONDS, TimeUnit.SECONDS)
                .campaign(CampaignRequest.newBuilder()
                        .setName(bytes("el"))
                        .setLease(0x53)
                        .setValue(bytes("two"))
                        .build());
        awaitContenders("el/", 2);
        lines.say("campaign waits", "" + next.isDone());
        lines.step(
                "resign",
                () -> election()
                        .resign(ResignRequest.newBuilder()
                                .setLeader(won.getLeader())
                                .build()));
        lines.step("campaign of the next", () -> next.get(LIMIT_SECONDS, TimeUnit.SECONDS));
        lines.step("observe the next", observed::take);
        lines.step(
                "proclaim after resigning",
                () -> election()
                        .proclaim(ProclaimRequest.newBuilder()
                                .setLeader(won.getLeader())
                                .setValue(bytes("late"))
                                .build()));
        lines.step(
                "resign again",
                () -> election()
                        .resign(ResignRequest.newBuilder()
                                .setLeader(won.getLeader())
                                .build()));
        lines.step("election keys", () -> kv().range(range("el/", "el0").build()));
    }

    private void errors() {
        lines.step(
                "lock by an unknown lease",
                () -> lock().lock(LockRequest.newBuilder()
                        .setName(bytes("lk"))
                        .setLease(4711)
                        .build()));
        lines.step(
                "lock by a negative lease",
                () -> lock().lock(LockRequest.newBuilder()
                        .setName(bytes("lk"))
                        .setLease(-255)
                        .build()));
        lines.step("unlock without a key", () -> lock().unlock(UnlockRequest.getDefaultInstance()));
        lines.step(
                "campaign by an unknown lease",
                () -> election()
                        .campaign(CampaignRequest.newBuilder()
                                .setName(bytes("el"))
                                .setLease(4711)
                                .build()));
        lines.step("proclaim without a leader", () -> election().proclaim(ProclaimRequest.getDefaultInstance()));
        lines.step("resign without a leader", () -> election().resign(ResignRequest.getDefaultInstance()));
        LeaderKey empty = LeaderKey.newBuilder().setLease(0x51).build();
        lines.step(
                "proclaim without a key",
                () -> election()
                        .proclaim(ProclaimRequest.newBuilder().setLeader(empty).build()));
        lines.step(
                "resign without a key",
                () -> election()
                        .resign(ResignRequest.newBuilder().setLeader(empty).build()));
        lines.step(
                "lock without a name",
                () -> lock().lock(LockRequest.newBuilder().setLease(0x51).build()));
        lines.step(
                "put into the lock's own range",
                () -> kv().put(put("lk/zz", "x").build()));
        lines.step("clean up", () -> kv().deleteRange(delete("lk/zz", "").build()));
    }
}
