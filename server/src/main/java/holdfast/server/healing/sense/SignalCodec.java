package holdfast.server.healing.sense;

import holdfast.core.base.NodeId;
import holdfast.core.healing.detect.Probe;
import holdfast.core.healing.detect.Signal;
import holdfast.core.healing.fleet.Part;
import holdfast.protocol.loop.Ask;
import holdfast.protocol.loop.Down;
import holdfast.protocol.loop.Exited;
import holdfast.protocol.loop.Probed;
import holdfast.protocol.loop.Roster;
import holdfast.protocol.loop.Supervised;
import holdfast.protocol.loop.Up;
import io.vertx.grpc.common.GrpcMessageDecoder;
import io.vertx.grpc.common.GrpcMessageEncoder;
import io.vertx.grpc.common.ServiceMethod;
import io.vertx.grpc.common.ServiceName;
import java.util.Optional;

/// Signals and questions as messages of `holdfast.loop.Loop/Attach`. The witness is not in a message: it is
/// whoever the stream belongs to.
public final class SignalCodec {
    private static final ServiceName SERVICE = ServiceName.create("holdfast.loop", "Loop");

    /// What the loop's leader serves.
    public static final ServiceMethod<Up, Down> ATTACH_SERVER = ServiceMethod.server(
            SERVICE, "Attach", GrpcMessageEncoder.<Down>encoder(), GrpcMessageDecoder.<Up>decoder(Up.newBuilder()));

    /// What agents call.
    public static final ServiceMethod<Down, Up> ATTACH_CLIENT = ServiceMethod.client(
            SERVICE, "Attach", GrpcMessageEncoder.<Up>encoder(), GrpcMessageDecoder.<Down>decoder(Down.newBuilder()));

    private SignalCodec() {}

    /// Empty for what does not travel on the stream.
    public static Optional<Up> encode(Signal signal) {
        return switch (signal) {
            case Signal.Exited exited ->
                Optional.of(Up.newBuilder()
                        .setExited(Exited.newBuilder()
                                .setService(exited.instance().service())
                                .setNumber(exited.instance().number())
                                .setRun(exited.run())
                                .setStatus(exited.status()))
                        .build());
            case Signal.Roster roster ->
                Optional.of(Up.newBuilder()
                        .setRoster(Roster.newBuilder()
                                .addAllProcesses(roster.processes().stream()
                                        .map(SignalCodec::encode)
                                        .toList()))
                        .build());
            case Signal.Probed probed ->
                Optional.of(Up.newBuilder().setProbed(encode(probed)).build());
            case Signal.Heartbeat _, Signal.Attached _, Signal.Detached _ -> Optional.empty();
        };
    }

    private static Supervised encode(Signal.Supervised process) {
        return Supervised.newBuilder()
                .setService(process.instance().service())
                .setNumber(process.instance().number())
                .setRun(process.run())
                .setState(
                        switch (process.state()) {
                            case RUNNING -> Supervised.State.RUNNING;
                            case FROZEN -> Supervised.State.FROZEN;
                            case EXITED -> Supervised.State.EXITED;
                        })
                .setStatus(process.status())
                .build();
    }

    private static Probed encode(Signal.Probed probed) {
        Probed.Builder message = Probed.newBuilder()
                .setCheck(probed.check())
                .setTarget(probed.target())
                .setResult(
                        switch (probed.result()) {
                            case OK -> Probed.Result.OK;
                            case REFUSED -> Probed.Result.REFUSED;
                            case TIMEOUT -> Probed.Result.TIMEOUT;
                            case BAD_ANSWER -> Probed.Result.BAD_ANSWER;
                        })
                .setDetail(probed.detail())
                .setLatencyNanos(probed.latencyNanos())
                .setStalledNanos(probed.stalledNanos())
                .setAskId(probed.askId());
        switch (probed.subject()) {
            case Part.Instance(String service, int number) ->
                message.setService(service).setNumber(number);
            case Part.Host(NodeId host) -> message.setHost(host.name());
            case Part.Store() -> {}
        }
        return message.build();
    }

    /// What `host` of this incarnation says; empty when the message makes no sense.
    public static Optional<Signal> decode(NodeId host, long incarnation, Up message) {
        return switch (message.getBodyCase()) {
            case EXITED -> {
                Exited exited = message.getExited();
                yield Optional.of(new Signal.Exited(
                        host,
                        new Part.Instance(exited.getService(), exited.getNumber()),
                        exited.getRun(),
                        exited.getStatus()));
            }
            case ROSTER ->
                Optional.of(new Signal.Roster(
                        host,
                        incarnation,
                        message.getRoster().getProcessesList().stream()
                                .map(SignalCodec::decode)
                                .toList()));
            case PROBED -> decode(host, message.getProbed());
            case HELLO, BODY_NOT_SET -> Optional.empty();
        };
    }

    private static Signal.Supervised decode(Supervised process) {
        return new Signal.Supervised(
                new Part.Instance(process.getService(), process.getNumber()),
                process.getRun(),
                switch (process.getState()) {
                    case RUNNING, UNRECOGNIZED -> Signal.Supervised.State.RUNNING;
                    case FROZEN -> Signal.Supervised.State.FROZEN;
                    case EXITED -> Signal.Supervised.State.EXITED;
                },
                process.getStatus());
    }

    private static Optional<Signal> decode(NodeId witness, Probed probed) {
        return subject(probed.getHost(), probed.getService(), probed.getNumber())
                .map(subject -> new Signal.Probed(
                        witness,
                        subject,
                        probed.getCheck(),
                        probed.getTarget(),
                        switch (probed.getResult()) {
                            case OK -> Signal.Result.OK;
                            case REFUSED -> Signal.Result.REFUSED;
                            case TIMEOUT, UNRECOGNIZED -> Signal.Result.TIMEOUT;
                            case BAD_ANSWER -> Signal.Result.BAD_ANSWER;
                        },
                        probed.getDetail(),
                        probed.getLatencyNanos(),
                        probed.getStalledNanos(),
                        probed.getAskId()));
    }

    private static Optional<Part> subject(String host, String service, int number) {
        try {
            if (!service.isEmpty()) return Optional.of(new Part.Instance(service, number));
            return Optional.of(new Part.Host(new NodeId(host)));
        } catch (IllegalArgumentException _) {
            return Optional.empty();
        }
    }

    public static Down encode(Probe probe) {
        Ask.Builder ask = Ask.newBuilder()
                .setId(probe.id())
                .setCheck(probe.check())
                .setTarget(probe.target())
                .setTimeoutNanos(probe.timeoutNanos());
        switch (probe.subject()) {
            case Part.Instance(String service, int number) ->
                ask.setService(service).setNumber(number);
            case Part.Host(NodeId host) -> ask.setHost(host.name());
            case Part.Store() -> {}
        }
        return Down.newBuilder().setAsk(ask).build();
    }

    /// The question that `witness` was asked; empty when it makes no sense.
    public static Optional<Probe> decode(NodeId witness, Ask ask) {
        return subject(ask.getHost(), ask.getService(), ask.getNumber())
                .map(subject -> new Probe(
                        ask.getId(), witness, subject, ask.getCheck(), ask.getTarget(), ask.getTimeoutNanos()));
    }
}
