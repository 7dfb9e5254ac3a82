package holdfast.server.truth.etcd;

import static org.assertj.core.api.Assertions.assertThat;

import holdfast.protocol.etcd.RangeRequest;
import holdfast.protocol.etcd.RequestOp;
import holdfast.protocol.etcd.TxnRequest;
import org.junit.jupiter.api.Test;

final class ChecksTest {
    private static RequestOp range(boolean serializable) {
        return RequestOp.newBuilder()
                .setRequestRange(RangeRequest.newBuilder().setSerializable(serializable))
                .build();
    }

    @Test
    void transactionThatOnlyReads_isSerializable_whenAllItsRangesSaySo_andIfItHasAny() {
        TxnRequest none = TxnRequest.getDefaultInstance();
        TxnRequest all = TxnRequest.newBuilder()
                .addSuccess(range(true))
                .addFailure(range(true))
                .build();
        TxnRequest some = TxnRequest.newBuilder()
                .addSuccess(range(true))
                .addFailure(range(false))
                .build();
        assertThat(Checks.isSerializable(all)).isTrue();
        assertThat(Checks.isSerializable(some)).isFalse();
        assertThat(Checks.isSerializable(none)).as("it only compares").isFalse();
    }
}
