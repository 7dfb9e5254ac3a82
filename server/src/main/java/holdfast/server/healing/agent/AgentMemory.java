package holdfast.server.healing.agent;

import holdfast.core.base.Bytes;
import holdfast.core.base.Fence;
import holdfast.core.base.Reason;
import holdfast.core.healing.isolate.FenceGate;
import holdfast.server.base.SafeFile;
import holdfast.server.ledger.LedgerJson;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/// What an agent remembers over restarts, on disk before it counts: its incarnation, its lease, and the highest
/// fence that was here. Any thread.
final class AgentMemory {
    /// @param incarnation of the agent that wrote this
    /// @param leaseId 0 for none
    /// @param epoch highest fence admitted
    record Notes(long incarnation, long leaseId, long epoch) {}

    private final Path file;
    private final FenceGate gate;
    private Notes notes;

    private AgentMemory(Path file, Notes notes) {
        this.file = file;
        this.notes = notes;
        this.gate = new FenceGate(new Fence(notes.epoch));
    }

    /// Begins a new incarnation. A file that cannot be read is an error that a person must see: without it an old
    /// order could be obeyed.
    static AgentMemory open(Path folder) throws IOException {
        Path file = folder.resolve("agent.json");
        Notes before = new Notes(0, 0, 0);
        if (Files.exists(file)) {
            before = LedgerJson.read(Bytes.wrap(Files.readAllBytes(file)), Notes.class)
                    .orElseThrow(() -> new IOException(file + " is damaged; with it the highest fence is lost"));
        }
        AgentMemory memory = new AgentMemory(file, before);
        memory.keep(new Notes(before.incarnation + 1, before.leaseId, before.epoch));
        return memory;
    }

    synchronized long incarnation() {
        return notes.incarnation;
    }

    synchronized long leaseId() {
        return notes.leaseId;
    }

    synchronized void rememberLease(long leaseId) {
        keep(new Notes(notes.incarnation, leaseId, notes.epoch));
    }

    /// The highest fence that was here.
    synchronized Fence highest() {
        return gate.highest();
    }

    /// Asks the gate; what it admits is on disk before this comes back.
    synchronized Optional<Reason> admit(Fence fence) {
        Fence before = gate.highest();
        Optional<Reason> refusal = gate.admit(fence);
        if (refusal.isEmpty() && fence.compareTo(before) > 0) {
            keep(new Notes(notes.incarnation, notes.leaseId, fence.epoch()));
        }
        return refusal;
    }

    private void keep(Notes fresh) {
        try {
            SafeFile.write(file, LedgerJson.write(fresh).unsafeArray());
        } catch (IOException failed) {
            throw new UncheckedIOException("cannot remember on disk, so nothing may be done", failed);
        }
        notes = fresh;
    }
}
