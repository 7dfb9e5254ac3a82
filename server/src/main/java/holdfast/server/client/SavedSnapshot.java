package holdfast.server.client;

import holdfast.core.base.Reason;
import holdfast.protocol.etcd.SnapshotRequest;
import holdfast.protocol.etcd.SnapshotResponse;
import io.vertx.core.Future;
import io.vertx.grpc.client.GrpcClientRequest;
import io.vertx.grpc.client.GrpcClientResponse;
import io.vertx.grpc.common.GrpcStatus;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/// A member's snapshot, fetched into a file: whole and with the right checksum under its name, or not there.
///
/// @param bytes of the file, the checksum included
/// @param version that the member told, empty before 3.6
public record SavedSnapshot(long bytes, String version) {
    private static final int BLOCK_BYTES = 512;
    private static final int SUM_BYTES = 32;
    private static final int AHEAD = 64; // blobs of at most 32 KiB
    private static final long SILENCE_SECONDS_MAX = 120; // a member counts its rows before it begins
    private static final String PART = ".part";

    private sealed interface Arrival {
        record Blob(SnapshotResponse response) implements Arrival {}

        record Ended(@Nullable String failure) implements Arrival {}
    }

    /// Asks the first member that can be reached.
    public static Answer<SavedSnapshot> fetch(Etcd etcd, Path file) throws InterruptedException {
        Path part = file.resolveSibling(file.getFileName() + PART);
        try {
            Files.deleteIfExists(part);
            Answer<SavedSnapshot> answer;
            try (FileChannel out = FileChannel.open(
                    part,
                    java.util.Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE, StandardOpenOption.READ),
                    PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")))) {
                answer = fetch(etcd, out);
                out.force(true);
            }
            if (answer instanceof Answer.Done<SavedSnapshot>) {
                Files.move(part, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
            } else {
                Files.deleteIfExists(part);
            }
            return answer;
        } catch (IOException failed) {
            return refused("snapshot-unwritable", file + " cannot be written: " + failed + ".");
        }
    }

    private static Answer<SavedSnapshot> refused(String code, String sentence) {
        return new Answer.Refused<>(new Reason(code, sentence));
    }

    private static Answer<SavedSnapshot> fetch(Etcd etcd, FileChannel out) throws IOException, InterruptedException {
        long limitNanos = etcd.config().callLimit().toNanos();
        if (etcd.calls().enter(etcd.config().login(), limitNanos) instanceof Answer.Refused<String>(Reason why)) {
            return new Answer.Refused<>(why);
        }
        String last = "no member";
        for (int tries = 0; tries < etcd.config().endpoints().size(); tries++) {
            Link link = etcd.calls().preferred(tries);
            try {
                GrpcClientRequest<SnapshotRequest, SnapshotResponse> stream = Calls.await(
                        link.open(Rpc.SNAPSHOT), etcd.config().connectLimit().toNanos());
                return receive(link, stream, out);
            } catch (TimeoutException | ExecutionException failed) {
                last = link.endpoint + ": " + Calls.say(failed);
            }
        }
        return refused("store-unreachable", "No member could be reached; last: " + last + ".");
    }

    private static Answer<SavedSnapshot> receive(
            Link link, GrpcClientRequest<SnapshotRequest, SnapshotResponse> stream, FileChannel out)
            throws IOException, InterruptedException, TimeoutException, ExecutionException {
        BlockingQueue<Arrival> arrivals = new ArrayBlockingQueue<>(2 * AHEAD);
        Future<GrpcClientResponse<SnapshotRequest, SnapshotResponse>> begun = stream.response()
                .map(response -> {
                    response.pause(); // on its own thread, before anything is lost
                    response.exceptionHandler(failed -> arrivals.add(new Arrival.Ended(Calls.say(failed))));
                    response.endHandler(_ -> arrivals.add(ended(response)));
                    response.handler(blob -> arrivals.add(new Arrival.Blob(blob)));
                    response.fetch(AHEAD);
                    return response;
                });
        stream.end(SnapshotRequest.getDefaultInstance());
        GrpcClientResponse<SnapshotRequest, SnapshotResponse> response =
                Calls.await(begun, TimeUnit.SECONDS.toNanos(SILENCE_SECONDS_MAX));
        try {
            return write(link, arrivals, () -> response.fetch(1), out);
        } finally {
            stream.cancel();
        }
    }

    private static Arrival ended(GrpcClientResponse<SnapshotRequest, SnapshotResponse> response) {
        boolean well = response.status() == GrpcStatus.OK;
        return new Arrival.Ended(well ? null : response.status() + " " + response.statusMessage());
    }

    /// The last 32 bytes are the sum of all before them, however the member cuts its blobs.
    private static Answer<SavedSnapshot> write(
            Link link, BlockingQueue<Arrival> arrivals, Runnable more, FileChannel out)
            throws IOException, InterruptedException {
        MessageDigest digest = sha256();
        byte[] held = new byte[0];
        long bytes = 0;
        String version = "";
        while (true) {
            Arrival arrival = arrivals.poll(SILENCE_SECONDS_MAX, TimeUnit.SECONDS);
            switch (arrival) {
                case null -> {
                    return refused("snapshot-lost", link.endpoint + " sent nothing for a while.");
                }
                case Arrival.Ended(String failure) -> {
                    if (failure != null) return refused("snapshot-lost", link.endpoint + ": " + failure + ".");
                    boolean whole = bytes % BLOCK_BYTES == SUM_BYTES && Arrays.equals(held, digest.digest());
                    if (!whole) return refused("snapshot-damaged", "What came does not end in its checksum.");
                    return new Answer.Done<>(new SavedSnapshot(bytes, version));
                }
                case Arrival.Blob(SnapshotResponse response) -> {
                    byte[] blob = response.getBlob().toByteArray();
                    version = response.getVersion();
                    bytes += blob.length;
                    out.write(java.nio.ByteBuffer.wrap(blob));
                    byte[] all = Arrays.copyOf(held, held.length + blob.length);
                    System.arraycopy(blob, 0, all, held.length, blob.length);
                    int sure = Math.max(0, all.length - SUM_BYTES);
                    digest.update(all, 0, sure);
                    held = Arrays.copyOfRange(all, sure, all.length);
                    more.run();
                }
            }
        }
    }

    private static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException bug) {
            throw new IllegalStateException("every Java has SHA-256", bug);
        }
    }
}
