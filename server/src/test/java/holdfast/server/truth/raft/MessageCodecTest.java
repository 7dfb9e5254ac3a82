package holdfast.server.truth.raft;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import holdfast.core.base.Bytes;
import holdfast.core.base.Dice;
import io.microraft.MembershipChangeMode;
import io.microraft.RaftEndpoint;
import io.microraft.model.RaftModelFactory;
import io.microraft.model.log.LogEntry;
import io.microraft.model.log.RaftGroupMembersView;
import io.microraft.model.log.SnapshotChunk;
import io.microraft.model.message.AppendEntriesRequest;
import io.microraft.model.message.RaftMessage;
import java.lang.reflect.Method;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

final class MessageCodecTest {
    private static final RaftModelFactory MODEL = ModelCodec.MODEL;

    @Test
    void randomMessages_encodedAndDecoded_areTheSame() {
        for (long seed = 0; seed < 3_000; seed++) {
            EngineMessage message = message(new Dice(seed));
            assertThat(describe(MessageCodec.decode(encode(message))))
                    .as("seed %d", seed)
                    .isEqualTo(describe(message));
        }
    }

    @Test
    void damagedBytes_areMalformedOrAnotherMessage_neverAnythingElse() {
        for (long seed = 0; seed < 3_000; seed++) {
            Dice dice = new Dice(seed);
            byte[] bytes = encode(message(dice));
            byte[] damaged =
                    dice.oneIn(2) ? Arrays.copyOf(bytes, dice.nextInt(bytes.length)) : flipped(dice, bytes.clone());
            try {
                assertThat(MessageCodec.decode(damaged)).isNotNull();
            } catch (WireIn.Malformed expected) {
                assertThat(expected).hasMessageNotContaining("null");
            }
        }
    }

    @Test
    void otherVersion_isRefusedByNumber() {
        byte[] bytes = encode(new EngineMessage.AskReadIndex(5));
        bytes[0] = 9;
        assertThatThrownBy(() -> MessageCodec.decode(bytes)).hasMessage("message version 9; ours is 1");
    }

    @Test
    void appendWithTooManyBytes_carriesAPrefix() {
        List<LogEntry> entries = new ArrayList<>();
        for (int index = 1; index <= 5; index++) {
            entries.add(ModelCodec.entry(index, 1, EntryBytes.of(new byte[400_000])));
        }
        RaftMessage decoded = ((EngineMessage.Raft)
                        MessageCodec.decode(encode(new EngineMessage.Raft(append(new Dice(1), entries)))))
                .message();
        assertThat(((AppendEntriesRequest) decoded).getLogEntries()).hasSize(2);
        List<LogEntry> huge = List.of(ModelCodec.entry(1, 1, EntryBytes.of(new byte[4_000_000])));
        RaftMessage one = ((EngineMessage.Raft)
                        MessageCodec.decode(encode(new EngineMessage.Raft(append(new Dice(1), huge)))))
                .message();
        assertThat(((AppendEntriesRequest) one).getLogEntries()).hasSize(1);
    }

    private static byte[] encode(EngineMessage message) {
        WireOut out = new WireOut();
        MessageCodec.encode(message, out);
        return out.toBytes();
    }

    private static byte[] flipped(Dice dice, byte[] bytes) {
        bytes[dice.nextInt(bytes.length)] ^= (byte) (1 << dice.nextInt(8));
        return bytes;
    }

    private static EngineMessage message(Dice dice) {
        return switch (dice.nextInt(14)) {
            case 0 -> new EngineMessage.AskReadIndex(number(dice));
            case 1 -> new EngineMessage.ReadIndex(number(dice), dice.oneIn(3) ? -1 : number(dice));
            case 2 -> new EngineMessage.Forward(number(dice), bytes(dice));
            case 3 -> new EngineMessage.ForwardAnswer(number(dice), dice.oneIn(2), bytes(dice));
            default -> new EngineMessage.Raft(raft(dice));
        };
    }

