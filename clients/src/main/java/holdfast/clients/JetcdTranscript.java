package holdfast.clients;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.etcd.jetcd.ByteSequence;
import io.etcd.jetcd.Client;
import io.etcd.jetcd.Election;
import io.etcd.jetcd.KV;
import io.etcd.jetcd.KeyValue;
import io.etcd.jetcd.Lease;
import io.etcd.jetcd.Watch;
import io.etcd.jetcd.election.CampaignResponse;
import io.etcd.jetcd.election.LeaderResponse;
import io.etcd.jetcd.kv.GetResponse;
import io.etcd.jetcd.kv.TxnResponse;
import io.etcd.jetcd.lease.LeaseKeepAliveResponse;
import io.etcd.jetcd.op.Cmp;
import io.etcd.jetcd.op.CmpTarget;
import io.etcd.jetcd.op.Op;
import io.etcd.jetcd.options.DeleteOption;
import io.etcd.jetcd.options.GetOption;
import io.etcd.jetcd.options.LeaseOption;
import io.etcd.jetcd.options.PutOption;
import io.etcd.jetcd.options.WatchOption;
import io.etcd.jetcd.watch.WatchResponse;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;

/// What an application does with jetcd.
final class JetcdTranscript {
    private static final long LIMIT_SECONDS = 30;

    private final Lines lines;
    private final Client client;
    private final KV kv;

    JetcdTranscript(Lines lines, String url) {
        this.lines = lines;
        client = Client.builder().endpoints(url).build();
        kv = client.getKVClient();
    }

    void run() throws Exception {
        keys();
        transactions();
        nested();
        leases();
        watches();
        locks();
        elections();
        errors();
        lines.step(
                "members",
                () -> Lines.get(client.getClusterClient().listMember())
                        .getMembers()
                        .size());
        lines.step(
                "alarms",
                () -> Lines.get(client.getMaintenanceClient().listAlarms())
                        .getAlarms()
                        .size());
        client.close();
    }

    private static ByteSequence bytes(String text) {
        return ByteSequence.from(text, UTF_8);
    }

    private static String say(KeyValue pair) {
        return pair.getKey() + "=" + pair.getValue() + " created " + pair.getCreateRevision() + " modified "
                + pair.getModRevision() + " version " + pair.getVersion();
    }

    private static String say(GetResponse got) {
        return "revision " + got.getHeader().getRevision() + ", count " + got.getCount() + ", more " + got.isMore()
                + ": " + got.getKvs().stream().map(JetcdTranscript::say).collect(Collectors.joining("; "));
    }

    private static String say(TxnResponse done) {
        return "revision " + done.getHeader().getRevision() + ", succeeded " + done.isSucceeded() + ", puts "
                + done.getPutResponses().size() + ", deletes "
                + done.getDeleteResponses().size() + ", gets "
                + done.getGetResponses().stream().map(JetcdTranscript::say).toList() + ", txns "
                + done.getTxnResponses().stream().map(TxnResponse::isSucceeded).toList();
    }

    private static String say(WatchResponse heard) {
        return heard.getEvents().stream()
                .map(event ->
                        event.getEventType() + " " + say(event.getKeyValue()) + " before " + say(event.getPrevKV()))
                .collect(Collectors.joining("; "));
    }

    private void get(String step, String key, GetOption option) {
        lines.step(step, () -> say(Lines.get(kv.get(bytes(key), option))));
    }

    private void keys() {
        lines.step(
                "put",
                () -> Lines.get(kv.put(bytes("j1"), bytes("a"))).getHeader().getRevision());
        lines.step("put with previous", () -> {
            PutOption previous = PutOption.builder().withPrevKV().build();
            return say(Lines.get(kv.put(bytes("j1"), bytes("b"), previous)).getPrevKv());
        });
        for (int n = 2; n < 8; n++) {
            String key = "j" + n;
            lines.step(
                    "put " + key,
                    () -> Lines.get(kv.put(bytes(key), bytes("v" + key)))
                            .getHeader()
                            .getRevision());
        }
        get("get", "j1", GetOption.DEFAULT);
        get("get prefix", "j", GetOption.builder().isPrefix(true).build());
        get("get limit", "j", GetOption.builder().isPrefix(true).withLimit(2).build());
        get("get range", "j2", GetOption.builder().withRange(bytes("j5")).build());
        get(
                "get keys only",
                "j",
                GetOption.builder().isPrefix(true).withKeysOnly(true).build());
        get(
                "get count",
                "j",
                GetOption.builder().isPrefix(true).withCountOnly(true).build());
        get("get at a revision", "j1", GetOption.builder().withRevision(2).build());
        get("get serializable", "j1", GetOption.builder().withSerializable(true).build());
        get(
                "get sorted",
                "j",
                GetOption.builder()
                        .isPrefix(true)
                        .withSortField(GetOption.SortTarget.MOD)
                        .withSortOrder(GetOption.SortOrder.DESCEND)
                        .withLimit(3)
                        .build());
        lines.step("delete", () -> {
            DeleteOption range = DeleteOption.builder()
                    .withRange(bytes("j5"))
                    .withPrevKV(true)
                    .build();
            var done = Lines.get(kv.delete(bytes("j3"), range));
            return done.getDeleted() + " "
                    + done.getPrevKvs().stream().map(JetcdTranscript::say).toList();
        });
        lines.step("delete nothing", () -> Lines.get(kv.delete(bytes("none"))).getDeleted());
    }

