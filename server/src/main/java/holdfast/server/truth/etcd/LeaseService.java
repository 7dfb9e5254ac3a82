package holdfast.server.truth.etcd;

import com.google.protobuf.InvalidProtocolBufferException;
import holdfast.core.base.Bytes;
import holdfast.core.base.Reason;
import holdfast.core.truth.Command;
import holdfast.core.truth.Reply;
import holdfast.protocol.etcd.LeaseGrantRequest;
import holdfast.protocol.etcd.LeaseGrantResponse;
import holdfast.protocol.etcd.LeaseKeepAliveRequest;
import holdfast.protocol.etcd.LeaseKeepAliveResponse;
import holdfast.protocol.etcd.LeaseLeasesResponse;
import holdfast.protocol.etcd.LeaseRevokeRequest;
import holdfast.protocol.etcd.LeaseRevokeResponse;
import holdfast.protocol.etcd.LeaseStatus;
import holdfast.protocol.etcd.LeaseTimeToLiveRequest;
import holdfast.protocol.etcd.LeaseTimeToLiveResponse;
import holdfast.server.truth.Store;
import holdfast.server.truth.Store.LeaseAnswer;
import java.util.Map;
import java.util.concurrent.ThreadLocalRandom;

/// `etcdserverpb.Lease`. Clients count in seconds, the store in milliseconds.
final class LeaseService {
    private static final long TTL_MAX_SECONDS = 9_000_000_000L;

    /// Renewals of one stream under way; beyond it the stream is not read.
    private static final int RENEWALS_MAX = 256;

    private final Gate gate;
    private final Standing standing;
    private final long ttlMinSeconds;

    LeaseService(Gate gate, Standing standing, EtcdConfig config) {
        this.gate = gate;
        this.standing = standing;
        this.ttlMinSeconds = config.leaseTtlMin().toSeconds();
    }

    void addTo(Map<String, Rpc> methods) {
        methods.put("/etcdserverpb.Lease/LeaseGrant", Rpc.unary(this::grant));
        methods.put("/etcdserverpb.Lease/LeaseRevoke", Rpc.unary(this::revoke));
        methods.put("/etcdserverpb.Lease/LeaseTimeToLive", Rpc.unary(this::timeToLive));
        methods.put("/etcdserverpb.Lease/LeaseLeases", Rpc.unary(this::leases));
        methods.put("/etcdserverpb.Lease/LeaseKeepAlive", call -> new KeepAlive(call).begin());
    }

    /// A positive id that is most likely free; the store refuses it if not.
    static long newLeaseId() {
        return ThreadLocalRandom.current().nextLong(1, Long.MAX_VALUE);
    }

    private void grant(Call call, byte[] message) throws InvalidProtocolBufferException {
        LeaseGrantRequest request = Translate.parse(LeaseGrantRequest.parser(), message);
        if (refusedAsLearner(call)) return;
        if (request.getTTL() > TTL_MAX_SECONDS) {
            call.fail(EtcdError.TTL_TOO_LARGE);
            return;
        }
        long id = request.getID() == 0 ? newLeaseId() : request.getID();
        long ttlMillis = Math.max(request.getTTL(), ttlMinSeconds) * 1_000;
        gate.store(call).propose(new Command.LeaseGrant(id, ttlMillis), answer -> call.later(() -> done(call, answer)));
    }

    private void revoke(Call call, byte[] message) throws InvalidProtocolBufferException {
        LeaseRevokeRequest request = Translate.parse(LeaseRevokeRequest.parser(), message);
        if (refusedAsLearner(call)) return;
        gate.store(call)
                .propose(new Command.LeaseRevoke(request.getID()), answer -> call.later(() -> done(call, answer)));
    }

    private static void done(Call call, Store.Answer answer) {
        switch (answer) {
            case Store.Answer.Done(var header, Reply.Granted(long id, long ttlMillis)) ->
                call.reply(LeaseGrantResponse.newBuilder()
                        .setHeader(Translate.header(header))
                        .setID(id)
                        .setTTL(ttlMillis / 1_000)
                        .build());
            case Store.Answer.Done(var header, Reply.Revoked()) ->
                call.reply(LeaseRevokeResponse.newBuilder()
                        .setHeader(Translate.header(header))
                        .build());
            case Store.Answer.Done(var _, Reply.Refused(var why)) -> call.fail(EtcdError.of(why));
            case Store.Answer.Done(var _, Reply other) ->
                throw new IllegalStateException("no reply of leases: " + other);
            case Store.Answer.Refused(Reason why) -> call.fail(EtcdError.of(why));
            case Store.Answer.Unknown(Reason why) -> call.fail(EtcdError.of(why));
        }
    }

