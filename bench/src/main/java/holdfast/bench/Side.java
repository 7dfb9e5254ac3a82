package holdfast.bench;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import holdfast.bench.ClosedLoop.Result;
import holdfast.bench.ClosedLoop.Work;
import holdfast.protocol.etcd.StatusRequest;
import holdfast.protocol.etcd.StatusResponse;
import io.netty.buffer.ByteBuf;
import io.netty.channel.EventLoop;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;

/// One of the two stores under test, with a connection to each of its members.
final class Side implements AutoCloseable {
    private static final int CALL_SECONDS_MAX = 10;
    private static final int PREFIX_BYTES = 5;
    private static final int KILL_PROBE_MILLIS = 5;
    private static final int RECOVERY_SECONDS_MAX = 60;

    private final Cluster cluster;
    private final MultiThreadIoEventLoopGroup group = new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
    private final List<Wire> wires = new ArrayList<>();

    Side(Cluster cluster) throws IOException, InterruptedException {
        this.cluster = cluster;
        connect();
    }

    /// New connections to all members.
    void connect() throws IOException, InterruptedException {
        wires.forEach(Wire::close);
        wires.clear();
        for (int port : cluster.clientPorts()) wires.add(Wire.connect(loop(), port));
    }

    Cluster cluster() {
        return cluster;
    }

    EventLoop loop() {
        return group.next();
    }

    List<Wire> wires() {
        return wires;
    }

    Result run(Work work, int inFlight, double seconds) throws InterruptedException {
        return ClosedLoop.run(wires, work, inFlight, seconds);
    }

    /// Which member leads.
    int leader() throws IOException, InterruptedException {
        for (int member = 0; member < wires.size(); member++) {
            StatusResponse status = status(member);
            if (status.getLeader() == status.getHeader().getMemberId()) return member;
        }
        throw new IOException(cluster.name() + " has no leader");
    }

    StatusResponse status(int member) throws IOException, InterruptedException {
        byte[] answer = call(
                member,
                "/etcdserverpb.Maintenance/Status",
                StatusRequest.getDefaultInstance().toByteString());
        try {
            return StatusResponse.parseFrom(answer);
        } catch (InvalidProtocolBufferException damaged) {
            throw new IOException(damaged);
        }
    }

    /// One call, waited for; gives the message.
    byte[] call(int member, String path, ByteString message) throws IOException, InterruptedException {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        stream(member, path, message, CALL_SECONDS_MAX, all::writeBytes);
        byte[] framed = all.toByteArray();
        if (framed.length < PREFIX_BYTES) throw new IOException(path + " of " + cluster.name() + " was not answered");
        return Arrays.copyOfRange(framed, PREFIX_BYTES, framed.length);
    }

    /// One call, waited for; its answers, framed as they come, go to `chunks`.
    void stream(int member, String path, ByteString message, int secondsMax, Consumer<byte[]> chunks)
            throws IOException, InterruptedException {
        CompletableFuture<Boolean> answered = new CompletableFuture<>();
        Wire wire = wires.get(member);
        wire.loop()
                .execute(() -> wire.call(Wire.head(path), message, true, new Wire.Answer() {
                    @Override
                    public void bytes(ByteBuf some) {
                        byte[] chunk = new byte[some.readableBytes()];
                        some.readBytes(chunk);
                        chunks.accept(chunk);
                    }

                    @Override
                    public void over(boolean good) {
                        answered.complete(good);
                    }
                }));
        try {
            if (!answered.get(secondsMax, TimeUnit.SECONDS)) throw new IOException(path + " failed");
        } catch (ExecutionException | TimeoutException failed) {
            throw new IOException(path + " of " + cluster.name(), failed);
        }
    }

    /// Kills the leader with SIGKILL and gives the milliseconds until a survivor acknowledged a write; then brings it
    /// back.
    double killLeader() throws IOException, InterruptedException {
        int leader = leader();
        List<Wire> survivors = new ArrayList<>(wires);
        survivors.remove(leader);
        ByteString put = Works.put(0);
        CompletableFuture<Long> acknowledged = new CompletableFuture<>();
        long begun = System.nanoTime();
        cluster.kill(leader);
        for (Wire wire : survivors) wire.loop().execute(() -> again(wire, put, acknowledged));
        double millis;
        try {
            millis = (acknowledged.get(RECOVERY_SECONDS_MAX, TimeUnit.SECONDS) - begun) / 1e6;
        } catch (ExecutionException | TimeoutException failed) {
            throw new IOException(cluster.name() + " does not recover", failed);
        }
        cluster.restart(leader);
        connect();
        return millis;
    }

    /// A put every few milliseconds: one that went to the dead leader is never answered.
    private static void again(Wire wire, ByteString put, CompletableFuture<Long> acknowledged) {
        if (acknowledged.isDone()) return;
        wire.call(Works.PUT, put, true, good -> {
            if (good) acknowledged.complete(System.nanoTime());
        });
        var _ = wire.loop().schedule(() -> again(wire, put, acknowledged), KILL_PROBE_MILLIS, TimeUnit.MILLISECONDS);
    }

    @Override
    public void close() throws IOException {
        wires.forEach(Wire::close);
        cluster.close();
        var _ = group.shutdownGracefully(0, 1, TimeUnit.SECONDS);
    }
}