    private void transactions() {
        lines.step(
                "txn that holds",
                () -> say(Lines.get(kv.txn()
                        .If(new Cmp(bytes("j1"), Cmp.Op.EQUAL, CmpTarget.value(bytes("b"))))
                        .Then(
                                Op.put(bytes("t1"), bytes("x"), PutOption.DEFAULT),
                                Op.get(bytes("t1"), GetOption.DEFAULT))
                        .Else(Op.get(bytes("j1"), GetOption.DEFAULT))
                        .commit())));
        lines.step(
                "txn that fails",
                () -> say(Lines.get(kv.txn()
                        .If(new Cmp(bytes("j1"), Cmp.Op.GREATER, CmpTarget.version(100)))
                        .Then(Op.put(bytes("t2"), bytes("x"), PutOption.DEFAULT))
                        .Else(Op.delete(bytes("t1"), DeleteOption.DEFAULT), Op.get(bytes("t1"), GetOption.DEFAULT))
                        .commit())));
        lines.step(
                "txn create if absent",
                () -> say(Lines.get(kv.txn()
                        .If(new Cmp(bytes("t3"), Cmp.Op.EQUAL, CmpTarget.createRevision(0)))
                        .Then(Op.put(bytes("t3"), bytes("mine"), PutOption.DEFAULT))
                        .commit())));
        lines.step(
                "txn create if absent again",
                () -> say(Lines.get(kv.txn()
                        .If(new Cmp(bytes("t3"), Cmp.Op.EQUAL, CmpTarget.createRevision(0)))
                        .Then(Op.put(bytes("t3"), bytes("mine"), PutOption.DEFAULT))
                        .commit())));
    }

    private void nested() {
        Op.TxnOp inner = Op.txn(
                new Cmp[] {new Cmp(bytes("n"), Cmp.Op.LESS, CmpTarget.modRevision(1))},
                new Op[] {Op.put(bytes("n2"), bytes("inner"), PutOption.DEFAULT)},
                new Op[] {Op.get(bytes("n"), GetOption.DEFAULT)});
        for (int round = 0; round < 2; round++) {
            lines.step(
                    "nested " + round,
                    () -> say(Lines.get(kv.txn()
                            .Then(Op.put(bytes("n"), bytes("outer"), PutOption.DEFAULT), inner)
                            .commit())));
        }
        get("get nested", "n", GetOption.builder().isPrefix(true).build());
    }

    private void leases() throws Exception {
        Lease leases = client.getLeaseClient();
        long id = Lines.get(leases.grant(300)).getID();
        PutOption leased = PutOption.builder().withLeaseId(id).build();
        lines.step(
                "leased put",
                () -> Lines.get(kv.put(bytes("le1"), bytes("x"), leased))
                        .getHeader()
                        .getRevision());
        lines.step("time to live", () -> {
            var live = Lines.get(leases.timeToLive(
                    id, LeaseOption.builder().withAttachedKeys().build()));
            return live.getGrantedTTL() + " " + live.getKeys();
        });
        lines.step("keep alive once", () -> Lines.get(leases.keepAliveOnce(id)).getTTL());
        Inbox<LeaseKeepAliveResponse> renewed = new Inbox<>();
        try (var keeping = leases.keepAlive(id, renewed)) {
            lines.step("keep alive", () -> renewed.take().getTTL());
        }
        lines.step("revoke", () -> Lines.get(leases.revoke(id)).getHeader().getRevision());
        get("get after revoke", "le1", GetOption.DEFAULT);
        lines.step(
                "revoke again", () -> Lines.get(leases.revoke(id)).getHeader().getRevision());
        lines.step(
                "keep alive of none", () -> Lines.get(leases.keepAliveOnce(id)).getTTL());
        lines.step(
                "time to live of none",
                () -> Lines.get(leases.timeToLive(id, LeaseOption.DEFAULT)).getTTL());
    }