    private static RaftMessage raft(Dice dice) {
        RaftEndpoint sender = new MemberId(1 + dice.nextInt(9));
        int term = (int) dice.between(0, Integer.MAX_VALUE);
        return switch (dice.nextInt(10)) {
            case 0 -> append(dice, entries(dice));
            case 1 ->
                MODEL.createAppendEntriesSuccessResponseBuilder()
                        .setGroupId(MessageCodec.GROUP)
                        .setSender(sender)
                        .setTerm(term)
                        .setLastLogIndex(number(dice))
                        .setQuerySequenceNumber(number(dice))
                        .setFlowControlSequenceNumber(number(dice))
                        .build();
            case 2 ->
                MODEL.createAppendEntriesFailureResponseBuilder()
                        .setGroupId(MessageCodec.GROUP)
                        .setSender(sender)
                        .setTerm(term)
                        .setExpectedNextIndex(number(dice))
                        .setQuerySequenceNumber(number(dice))
                        .setFlowControlSequenceNumber(number(dice))
                        .build();
            case 3 ->
                MODEL.createInstallSnapshotRequestBuilder()
                        .setGroupId(MessageCodec.GROUP)
                        .setSender(sender)
                        .setTerm(term)
                        .setSenderLeader(dice.oneIn(2))
                        .setSnapshotTerm(dice.nextInt(1000))
                        .setSnapshotIndex(number(dice))
                        .setTotalSnapshotChunkCount(dice.nextInt(5))
                        .setSnapshotChunk(dice.oneIn(2) ? null : chunk(dice))
                        .setSnapshottedMembers(members(dice))
                        .setGroupMembersView(view(dice))
                        .setQuerySequenceNumber(number(dice))
                        .setFlowControlSequenceNumber(number(dice))
                        .build();
            case 4 ->
                MODEL.createInstallSnapshotResponseBuilder()
                        .setGroupId(MessageCodec.GROUP)
                        .setSender(sender)
                        .setTerm(term)
                        .setSnapshotIndex(number(dice))
                        .setRequestedSnapshotChunkIndex(dice.nextInt(10))
                        .setQuerySequenceNumber(number(dice))
                        .setFlowControlSequenceNumber(number(dice))
                        .build();
            case 5 ->
                MODEL.createPreVoteRequestBuilder()
                        .setGroupId(MessageCodec.GROUP)
                        .setSender(sender)
                        .setTerm(term)
                        .setLastLogTerm(dice.nextInt(1000))
                        .setLastLogIndex(number(dice))
                        .build();
            case 6 ->
                MODEL.createPreVoteResponseBuilder()
                        .setGroupId(MessageCodec.GROUP)
                        .setSender(sender)
                        .setTerm(term)
                        .setGranted(dice.oneIn(2))
                        .build();
            case 7 ->
                MODEL.createVoteRequestBuilder()
                        .setGroupId(MessageCodec.GROUP)
                        .setSender(sender)
                        .setTerm(term)
                        .setLastLogTerm(dice.nextInt(1000))
                        .setLastLogIndex(number(dice))
                        .setSticky(dice.oneIn(2))
                        .build();
            case 8 ->
                MODEL.createVoteResponseBuilder()
                        .setGroupId(MessageCodec.GROUP)
                        .setSender(sender)
                        .setTerm(term)
                        .setGranted(dice.oneIn(2))
                        .build();
            default ->
                MODEL.createTriggerLeaderElectionRequestBuilder()
                        .setGroupId(MessageCodec.GROUP)
                        .setSender(sender)
                        .setTerm(term)
                        .setLastLogTerm(dice.nextInt(1000))
                        .setLastLogIndex(number(dice))
                        .build();
        };
    }

