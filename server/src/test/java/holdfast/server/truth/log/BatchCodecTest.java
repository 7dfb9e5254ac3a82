package holdfast.server.truth.log;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import holdfast.core.base.Bytes;
import holdfast.core.base.Dice;
import holdfast.core.base.KeyRange;
import holdfast.core.truth.Caller;
import holdfast.core.truth.Command;
import holdfast.core.truth.Compare;
import holdfast.core.truth.Permission;
import holdfast.protocol.log.CommandGroup;
import holdfast.protocol.log.LogCommand;
import holdfast.protocol.log.LogEntry;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

final class BatchCodecTest {
    private static final int PROGRAMS = 2_000;

    @Test
    void anyEntry_encodedAndDecoded_isTheSame() {
        Dice dice = new Dice(7);
        for (int program = 0; program < PROGRAMS; program++) {
            long millis = dice.nextLong(1L << 42);
            List<byte[]> groups = new ArrayList<>();
            List<Command> commands = new ArrayList<>();
            List<DecodedEntry.Tag> tags = new ArrayList<>();
            for (int group = dice.nextInt(4); group > 0; group--) {
                var tag = new DecodedEntry.Tag(
                        dice.nextInt(9), dice.nextLong(), dice.nextLong(1L << 50), dice.nextInt(20));
                List<byte[]> framed = new ArrayList<>();
                for (int index = 0; index < tag.count(); index++) {
                    Command command = anyCommand(dice);
                    commands.add(command);
                    framed.add(BatchCodec.command(command));
                }
                groups.add(BatchCodec.group(tag.member(), tag.run(), tag.firstSequence(), framed));
                tags.add(tag);
            }

            DecodedEntry decoded = BatchCodec.decode(BatchCodec.entry(millis, groups));

            assertThat(decoded.batch().leaderMillis()).isEqualTo(millis);
            assertThat(decoded.batch().commands()).isEqualTo(commands);
            assertThat(decoded.tags()).isEqualTo(tags);
        }
    }

    @Test
    void anyEntry_readByGeneratedClasses_andWrittenBack_decodesTheSame() throws Exception {
        Dice dice = new Dice(8);
        for (int program = 0; program < PROGRAMS; program++) {
            Command command = anyCommand(dice);
            byte[] ours =
                    BatchCodec.entry(5, List.of(BatchCodec.group(1, -2L, 3, List.of(BatchCodec.command(command)))));

            byte[] theirs = LogEntry.parseFrom(ours).toByteArray();

            assertThat(BatchCodec.decode(theirs)).isEqualTo(BatchCodec.decode(ours));
        }
    }

    @Test
    void put_readByGeneratedClasses_hasItsFields() throws Exception {
        Command put = new Command.Put(Bytes.utf8("k"), Bytes.utf8("v"), 77, true, false, true);
        byte[] entry = BatchCodec.entry(5, List.of(BatchCodec.group(3, 9, 4, List.of(BatchCodec.command(put)))));

        CommandGroup group = LogEntry.parseFrom(entry).getGroups(0);

        assertThat(group.getMember()).isEqualTo(3);
        assertThat(group.getRun()).isEqualTo(9);
        assertThat(group.getFirstSequence()).isEqualTo(4);
        var read = group.getCommands(0).getPut();
        assertThat(read.getKey()).isEqualTo(ByteString.copyFromUtf8("k"));
        assertThat(read.getValue()).isEqualTo(ByteString.copyFromUtf8("v"));
        assertThat(read.getLease()).isEqualTo(77);
        assertThat(read.getWantsBefore()).isTrue();
        assertThat(read.getKeepValue()).isFalse();
        assertThat(read.getKeepLease()).isTrue();
    }

    @Test
    void unknownCommand_isNotPassedOver() {
        byte[] entry = LogEntry.newBuilder()
                .addGroups(CommandGroup.newBuilder().addCommands(LogCommand.getDefaultInstance()))
                .build()
                .toByteArray();

        assertThatThrownBy(() -> BatchCodec.decode(entry)).hasStackTraceContaining("unknown to this version");
    }