    private void timeToLive(Call call, byte[] message) throws InvalidProtocolBufferException {
        LeaseTimeToLiveRequest request = Translate.parse(LeaseTimeToLiveRequest.parser(), message);
        if (refusedAsLearner(call)) return;
        long id = request.getID();
        gate.store(call).timeToLive(id, request.getKeys(), answer -> call.later(() -> told(call, id, answer)));
    }

    private void leases(Call call, byte[] message) {
        if (refusedAsLearner(call)) return;
        gate.store(call).leases(answer -> call.later(() -> told(call, 0, answer)));
    }

    private static void told(Call call, long id, LeaseAnswer answer) {
        switch (answer) {
            case LeaseAnswer.Remaining(var header, long grantedMillis, long remainingMillis, var keys) -> {
                LeaseTimeToLiveResponse.Builder built = LeaseTimeToLiveResponse.newBuilder()
                        .setHeader(Translate.header(header))
                        .setID(id);
                if (remainingMillis < 0) built.setTTL(-1);
                else built.setTTL(remainingMillis / 1_000).setGrantedTTL(grantedMillis / 1_000);
                for (Bytes key : keys) built.addKeys(Translate.string(key));
                call.reply(built.build());
            }
            case LeaseAnswer.Listed(var header, var ids) -> {
                LeaseLeasesResponse.Builder built =
                        LeaseLeasesResponse.newBuilder().setHeader(Translate.header(header));
                for (long each : ids)
                    built.addLeases(LeaseStatus.newBuilder().setID(each).build());
                call.reply(built.build());
            }
            case LeaseAnswer.Refused(Reason why) -> call.fail(EtcdError.of(why));
            case LeaseAnswer.Renewed renewed -> throw new IllegalStateException("nobody asked for " + renewed);
        }
    }

    private boolean refusedAsLearner(Call call) {
        if (!standing.isLearner()) return false;
        call.fail(EtcdError.NOT_FOR_LEARNER);
        return true;
    }

    /// One stream of renewals. A lease that is gone answers with a TTL of 0, not with an error.
    private final class KeepAlive {
        private final Call call;
        private int underWay;
        private boolean paused;
        private boolean halfClosed;

        KeepAlive(Call call) {
            this.call = call;
        }

        void begin() {
            call.onMessage(this::renew);
            call.onHalfClose(() -> {
                halfClosed = true;
                finishWhenIdle();
            });
        }

        private void renew(byte[] message) throws InvalidProtocolBufferException {
            long id = Translate.parse(LeaseKeepAliveRequest.parser(), message).getID();
            underWay++;
            pauseOrResume();
            gate.store(call).keepAlive(id, answer -> call.later(() -> renewed(id, answer)));
        }

        private void renewed(long id, LeaseAnswer answer) {
            underWay--;
            switch (answer) {
                case LeaseAnswer.Renewed(var header, long ttlMillis) ->
                    call.send(LeaseKeepAliveResponse.newBuilder()
                            .setHeader(Translate.header(header))
                            .setID(id)
                            .setTTL(ttlMillis / 1_000)
                            .build());
                case LeaseAnswer.Refused(Reason why) -> call.fail(EtcdError.of(why));
                case LeaseAnswer.Remaining other -> throw new IllegalStateException("nobody asked for " + other);
                case LeaseAnswer.Listed other -> throw new IllegalStateException("nobody asked for " + other);
            }
            pauseOrResume();
            finishWhenIdle();
        }

        /// Who sends too fast, or takes no answers, is not listened to.
        private void pauseOrResume() {
            boolean wait = underWay >= RENEWALS_MAX || call.isFull();
            if (wait && !paused) call.pause();
            else if (!wait && paused) call.resume();
            paused = wait;
            if (call.isFull()) call.onDrain(this::pauseOrResume);
        }

        private void finishWhenIdle() {
            if (halfClosed && underWay == 0) call.finish();
        }
    }
}
