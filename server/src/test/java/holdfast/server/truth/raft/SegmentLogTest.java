package holdfast.server.truth.raft;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import holdfast.core.base.Dice;
import io.microraft.MembershipChangeMode;
import io.microraft.RaftEndpoint;
import io.microraft.model.log.LogEntry;
import io.microraft.model.log.RaftGroupMembersView;
import io.microraft.model.log.SnapshotChunk;
import io.microraft.persistence.RestoredRaftState;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class SegmentLogTest {
    private static final SegmentLog.Options SMALL = new SegmentLog.Options(16 << 10, 8 << 10);
    private static final List<RaftEndpoint> MEMBERS = List.of(new MemberId(1), new MemberId(2), new MemberId(3));

    @Test
    void randomPrograms_crashesIncluded_recoverWhatWasFlushedOrLater() throws IOException {
        for (long seed = 0; seed < 400; seed++) new Program(seed).run(120);
    }

    @Test
    void diskThatLies_isFoundByTheRandomPrograms() {
        assertThatThrownBy(() -> {
                    Program program = new Program(0);
                    program.files.lie();
                    program.run(120);
                })
                .isInstanceOf(AssertionError.class)
                .hasMessageContaining("seed");
    }

    @Test
    void flippedBit_anywhereInWhatWasForced_isNamedAndNeverCut() throws IOException {
        for (long seed = 0; seed < 60; seed++) {
            Program program = new Program(seed);
            program.solid = true;
            program.run(60);
            program.log.flush();
            Dice dice = new Dice(seed ^ 0x5eed);
            TornFiles files = program.files.copy();
            for (int flip = 0; flip < 60; flip++) {
                String name = dice.pick(files.names());
                int end = lastNonZero(files.content(name));
                if (end == 0) continue; // the spare
                long bit = dice.nextLong(end * 8L);
                TornFiles flipped = files.copy();
                flipped.flip(name, bit);
                assertThatThrownBy(() -> open(flipped))
                        .as("seed %d, bit %d of byte %d of %s", seed, bit % 8, bit / 8, name)
                        .isInstanceOf(DamagedLog.class)
                        .hasMessageContaining(name)
                        .hasMessageContaining("at byte");
            }
        }
    }

    @Test
    void diskFullOnlyWhileTheSpareWasMade_isNoFailure() throws IOException {
        Program program = new Program(11);
        program.files.full(true);
        int index = 0;
        // the first file has its spare from before; the second has none
        while (program.files.names().getLast().compareTo(Segment.name(3)) < 0) {
            if (index == 40) program.files.full(false);
            program.log.persistLogEntries(List.of(ModelCodec.entry(++index, 1, EntryBytes.of(program.payload(500)))));
            program.log.flush();
        }
        assertThat(program.halted).isEmpty();
        assertThat(index).isGreaterThan(40);
    }

    @Test
    void entries_pastTheHeapBound_areReadBackFromDisk() throws IOException {
        Program program = new Program(7);
        List<EntryBytes> handles = new ArrayList<>();
        List<byte[]> contents = new ArrayList<>();
        for (int index = 1; index <= 200; index++) {
            byte[] content = program.payload(500);
            EntryBytes handle = EntryBytes.of(content);
            program.log.persistLogEntries(List.of(ModelCodec.entry(index, 1, handle)));
            program.log.flush();
            handles.add(handle);
            contents.add(content.clone());
        }
        assertThat(program.log.heapBytes()).isBetween(1L, SMALL.heapBytesMax());
        assertThat(handles.stream().filter(EntryBytes::inHeap).count()).isLessThan(20);
        for (int at = 0; at < 200; at++) assertThat(handles.get(at).get()).isEqualTo(contents.get(at));
    }

    @Test
    void failedForce_haltsAndRefusesEverythingAfter() throws IOException {
        Program program = new Program(3);
        program.log.persistLogEntries(List.of(ModelCodec.entry(1, 1, EntryBytes.of(new byte[] {1}))));
        program.files.fail();
        assertThatThrownBy(program.log::flush).isInstanceOf(IOException.class);
        assertThat(program.halted).singleElement().asString().contains("fails to write");
        assertThatThrownBy(program.log::flush).hasMessageContaining("broken");
        assertThatThrownBy(() ->
                        program.log.persistLogEntries(List.of(ModelCodec.entry(2, 1, EntryBytes.of(new byte[] {1})))))
                .hasMessageContaining("broken");
    }

    @Test
    void missingOldFile_isNamedAndNotTakenForAShortLog() throws IOException {
        Program program = new Program(11);
        for (int index = 1; index <= 60; index++) {
            program.log.persistLogEntries(List.of(ModelCodec.entry(index, 1, EntryBytes.of(program.payload(900)))));
            program.log.flush();
        }
        TornFiles files = program.files.copy();
        files.delete(Segment.name(1));
        assertThatThrownBy(() -> open(files))
                .isInstanceOf(DamagedLog.class)
                .hasMessageContaining("an older file is missing");
    }

    @Test
    void realFolder_reopened_holdsTheSameAndDeletesWhatASnapshotCovers(@TempDir Path folder) throws IOException {
        SegmentLog log = SegmentLog.open(LogFiles.in(folder), SMALL, Runnable::run, (why, cause) -> {});
        Program program = new Program(5);
        program.start(log);
        for (int index = 1; index <= 100; index++) {
            log.persistLogEntries(List.of(ModelCodec.entry(index, 1, EntryBytes.of(program.payload(700)))));
        }
        log.flush();
        int before = log.segmentCount();
        log.persistSnapshotChunk(program.chunk(90, 1));
        log.flush();
        log.truncateLogEntriesUntil(90);
        log.flush();
        assertThat(before).isGreaterThan(4);
        assertThat(log.segmentCount()).isLessThan(3);
        log.close();
        try (SegmentLog again = SegmentLog.open(LogFiles.in(folder), SMALL, Runnable::run, (why, cause) -> {})) {
            RestoredRaftState restored = again.restored();
            assertThat(restored).isNotNull();
            assertThat(restored.getSnapshotEntry().getIndex()).isEqualTo(90);
            assertThat(restored.getLogEntries()).hasSize(10);
            assertThat(((EntryBytes) restored.getLogEntries().getLast().getOperation()).get())
                    .hasSize(700);
        }
    }

    @Test
    void heldEntries_areReadBackAfterTheLogForgotThem_untilLetGo(@TempDir Path folder) throws IOException {
        try (SegmentLog log = SegmentLog.open(LogFiles.in(folder), SMALL, Runnable::run, (why, cause) -> {})) {
            Program program = new Program(5);
            program.start(log);
            List<EntryBytes> handles = new ArrayList<>();
            List<byte[]> contents = new ArrayList<>();
            for (int index = 1; index <= 100; index++) {
                contents.add(program.payload(700));
                handles.add(EntryBytes.of(contents.getLast().clone()));
                log.persistLogEntries(List.of(ModelCodec.entry(index, 1, handles.getLast())));
            }
            log.flush();
            log.hold(41);
            log.persistSnapshotChunk(program.chunk(90, 1));
            log.truncateLogEntriesUntil(90);
            log.flush();
            int held = log.segmentCount();
            assertThat(handles.get(40).inHeap()).isFalse();
            for (int at = 40; at < 100; at++) assertThat(handles.get(at).get()).isEqualTo(contents.get(at));
            log.hold(Long.MAX_VALUE);
            log.truncateLogEntriesUntil(90);
            log.flush();
            assertThat(log.segmentCount()).isLessThan(3).isLessThan(held);
        }
    }

    private static SegmentLog open(TornFiles files) throws IOException {
        return SegmentLog.open(files, SMALL, Runnable::run, (why, cause) -> {});
    }

    private static int lastNonZero(byte[] content) {
        int at = content.length;
        while (at > 0 && content[at - 1] == 0) at--;
        return at;
    }

    /// A random run against a model that is nothing but the words of [io.microraft.persistence.RaftStore].
    private static final class Program {
        private final long seed;
        private final Dice dice;
        private final List<String> halted = new ArrayList<>();
        private TornFiles files = new TornFiles();
        private SegmentLog log;
        private boolean solid; // no payload with runs of zeros
        private int term = 1;
        private Integer vote;
        private long snapshot;
        private long last;
        private final TreeMap<Long, String> entries = new TreeMap<>();
        private List<String> possible = new ArrayList<>();

        Program(long seed) throws IOException {
            this.seed = seed;
            this.dice = new Dice(seed);
            this.log = SegmentLog.open(files, SMALL, Runnable::run, (why, cause) -> halted.add(why));
            start(log);
            possible.add(describe());
        }

        void start(SegmentLog started) throws IOException {
            started.persistAndFlushLocalEndpoint(ModelCodec.MODEL
                    .createRaftEndpointPersistentStateBuilder()
                    .setLocalEndpoint(new MemberId(1))
                    .setVoting(true)
                    .build());
            started.persistAndFlushInitialGroupMembers(view(0));
            started.persistAndFlushTerm(ModelCodec.MODEL
                    .createRaftTermPersistentStateBuilder()
                    .setTerm(1)
                    .build());
        }

        void run(int steps) throws IOException {
            for (int step = 0; step < steps; step++) {
                switch (dice.nextInt(12)) {
                    case 0, 1, 2, 3, 4 -> append();
                    case 5, 6 -> flush();
                    case 7 -> truncateSuffix();
                    case 8 -> vote();
                    case 9 -> snapshotHere();
                    case 10 -> {
                        if (dice.oneIn(4)) snapshotAhead();
                    }
                    case 11 -> restart(step);
                }
            }
        }

        void append() throws IOException {
            List<LogEntry> batch = new ArrayList<>();
            for (long count = dice.between(1, 5); count > 0; count--) {
                long index = last + 1;
                Object operation = operation();
                entries.put(index, term + " " + describe(operation));
                batch.add(ModelCodec.entry(index, term, operation));
                last = index;
                possible.add(describe());
            }
            log.persistLogEntries(batch);
        }

        Object operation() {
            if (dice.oneIn(10)) {
                return ModelCodec.MODEL
                        .createUpdateRaftGroupMembersOpBuilder()
                        .setMembers(MEMBERS)
                        .setVotingMembers(MEMBERS.subList(0, 2))
                        .setEndpoint(new MemberId(3))
                        .setMode(dice.pick(List.of(MembershipChangeMode.values())))
                        .build();
            }
            if (dice.oneIn(10)) return new Announced(new RaftLog.Peer(4, "n4", "n4:2380", dice.oneIn(2)));
            return EntryBytes.of(payload(dice.oneIn(8) ? 3000 : dice.nextInt(300)));
        }

        byte[] payload(int length) {
            byte[] bytes = new byte[length];
            if (!solid && dice.oneIn(3)) return bytes;
            for (int at = 0; at < length; at++) bytes[at] = (byte) dice.between(1, 255);
            return bytes;
        }

        void flush() throws IOException {
            log.flush();
            possible = new ArrayList<>(List.of(describe()));
        }

        void truncateSuffix() throws IOException {
            if (last == snapshot || dice.oneIn(2)) return;
            long from = dice.between(Math.max(snapshot + 1, last - 6), last);
            entries.tailMap(from, true).clear();
            last = from - 1;
            possible.add(describe());
            log.truncateLogEntriesFrom(from);
        }

        void vote() throws IOException {
            term += dice.nextInt(3);
            vote = dice.oneIn(3) ? null : 1 + dice.nextInt(3);
            possible.add(describe());
            var state = ModelCodec.MODEL.createRaftTermPersistentStateBuilder().setTerm(term);
            if (vote != null) state.setVotedFor(new MemberId(vote));
            log.persistAndFlushTerm(state.build());
            possible = new ArrayList<>(List.of(describe()));
        }

        void snapshotHere() throws IOException {
            if (last == snapshot) return;
            snapshot(dice.between(snapshot + 1, last));
        }

        void snapshotAhead() throws IOException {
            snapshot(last + dice.between(1, 30));
        }

        private void snapshot(long index) throws IOException {
            int chunks = 1 + dice.nextInt(2);
            for (int chunk = 0; chunk < chunks; chunk++) {
                if (chunk + 1 == chunks) {
                    snapshot = index;
                    last = Math.max(last, index);
                    possible.add(describe());
                }
                log.persistSnapshotChunk(chunk(index, chunk, chunks));
            }
            flush();
            log.truncateLogEntriesUntil(dice.oneIn(3) && index < last ? Math.max(0, index - dice.nextInt(3)) : index);
            if (dice.oneIn(2)) log.flush();
        }

        SnapshotChunk chunk(long index, int count) {
            return chunk(index, 0, count);
        }

        SnapshotChunk chunk(long index, int at, int count) {
            return ModelCodec.MODEL
                    .createSnapshotChunkBuilder()
                    .setIndex(index)
                    .setTerm(term)
                    .setSnapshotChunkIndex(at)
                    .setSnapshotChunkCount(count)
                    .setGroupMembersView(view(0))
                    .setOperation(new SnapshotHandle(
                            index, 2, List.of(), List.of(new SnapshotHandle.File("a/b", 5, (int) dice.nextLong()))))
                    .build();
        }

        static RaftGroupMembersView view(long index) {
            return ModelCodec.MODEL
                    .createRaftGroupMembersViewBuilder()
                    .setLogIndex(index)
                    .setMembers(MEMBERS)
                    .setVotingMembers(MEMBERS)
                    .build();
        }

        void restart(int step) throws IOException {
            if (dice.oneIn(3)) {
                log.close();
                possible = new ArrayList<>(List.of(describe()));
            } else {
                files = files.crash(dice);
            }
            log = SegmentLog.open(files, SMALL, Runnable::run, (why, cause) -> halted.add(why));
            String found = describe(log.restored());
            assertThat(possible).as("seed %d, step %d", seed, step).contains(found);
            adopt(log.restored());
            possible = new ArrayList<>(List.of(describe()));
        }

        private void adopt(RestoredRaftState restored) {
            term = restored.getTermPersistentState().getTerm();
            vote = restored.getTermPersistentState().getVotedFor() == null
                    ? null
                    : ModelCodec.id(restored.getTermPersistentState().getVotedFor());
            snapshot = restored.getSnapshotEntry() == null
                    ? 0
                    : restored.getSnapshotEntry().getIndex();
            last = snapshot;
            entries.clear();
            for (LogEntry entry : restored.getLogEntries()) {
                entries.put(entry.getIndex(), entry.getTerm() + " " + describe(entry.getOperation()));
                last = entry.getIndex();
            }
        }

        String describe() {
            return term + " " + vote + " " + snapshot + " " + entries.tailMap(snapshot, false);
        }

        static String describe(RestoredRaftState restored) {
            if (restored == null) return "a new log";
            TreeMap<Long, String> found = new TreeMap<>();
            for (LogEntry entry : restored.getLogEntries()) {
                found.put(entry.getIndex(), entry.getTerm() + " " + describe(entry.getOperation()));
            }
            RaftEndpoint vote = restored.getTermPersistentState().getVotedFor();
            assertThat(restored.getInitialGroupMembers().getMembers()).containsExactlyElementsOf(MEMBERS);
            return restored.getTermPersistentState().getTerm() + " " + (vote == null ? null : ModelCodec.id(vote)) + " "
                    + (restored.getSnapshotEntry() == null
                            ? 0
                            : restored.getSnapshotEntry().getIndex())
                    + " " + found;
        }

        static String describe(Object operation) {
            byte[] bytes = ModelCodec.operation(operation);
            return ModelCodec.kindOf(operation) + " " + bytes.length + " " + Arrays.hashCode(bytes);
        }
    }
}