    private static Command anyCommand(Dice dice) {
        return switch (dice.nextInt(10)) {
            case 8 -> anyAuthChange(dice);
            case 9 ->
                new Command.OnBehalf(
                        new Caller(anyBytes(dice), dice.nextLong(5) - 1),
                        dice.oneIn(3) ? anyAuthChange(dice) : anyOp(dice, 2));
            case 0 -> new Command.LeaseGrant(dice.nextLong(Long.MAX_VALUE), dice.nextLong(1L << 40));
            case 1 -> new Command.LeaseRevoke(dice.nextLong(Long.MAX_VALUE));
            case 2 -> new Command.LeaseExpire(dice.nextLong(Long.MAX_VALUE), dice.nextLong(1000));
            case 3 -> new Command.Compact(dice.nextLong());
            case 4 -> new Command.SystemPut(anyBytes(dice), anyBytes(dice));
            default -> anyOp(dice, 2);
        };
    }

    private static Command anyAuthChange(Dice dice) {
        Bytes user = anyBytes(dice);
        Bytes role = anyBytes(dice);
        return switch (dice.nextInt(12)) {
            case 0 -> new Command.AuthChange.Enable();
            case 1 -> new Command.AuthChange.Disable();
            case 2 -> new Command.AuthChange.Authenticate(user, "prefix" + dice.nextInt(9), dice.nextLong(9));
            case 3 -> new Command.AuthChange.AddUser(user, dice.oneIn(2), anyBytes(dice));
            case 4 -> new Command.AuthChange.DeleteUser(user);
            case 5 -> new Command.AuthChange.ChangePassword(user, anyBytes(dice));
            case 6 -> new Command.AuthChange.GrantRole(user, role);
            case 7 -> new Command.AuthChange.RevokeRole(user, role);
            case 8 -> new Command.AuthChange.AddRole(role);
            case 9 -> new Command.AuthChange.DeleteRole(role);
            case 10 ->
                new Command.AuthChange.GrantPermission(
                        role,
                        new Permission(dice.pick(List.of(Permission.Kind.values())), anyBytes(dice), anyBytes(dice)));
            default -> new Command.AuthChange.RevokePermission(role, anyBytes(dice), anyBytes(dice));
        };
    }

    private static Command.Op anyOp(Dice dice, int depth) {
        return switch (dice.nextInt(depth == 0 ? 3 : 4)) {
            case 0 ->
                new Command.Put(
                        anyBytes(dice), anyBytes(dice), dice.nextLong(3), dice.oneIn(2), dice.oneIn(2), dice.oneIn(2));
            case 1 -> new Command.DeleteRange(anyRange(dice), dice.oneIn(2));
            case 2 -> anyRead(dice);
            default -> {
                List<Compare> compares = new ArrayList<>();
                for (int count = dice.nextInt(3); count > 0; count--) compares.add(anyCompare(dice));
                yield new Command.Txn(compares, anyOps(dice, depth - 1), anyOps(dice, depth - 1));
            }
        };
    }

    private static List<Command.Op> anyOps(Dice dice, int depth) {
        List<Command.Op> ops = new ArrayList<>();
        for (int count = dice.nextInt(4); count > 0; count--) ops.add(anyOp(dice, depth));
        return ops;
    }

    private static Command.Range anyRead(Dice dice) {
        var sort = new Command.Sort(dice.pick(List.of(Command.Sort.Target.values())), dice.oneIn(2));
        return new Command.Range(
                anyRange(dice),
                dice.nextLong(),
                dice.nextLong(5),
                sort,
                dice.oneIn(2),
                dice.oneIn(2),
                dice.nextLong(9),
                dice.nextLong(9),
                dice.nextLong(),
                dice.nextLong(9));
    }

    private static Compare anyCompare(Dice dice) {
        Compare.Relation relation = dice.pick(List.of(Compare.Relation.values()));
        if (dice.oneIn(3)) return new Compare.OfValue(anyRange(dice), relation, anyBytes(dice));
        Compare.Field field = dice.pick(List.of(Compare.Field.values()));
        return new Compare.OfField(anyRange(dice), relation, field, dice.nextLong(3) - 1);
    }

    private static KeyRange anyRange(Dice dice) {
        return switch (dice.nextInt(3)) {
            case 0 -> KeyRange.single(anyBytes(dice));
            case 1 -> KeyRange.from(anyBytes(dice));
            default -> new KeyRange(anyBytes(dice), anyBytes(dice));
        };
    }

    private static Bytes anyBytes(Dice dice) {
        byte[] bytes = new byte[dice.oneIn(10) ? dice.nextInt(400) : dice.nextInt(4)];
        for (int index = 0; index < bytes.length; index++) bytes[index] = (byte) dice.nextInt(256);
        return Bytes.wrap(bytes);
    }
}