    private static AppendEntriesRequest append(Dice dice, List<LogEntry> entries) {
        return MODEL.createAppendEntriesRequestBuilder()
                .setGroupId(MessageCodec.GROUP)
                .setSender(new MemberId(2))
                .setTerm(dice.nextInt(1000))
                .setPreviousLogTerm(dice.nextInt(1000))
                .setPreviousLogIndex(number(dice))
                .setCommitIndex(number(dice))
                .setLogEntries(entries)
                .setQuerySequenceNumber(number(dice))
                .setFlowControlSequenceNumber(number(dice))
                .build();
    }

    private static List<LogEntry> entries(Dice dice) {
        List<LogEntry> entries = new ArrayList<>();
        for (int count = dice.nextInt(5); count > 0; count--) {
            Object operation = switch (dice.nextInt(4)) {
                case 0 ->
                    MODEL.createUpdateRaftGroupMembersOpBuilder()
                            .setMembers(members(dice))
                            .setVotingMembers(members(dice))
                            .setEndpoint(new MemberId(3))
                            .setMode(dice.pick(List.of(MembershipChangeMode.values())))
                            .build();
                case 1 -> new Announced(peer(dice));
                default -> EntryBytes.of(bytes(dice).toArray());
            };
            entries.add(ModelCodec.entry(number(dice), dice.nextInt(1000), operation));
        }
        return entries;
    }

    private static SnapshotChunk chunk(Dice dice) {
        SnapshotHandle handle = new SnapshotHandle(
                number(dice),
                dice.nextInt(10),
                List.of(peer(dice), peer(dice)),
                List.of(new SnapshotHandle.File("MANIFEST", number(dice), (int) dice.nextLong())));
        return MODEL.createSnapshotChunkBuilder()
                .setIndex(number(dice))
                .setTerm(dice.nextInt(1000))
                .setOperation(handle)
                .setSnapshotChunkIndex(dice.nextInt(3))
                .setSnapshotChunkCount(3)
                .setGroupMembersView(view(dice))
                .build();
    }

    private static RaftLog.Peer peer(Dice dice) {
        return new RaftLog.Peer(1 + dice.nextInt(5), "näme", "[::1]:" + dice.nextInt(65536), dice.oneIn(2));
    }

    private static RaftGroupMembersView view(Dice dice) {
        return MODEL.createRaftGroupMembersViewBuilder()
                .setLogIndex(number(dice))
                .setMembers(members(dice))
                .setVotingMembers(members(dice))
                .build();
    }

    private static Collection<RaftEndpoint> members(Dice dice) {
        List<RaftEndpoint> members = new ArrayList<>();
        for (int count = dice.nextInt(5); count > 0; count--) members.add(new MemberId(1 + dice.nextInt(100)));
        return members;
    }

    private static long number(Dice dice) {
        return dice.nextLong() >>> dice.between(1, 63);
    }

    private static Bytes bytes(Dice dice) {
        byte[] bytes = new byte[dice.nextInt(300)];
        for (int at = 0; at < bytes.length; at++) bytes[at] = (byte) dice.nextLong();
        return Bytes.wrap(bytes);
    }

    /// Every accessor of every part, so that a field that the codec forgets is seen.
    private static String describe(Object part) {
        if (part == null) return "null";
        if (part instanceof EngineMessage.Raft(var raft)) return describe(raft);
        if (part instanceof EntryBytes bytes) return Arrays.toString(bytes.get());
        if (part instanceof Collection<?> parts) {
            return parts.stream().map(MessageCodecTest::describe).toList().toString();
        }
        if (!part.getClass().getName().startsWith("io.microraft.model")) return part.toString();
        TreeMap<String, String> fields = new TreeMap<>();
        for (Method accessor : part.getClass().getMethods()) {
            boolean reads =
                    accessor.getName().startsWith("get") || accessor.getName().startsWith("is");
            if (!reads || accessor.getParameterCount() > 0 || accessor.getDeclaringClass() == Object.class) continue;
            try {
                fields.put(accessor.getName(), describe(accessor.invoke(part)));
            } catch (ReflectiveOperationException bug) {
                throw new IllegalStateException(bug);
            }
        }
        return fields.toString();
    }
}
