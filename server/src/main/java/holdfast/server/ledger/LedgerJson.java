package holdfast.server.ledger;

import com.fasterxml.jackson.annotation.JsonAutoDetect.Visibility;
import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import holdfast.core.base.Bytes;
import holdfast.core.base.Fence;
import holdfast.core.base.NodeId;
import holdfast.core.base.Outcome;
import holdfast.core.base.Ratio;
import holdfast.core.healing.OperatorOrder;
import holdfast.core.healing.fleet.CheckSpec;
import holdfast.core.healing.fleet.Part;
import holdfast.core.healing.fleet.Rung;
import holdfast.core.healing.isolate.Step;
import java.time.Duration;
import java.util.Optional;
import java.util.function.Function;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.JsonParser;
import tools.jackson.databind.DeserializationContext;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.SerializationContext;
import tools.jackson.databind.ValueDeserializer;
import tools.jackson.databind.ValueSerializer;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.module.SimpleModule;

/// The records of `core.healing` as JSON: field names as in the records, parts as `orders/2` or `host h1`,
/// lengths as `500ms`, cases of sealed types by a field `kind`. Fields that a reader does not know are passed
/// over, so that neighbouring versions can share a store.
public final class LedgerJson {
    private static final JsonMapper MAPPER = mapper();

    private LedgerJson() {}

    private static JsonMapper mapper() {
        SimpleModule words = new SimpleModule("words");
        word(words, NodeId.class, NodeId::name, NodeId::new);
        word(
                words,
                Duration.class,
                Lengths::format,
                text -> Lengths.parse(text)
                        .orElseThrow(() -> new IllegalArgumentException("no length of time: " + text)));
        word(words, Rung.class, Rung::key, text -> Rung.of(text).orElseThrow());
        word(words, Part.class, Part::toString, LedgerJson::part);
        word(words, Part.Instance.class, Part::toString, text -> (Part.Instance) part(text));
        number(words, Fence.class, Fence::epoch, Fence::new);
        number(words, Ratio.class, ratio -> (long) ratio.perMillion(), perMillion -> new Ratio(perMillion.intValue()));
        return JsonMapper.builder()
                .addModule(words)
                .addMixIn(Outcome.class, OutcomeKinds.class)
                .addMixIn(Step.class, StepKinds.class)
                .addMixIn(CheckSpec.class, CheckKinds.class)
                .addMixIn(OperatorOrder.class, OperatorOrderKinds.class)
                .changeDefaultVisibility(visible -> visible.withFieldVisibility(Visibility.ANY)
                        .withGetterVisibility(Visibility.NONE)
                        .withIsGetterVisibility(Visibility.NONE))
                .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
                .build();
    }

    /// What was written, or why it cannot be read.
    public static <T> Optional<T> read(Bytes json, Class<T> type) {
        try {
            return Optional.ofNullable(MAPPER.readValue(json.unsafeArray(), type));
        } catch (JacksonException | IllegalArgumentException _) {
            return Optional.empty();
        }
    }

    public static Bytes write(Object value) {
        return Bytes.wrap(MAPPER.writeValueAsBytes(value));
    }

    /// The mapper itself, for those who print.
    public static JsonMapper json() {
        return MAPPER;
    }

    /// The part that prints as `text`.
    ///
    /// @throws IllegalArgumentException when there is none
    public static Part part(String text) {
        if (text.equals(new Part.Store().toString())) return new Part.Store();
        if (text.startsWith("host ")) return new Part.Host(new NodeId(text.substring("host ".length())));
        int slash = text.lastIndexOf('/');
        if (slash < 1) throw new IllegalArgumentException("no part: " + text);
        return new Part.Instance(text.substring(0, slash), Integer.parseInt(text.substring(slash + 1)));
    }

    private static <T> void word(
            SimpleModule module, Class<T> type, Function<T, String> write, Function<String, T> read) {
        module.addSerializer(type, new ValueSerializer<T>() {
            @Override
            public void serialize(T value, JsonGenerator out, SerializationContext context) {
                out.writeString(write.apply(value));
            }
        });
        module.addDeserializer(type, new ValueDeserializer<T>() {
            @Override
            public T deserialize(JsonParser in, DeserializationContext context) {
                return read.apply(in.getValueAsString());
            }
        });
    }

    private static <T> void number(
            SimpleModule module, Class<T> type, Function<T, Long> write, Function<Long, T> read) {
        module.addSerializer(type, new ValueSerializer<T>() {
            @Override
            public void serialize(T value, JsonGenerator out, SerializationContext context) {
                out.writeNumber(write.apply(value));
            }
        });
        module.addDeserializer(type, new ValueDeserializer<T>() {
            @Override
            public T deserialize(JsonParser in, DeserializationContext context) {
                return read.apply(in.getLongValue());
            }
        });
    }

    @JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "kind")
    @JsonSubTypes({
        @JsonSubTypes.Type(value = Outcome.Done.class, name = "done"),
        @JsonSubTypes.Type(value = Outcome.Refused.class, name = "refused"),
        @JsonSubTypes.Type(value = Outcome.Unknown.class, name = "unknown")
    })
    private interface OutcomeKinds {}

    @JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "kind")
    @JsonSubTypes({
        @JsonSubTypes.Type(value = Step.Start.class, name = "start"),
        @JsonSubTypes.Type(value = Step.Stop.class, name = "stop")
    })
    private interface StepKinds {}

    @JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "kind")
    @JsonSubTypes({
        @JsonSubTypes.Type(value = CheckSpec.Http.class, name = "http"),
        @JsonSubTypes.Type(value = CheckSpec.Tcp.class, name = "tcp"),
        @JsonSubTypes.Type(value = CheckSpec.Exec.class, name = "exec")
    })
    private interface CheckKinds {}

    @JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "kind")
    @JsonSubTypes({
        @JsonSubTypes.Type(value = OperatorOrder.Restart.class, name = "restart"),
        @JsonSubTypes.Type(value = OperatorOrder.Retry.class, name = "retry")
    })
    private interface OperatorOrderKinds {}
}
