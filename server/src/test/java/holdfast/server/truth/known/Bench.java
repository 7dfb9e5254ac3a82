package holdfast.server.truth.known;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import com.google.protobuf.MessageLite;
import com.google.protobuf.Parser;
import holdfast.core.base.Bytes;
import holdfast.core.base.KeyRange;
import holdfast.protocol.etcd.CompactionRequest;
import holdfast.protocol.etcd.CompactionResponse;
import holdfast.server.client.Answer;
import holdfast.server.client.Etcd;
import holdfast.server.client.Pair;
import holdfast.server.client.Snapshot;
import holdfast.server.client.Tap;
import holdfast.server.client.Txn;
import holdfast.server.peers.Processes;
import holdfast.server.peers.StoreCluster;
import holdfast.server.truth.etcd.DoorClient;
import io.vertx.core.Vertx;
import io.vertx.grpc.common.GrpcStatus;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;

/// What these tests ask of a running cluster, in few words.
final class Bench implements AutoCloseable {
    static final Duration LIMIT = Duration.ofSeconds(60);

    final StoreCluster cluster;
    private final Vertx vertx = Vertx.vertx();

    Bench(StoreCluster cluster) {
        this.cluster = cluster;
    }

    static Bytes key(String text) {
        return Bytes.utf8(text);
    }

    static Etcd.Committed done(Answer<Etcd.Committed> answer) {
        assertThat(answer).isInstanceOf(Answer.Done.class);
        return ((Answer.Done<Etcd.Committed>) answer).value();
    }

    /// Puts through one member, until it is acknowledged.
    long put(int member, String key, String value) {
        Txn put = new Txn().put(key(key), key(value));
        long[] revision = {0};
        Processes.await("put of " + key, LIMIT, () -> {
            if (cluster.client(member).commit(put) instanceof Answer.Done<Etcd.Committed>(Etcd.Committed done)) {
                revision[0] = done.revision();
            }
            return revision[0] > 0;
        });
        return revision[0];
    }

    long delete(int member, String key) {
        return done(cluster.client(member).commit(new Txn().delete(key(key)))).revision();
    }

    /// All pairs below a prefix, read through one member, as `key=value@revision`.
    List<String> read(int member, String prefix) {
        Answer<Snapshot> answer = cluster.client(member).range(KeyRange.prefix(key(prefix)), 0);
        assertThat(answer).as(cluster.logs()).isInstanceOf(Answer.Done.class);
        return ((Answer.Done<Snapshot>) answer)
                .value().pairs().stream().map(Bench::say).toList();
    }

    private static String say(Pair pair) {
        return pair.key().utf8() + "=" + pair.value().utf8() + "@" + pair.modRevision();
    }

    long revision(int member) {
        return ((Answer.Done<Snapshot>) cluster.client(member).get(key("nothing")))
                .value()
                .revision();
    }

    /// One bare gRPC call.
    <A> DoorClient.Answer<A> call(int member, String path, MessageLite request, Parser<A> parser) throws Exception {
        try (DoorClient door =
                new DoorClient(vertx, URI.create(cluster.url(member)).getPort())) {
            return door.call(path, request, parser, Map.of());
        }
    }

    void compact(int member, long revision) throws Exception {
        CompactionRequest request = CompactionRequest.newBuilder()
                .setRevision(revision)
                .setPhysical(true)
                .build();
        assertThat(call(member, "etcdserverpb.KV/Compact", request, CompactionResponse.parser())
                        .status())
                .isEqualTo(GrpcStatus.OK);
    }

    static ByteString bytes(String text) {
        return ByteString.copyFromUtf8(text);
    }

    /// A watcher that keeps what it hears.
    final class Ear implements AutoCloseable {
        private final List<Tap.News> heard = new ArrayList<>();
        private final Tap tap;

        Ear(int member, KeyRange range, long fromRevision) {
            Answer<Tap> opened = Tap.open(cluster.client(member), range, fromRevision, false, news -> {
                synchronized (heard) {
                    heard.add(news);
                }
            });
            assertThat(opened).isInstanceOf(Answer.Done.class);
            tap = ((Answer.Done<Tap>) opened).value();
        }

        List<Tap.News> heard() {
            synchronized (heard) {
                return List.copyOf(heard);
            }
        }

        /// Events in order, as `put key@revision` or `delete key@revision`.
        List<String> events() {
            return heard().stream()
                    .flatMap(news ->
                            news instanceof Tap.News.Told told ? told.events().stream() : java.util.stream.Stream.of())
                    .map(event -> (event.delete() ? "delete " : "put ")
                            + event.pair().key().utf8() + "@" + event.pair().modRevision())
                    .toList();
        }

        List<String> await(int events) {
            Supplier<List<String>> now = this::events;
            Processes.await(events + " events", LIMIT, () -> now.get().size() >= events);
            return now.get();
        }

        void askProgress() {
            tap.askProgress();
        }

        @Override
        public void close() {
            tap.close();
        }
    }

    @Override
    public void close() {
        cluster.close();
        vertx.close().toCompletionStage().toCompletableFuture().join();
    }
}