    private void watches() throws Exception {
        long revision =
                Lines.get(kv.put(bytes("wa0"), bytes("first"))).getHeader().getRevision();
        LinkedBlockingQueue<String> heard = new LinkedBlockingQueue<>();
        WatchOption all = WatchOption.builder()
                .isPrefix(true)
                .withRevision(revision)
                .withPrevKV(true)
                .build();
        try (Watch.Watcher watcher = client.getWatchClient()
                .watch(bytes("wa"), all, event -> heard.add(say(event)), failed -> heard.add(Lines.failure(failed)))) {
            lines.step("watch replays", () -> heard.poll(LIMIT_SECONDS, TimeUnit.SECONDS));
            Lines.get(kv.put(bytes("wa0"), bytes("second")));
            lines.step("watch hears", () -> heard.poll(LIMIT_SECONDS, TimeUnit.SECONDS));
            Lines.get(kv.delete(bytes("wa0")));
            lines.step("watch hears a delete", () -> heard.poll(LIMIT_SECONDS, TimeUnit.SECONDS));
        }
        Lines.get(kv.compact(revision + 1));
        try (Watch.Watcher watcher = client.getWatchClient()
                .watch(bytes("wa"), all, event -> heard.add(say(event)), failed -> heard.add(failed.toString()))) {
            lines.step("watch of what is gone", () -> heard.poll(LIMIT_SECONDS, TimeUnit.SECONDS));
        }
        get(
                "get of what is gone",
                "wa0",
                GetOption.builder().withRevision(revision).build());
    }

    private void locks() throws Exception {
        long one = Lines.get(client.getLeaseClient().grant(300)).getID();
        long two = Lines.get(client.getLeaseClient().grant(300)).getID();
        ByteSequence held =
                Lines.get(client.getLockClient().lock(bytes("jl"), one)).getKey();
        lines.say("lock", "" + held.startsWith(bytes("jl/" + Long.toHexString(one))));
        var waiting = client.getLockClient().lock(bytes("jl"), two);
        lines.say("lock waits", "" + waiting.isDone());
        lines.step(
                "unlock",
                () -> Lines.get(client.getLockClient().unlock(held)).getHeader().getRevision() > 0);
        lines.say(
                "lock of the second",
                "" + Lines.get(waiting).getKey().startsWith(bytes("jl/" + Long.toHexString(two))));
    }

    private void elections() throws Exception {
        Election election = client.getElectionClient();
        long one = Lines.get(client.getLeaseClient().grant(300)).getID();
        lines.step(
                "leader of none", () -> Lines.get(election.leader(bytes("je"))).getKv());
        CampaignResponse won = Lines.get(election.campaign(bytes("je"), one, bytes("first")));
        LinkedBlockingQueue<String> observed = new LinkedBlockingQueue<>();
        election.observe(bytes("je"), new Election.Listener() {
            @Override
            public void onNext(LeaderResponse response) {
                observed.add("" + response.getKv().getValue());
            }

            @Override
            public void onError(Throwable failed) {
                observed.add(Lines.failure(failed));
            }

            @Override
            public void onCompleted() {
                observed.add("completed");
            }
        });
        lines.step("observe", () -> observed.poll(LIMIT_SECONDS, TimeUnit.SECONDS));
        lines.step(
                "leader", () -> Lines.get(election.leader(bytes("je"))).getKv().getValue());
        Lines.get(election.proclaim(won.getLeader(), bytes("second")));
        lines.step("observe again", () -> observed.poll(LIMIT_SECONDS, TimeUnit.SECONDS));
        Lines.get(election.resign(won.getLeader()));
        lines.step(
                "leader after resigning",
                () -> Lines.get(election.leader(bytes("je"))).getKv().getValue());
        lines.step(
                "proclaim after resigning",
                () -> Lines.get(election.proclaim(won.getLeader(), bytes("third")))
                        .getHeader()
                        .getRevision());
    }

    private void errors() {
        get(
                "get from the future",
                "j1",
                GetOption.builder().withRevision(1_000_000).build());
        lines.step("put with an unknown lease", () -> {
            PutOption unknown = PutOption.builder().withLeaseId(4711).build();
            return Lines.get(kv.put(bytes("x"), bytes("y"), unknown))
                    .getHeader()
                    .getRevision();
        });
        lines.step(
                "compact the future",
                () -> Lines.get(kv.compact(1_000_000)).getHeader().getRevision());
        lines.step(
                "txn twice the same key",
                () -> say(Lines.get(kv.txn()
                        .Then(
                                Op.put(bytes("d"), bytes("1"), PutOption.DEFAULT),
                                Op.put(bytes("d"), bytes("2"), PutOption.DEFAULT))
                        .commit())));
        lines.step(
                "put without a key",
                () -> Lines.get(kv.put(ByteSequence.EMPTY, bytes("y")))
                        .getHeader()
                        .getRevision());
    }
}
