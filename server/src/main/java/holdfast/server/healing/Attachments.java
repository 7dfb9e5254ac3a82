package holdfast.server.healing;

import com.google.protobuf.ByteString;
import holdfast.core.base.Fence;
import holdfast.core.base.NodeId;
import holdfast.core.healing.Input;
import holdfast.core.healing.detect.Probe;
import holdfast.core.healing.detect.Signal;
import holdfast.protocol.loop.Down;
import holdfast.protocol.loop.Hello;
import holdfast.protocol.loop.Up;
import holdfast.protocol.loop.Welcome;
import holdfast.server.healing.sense.SignalCodec;
import io.vertx.core.Handler;
import io.vertx.grpc.common.GrpcStatus;
import io.vertx.grpc.server.GrpcServerRequest;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The streams of agents to this node while it leads. Runs on Vert.x event loops and the driver; never waits.
final class Attachments implements Handler<GrpcServerRequest<Up, Down>> {
    private static final Logger LOG = LoggerFactory.getLogger(Attachments.class);

    private final byte[] heartbeatKey;
    private final int heartbeatPort;
    private final long heartbeatEveryNanos;
    private final Consumer<Input> inbox;
    private final SortedMap<NodeId, Attachment> attached = new TreeMap<>(); // under `this`
    private @Nullable Fence office; // under `this`: null while another leads

    private record Attachment(NodeId host, long incarnation, GrpcServerRequest<Up, Down> stream) {}

    Attachments(byte[] heartbeatKey, int heartbeatPort, long heartbeatEveryNanos, Consumer<Input> inbox) {
        this.heartbeatKey = heartbeatKey.clone();
        this.heartbeatPort = heartbeatPort;
        this.heartbeatEveryNanos = heartbeatEveryNanos;
        this.inbox = inbox;
    }

    /// From now on agents are welcome.
    synchronized void open(Fence fence) {
        office = fence;
    }

    /// Sends every agent away, to the next leader.
    synchronized void close(String why) {
        office = null;
        attached.values().forEach(one -> refuse(one.stream, why));
        attached.clear();
    }

    @Override
    public void handle(GrpcServerRequest<Up, Down> stream) {
        Visit visit = new Visit(stream);
        stream.handler(visit::message);
        stream.exceptionHandler(failed -> visit.ended(String.valueOf(failed.getMessage())));
        stream.endHandler(_ -> {
            visit.ended("the agent ended it");
            stream.response().end();
        });
    }

    /// One stream, on its event loop.
    private final class Visit {
        private final GrpcServerRequest<Up, Down> stream;
        private @Nullable Attachment who;

        private Visit(GrpcServerRequest<Up, Down> stream) {
            this.stream = stream;
        }

        private void message(Up up) {
            if (up.hasHello()) who = welcome(stream, up.getHello());
            Attachment known = who;
            if (known == null) refuse(stream, "Hello comes first.");
            else SignalCodec.decode(known.host, known.incarnation, up).ifPresent(Attachments.this::heard);
        }

        private void ended(String why) {
            Attachment known = who;
            if (known != null) gone(known, why);
        }
    }

    private void heard(Signal signal) {
        inbox.accept(new Input.Heard(signal));
    }

    private synchronized @Nullable Attachment welcome(GrpcServerRequest<Up, Down> stream, Hello hello) {
        Fence fence = office;
        if (fence == null) {
            refuse(stream, "This node does not lead.");
            return null;
        }
        Attachment fresh;
        try {
            fresh = new Attachment(new NodeId(hello.getHost()), hello.getIncarnation(), stream);
        } catch (IllegalArgumentException wrong) {
            refuse(stream, String.valueOf(wrong.getMessage()));
            return null;
        }
        attached.put(fresh.host, fresh);
        stream.response()
                .write(Down.newBuilder()
                        .setWelcome(Welcome.newBuilder()
                                .setHeartbeatKey(ByteString.copyFrom(heartbeatKey))
                                .setHeartbeatPort(heartbeatPort)
                                .setHeartbeatEveryNanos(heartbeatEveryNanos)
                                .setEpoch(fence.epoch()))
                        .build());
        LOG.info("The agent of {} attached (incarnation {}).", fresh.host, fresh.incarnation);
        heard(new Signal.Attached(fresh.host, fresh.incarnation));
        return fresh;
    }

    private synchronized void gone(Attachment which, String why) {
        if (!which.equals(attached.get(which.host))) return;
        attached.remove(which.host);
        LOG.info("The agent of {} detached: {}", which.host, why);
        heard(new Signal.Detached(which.host, why));
    }

    private static void refuse(GrpcServerRequest<Up, Down> stream, String why) {
        try {
            stream.response().status(GrpcStatus.UNAVAILABLE).statusMessage(why).end();
        } catch (IllegalStateException _) {
            // it ended meanwhile
        }
    }

    /// Sends a question down the witness' stream; lost when there is none.
    synchronized void ask(Probe probe) {
        Attachment witness = attached.get(probe.witness());
        if (witness != null && !witness.stream.response().writeQueueFull()) {
            witness.stream.response().write(SignalCodec.encode(probe));
        }
    }

    synchronized int count() {
        return attached.size();
    }
}
