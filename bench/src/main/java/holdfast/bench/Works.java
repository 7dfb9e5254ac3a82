package holdfast.bench;

import com.google.protobuf.ByteString;
import holdfast.bench.ClosedLoop.Ask;
import holdfast.bench.ClosedLoop.Work;
import holdfast.protocol.etcd.PutRequest;
import holdfast.protocol.etcd.RangeRequest;
import io.netty.handler.codec.http2.Http2Headers;
import java.util.SplittableRandom;

/// The calls that both stores are asked: keys `bench/000000` to `bench/099999`, values of 256 bytes.
final class Works {
    static final int KEYS = 100_000;
    static final int VALUE_BYTES = 256;
    static final Http2Headers PUT = Wire.head("/etcdserverpb.KV/Put");
    static final Http2Headers RANGE = Wire.head("/etcdserverpb.KV/Range");
    private static final ByteString VALUE = ByteString.copyFrom(new byte[VALUE_BYTES]);

    private Works() {}

    static ByteString key(long number) {
        String digits = Long.toString(1_000_000 + number);
        return ByteString.copyFromUtf8("bench/" + digits.substring(1));
    }

    static ByteString put(long number) {
        return PutRequest.newBuilder()
                .setKey(key(number))
                .setValue(VALUE)
                .build()
                .toByteString();
    }

    /// Every key once, in order.
    static Work fill() {
        return count -> new Ask(PUT, put(count % KEYS));
    }

    static Work puts(long seed) {
        SplittableRandom dice = new SplittableRandom(seed);
        return _ -> new Ask(PUT, put(dice.nextInt(KEYS)));
    }

    static Work ranges(long seed, boolean serializable) {
        SplittableRandom dice = new SplittableRandom(seed);
        return _ -> new Ask(RANGE, range(dice, serializable));
    }

    /// Nine linearizable ranges to one put.
    static Work mix(long seed) {
        SplittableRandom dice = new SplittableRandom(seed);
        return _ -> dice.nextInt(10) == 0 ? new Ask(PUT, put(dice.nextInt(KEYS))) : new Ask(RANGE, range(dice, false));
    }

    private static ByteString range(SplittableRandom dice, boolean serializable) {
        return RangeRequest.newBuilder()
                .setKey(key(dice.nextInt(KEYS)))
                .setSerializable(serializable)
                .build()
                .toByteString();
    }

    /// The first `count` keys at once, linearizable.
    static Work bigRange(int count) {
        ByteString all = RangeRequest.newBuilder()
                .setKey(key(0))
                .setRangeEnd(key(count))
                .build()
                .toByteString();
        return _ -> new Ask(RANGE, all);
    }
}
