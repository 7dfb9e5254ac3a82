package holdfast.server.ledger;

import static org.assertj.core.api.Assertions.assertThat;

import holdfast.core.base.Bytes;
import holdfast.core.base.Outcome;
import holdfast.core.base.Reason;
import holdfast.core.healing.Incident;
import holdfast.core.healing.OperatorOrder;
import holdfast.core.healing.fleet.Assignment;
import holdfast.core.healing.fleet.Endpoint;
import holdfast.core.healing.fleet.Fleet;
import holdfast.core.healing.fleet.Part;
import holdfast.core.healing.fleet.Registration;
import holdfast.core.healing.isolate.Action;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

final class LedgerJsonTest {
    static Stream<Arguments> values() {
        return Stream.of(
                Arguments.of(Samples.fleet(), Fleet.class),
                Arguments.of(Samples.REGISTRATION, Registration.class),
                Arguments.of(Samples.ENDPOINT, Endpoint.class),
                Arguments.of(Samples.assignment(), Assignment.class),
                Arguments.of(Samples.start(9, "a-1"), Action.class),
                Arguments.of(Samples.incident(Incident.State.ISOLATED), Incident.class),
                Arguments.of(new Outcome.Done(4), Outcome.class),
                Arguments.of(new Outcome.Refused(new Reason("old-fence", "It is old.")), Outcome.class),
                Arguments.of(new Outcome.Unknown(new Reason("lost", "It is lost.")), Outcome.class),
                Arguments.of(new OperatorOrder.Restart(Samples.ORDERS_2, "ann"), OperatorOrder.class),
                Arguments.of(new OperatorOrder.Retry("i-1", "ann"), OperatorOrder.class));
    }

    @ParameterizedTest
    @MethodSource("values")
    <T> void value_writtenAndRead_isTheSame(T value, Class<T> type) {
        Bytes json = LedgerJson.write(value);
        assertThat(LedgerJson.read(json, type)).as(json.utf8()).contains(value);
    }

    @Test
    void endpoint_isWhatClientsRouteBy() {
        assertThat(LedgerJson.write(Samples.ENDPOINT).utf8())
                .isEqualTo(
                        "{\"instance\":\"orders/2\",\"address\":\"10.0.0.1:8101\",\"host\":\"h1\",\"registration\":5}");
    }

    @Test
    void unknownField_isPassedOver_andGarbageIsNoValue() {
        Bytes newer = Bytes.utf8(
                "{\"instance\":\"orders/2\",\"address\":\"10.0.0.1:8101\",\"host\":\"h1\",\"registration\":5,\"x\":[1]}");
        assertThat(LedgerJson.read(newer, Endpoint.class)).contains(Samples.ENDPOINT);
        assertThat(LedgerJson.read(Bytes.utf8("{"), Endpoint.class)).isEmpty();
        assertThat(LedgerJson.read(Bytes.utf8("{\"instance\":\"orders\"}"), Endpoint.class))
                .isEmpty();
        assertThat(LedgerJson.read(Bytes.utf8("null"), Endpoint.class)).isEmpty();
    }

    @Test
    void part_everyKind_readsBack() {
        for (Part part : new Part[] {new Part.Store(), new Part.Host(Samples.H1), Samples.ORDERS_2}) {
            assertThat(LedgerJson.part(part.toString())).isEqualTo(part);
        }
    }
}
