package holdfast.core.truth;

import static org.assertj.core.api.Assertions.assertThat;

import holdfast.core.base.Bytes;
import holdfast.core.base.KeyRange;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Users, roles and what they may do, as etcd's auth store has it.
final class AuthTest {
    private static final Bytes ALICE = Bytes.utf8("alice");
    private static final Bytes READER = Bytes.utf8("reader");
    private static final Bytes HASH = Bytes.utf8("hash");
    private static final Reply CHANGED = new Reply.OfAuth.Changed();

    private final Keyspace keyspace = new Keyspace();
    private final MemoryShelf shelf = new MemoryShelf();
    private long index;

    private Reply apply(Command command) {
        return applyAll(command).getFirst();
    }

    private List<Reply> applyAll(Command... commands) {
        Applied applied = keyspace.apply(++index, 1, new Batch(0, List.of(commands)), shelf);
        return applied.replies().stream().map(Applied.Answer::reply).toList();
    }

    private static Reply refused(Refusal why) {
        return new Reply.Refused(why);
    }

    private long authRevision() {
        return keyspace.judge(shelf).state().revision();
    }

    private Caller caller(Bytes user) {
        return new Caller(user, authRevision());
    }

    private Reply as(Caller caller, Command command) {
        return apply(new Command.OnBehalf(caller, command));
    }

    private static Command.Put put(String key) {
        return Command.Put.of(Bytes.utf8(key), Bytes.utf8("v"));
    }

    private static Permission permission(Permission.Kind kind, String key, String end) {
        return new Permission(kind, Bytes.utf8(key), Bytes.utf8(end));
    }

    private void grant(Permission.Kind kind, String key, String end) {
        assertThat(apply(new Command.AuthChange.GrantPermission(READER, permission(kind, key, end))))
                .isEqualTo(CHANGED);
    }

    /// Root, alice with the role reader, and auth on.
    private void open() {
        applyAll(
                new Command.AuthChange.AddUser(AuthRows.ROOT, false, HASH),
                new Command.AuthChange.GrantRole(AuthRows.ROOT, AuthRows.ROOT),
                new Command.AuthChange.AddUser(ALICE, false, HASH),
                new Command.AuthChange.AddRole(READER),
                new Command.AuthChange.GrantRole(ALICE, READER));
    }

    private void enable() {
        assertThat(apply(new Command.AuthChange.Enable())).isEqualTo(CHANGED);
    }

    @Test
    void enable_withoutRoot_isRefused() {
        assertThat(apply(new Command.AuthChange.Enable())).isEqualTo(refused(Refusal.ROOT_USER_MISSING));
        apply(new Command.AuthChange.AddUser(AuthRows.ROOT, false, HASH));
        assertThat(apply(new Command.AuthChange.Enable())).isEqualTo(refused(Refusal.ROOT_ROLE_MISSING));
        apply(new Command.AuthChange.GrantRole(AuthRows.ROOT, AuthRows.ROOT));
        assertThat(apply(new Command.AuthChange.Enable())).isEqualTo(CHANGED);
        assertThat(apply(put("a"))).isEqualTo(refused(Refusal.USER_EMPTY));
    }

    @Test
    void authRevision_movesWithEveryChangeButEnabling() {
        assertThat(authRevision()).isEqualTo(1);
        open();
        assertThat(authRevision()).isEqualTo(6);
        apply(new Command.AuthChange.AddUser(ALICE, false, HASH)); // refused
        apply(new Command.AuthChange.GrantRole(ALICE, READER)); // there already
        enable();
        assertThat(authRevision()).isEqualTo(6);
        as(caller(AuthRows.ROOT), new Command.AuthChange.Disable());
        assertThat(authRevision()).isEqualTo(7);
        apply(new Command.AuthChange.Disable());
        assertThat(authRevision()).isEqualTo(7);
    }

    @Test
    void command_ofACallerWithAnOldRevision_isRefused() {
        open();
        grant(Permission.Kind.READ_WRITE, "a", "");
        Caller before = caller(ALICE);
        enable();
        assertThat(as(before, put("a"))).isInstanceOf(Reply.Putted.class);
        as(caller(AuthRows.ROOT), new Command.AuthChange.AddRole(Bytes.utf8("other")));

        assertThat(as(before, put("a"))).isEqualTo(refused(Refusal.AUTH_OLD_REVISION));
        assertThat(as(caller(ALICE), put("a"))).isInstanceOf(Reply.Putted.class);
    }

    @Test
    void change_withinABatch_judgesTheCommandsBehindIt() {
        open();
        grant(Permission.Kind.READ_WRITE, "a", "");
        enable();
        Caller now = caller(ALICE);
        Caller root = caller(AuthRows.ROOT);

        List<Reply> replies = applyAll(
                new Command.OnBehalf(now, put("a")),
                new Command.OnBehalf(
                        root, new Command.AuthChange.RevokePermission(READER, Bytes.utf8("a"), Bytes.EMPTY)),
                new Command.OnBehalf(now, put("a")),
                new Command.OnBehalf(new Caller(ALICE, now.authRevision() + 1), put("a")));

        assertThat(replies.get(0)).isInstanceOf(Reply.Putted.class);
        assertThat(replies.subList(1, 4))
                .containsExactly(CHANGED, refused(Refusal.AUTH_OLD_REVISION), refused(Refusal.PERMISSION_DENIED));
    }

    /// Granted: READ [b, d), READ [d, f), WRITE d, READ_WRITE [p, open).
    @ParameterizedTest
    @CsvSource({
        "b, '', true, false",
        "d, '', true, true",
        "f, '', false, false",
        "a, '', false, false",
        "b, f, true, false", // two that touch
        "b, g, false, false",
        "a, c, false, false",
        "c, e, true, false",
        "q, '', true, true",
        "q, z, true, true",
        "q, OPEN, true, true",
        "b, OPEN, false, false",
        "o, q, false, false",
        "e, c, true, false", // empty, but its start lies within
        "q, b, true, true",
        "g, c, false, false",
    })
    void permission_ofRanges_coversWhatEtcdSays(String key, String end, boolean reads, boolean writes) {
        open();
        grant(Permission.Kind.READ, "d", "f");
        grant(Permission.Kind.READ, "b", "d");
        grant(Permission.Kind.WRITE, "d", "");
        grant(Permission.Kind.READ_WRITE, "p", "\0");
        enable();
        Bytes start = Bytes.utf8(key);
        KeyRange range = switch (end) {
            case "" -> KeyRange.single(start);
            case "OPEN" -> KeyRange.from(start);
            default -> new KeyRange(start, Bytes.utf8(end));
        };

        assertThat(keyspace.judge(shelf).of(caller(ALICE), Command.Range.of(range)) == null)
                .isEqualTo(reads);
        assertThat(keyspace.judge(shelf).of(caller(ALICE), new Command.DeleteRange(range, false)) == null)
                .isEqualTo(writes);
    }

    @Test
    void txn_isJudgedOnBothBranchesAndEveryCompare() {
        open();
        grant(Permission.Kind.READ, "r", "");
        grant(Permission.Kind.WRITE, "w", "");
        enable();
        Compare readable =
                new Compare.OfField(KeyRange.single(Bytes.utf8("r")), Compare.Relation.EQUAL, Compare.Field.VERSION, 0);
        Compare unreadable =
                new Compare.OfField(KeyRange.single(Bytes.utf8("w")), Compare.Relation.EQUAL, Compare.Field.VERSION, 0);
        Command.Op bad = put("r");
        List<Command.Txn> denied = List.of(
                new Command.Txn(List.of(unreadable), List.of(), List.of()),
                new Command.Txn(List.of(readable), List.of(put("w")), List.of(bad)),
                new Command.Txn(List.of(), List.of(new Command.Txn(List.of(), List.of(), List.of(bad))), List.of()),
                new Command.Txn(
                        List.of(),
                        List.of(new Command.Put(Bytes.utf8("w"), Bytes.EMPTY, 0, true, false, false)),
                        List.of()));

        for (Command.Txn txn : denied) assertThat(as(caller(ALICE), txn)).isEqualTo(refused(Refusal.PERMISSION_DENIED));
        assertThat(as(caller(ALICE), new Command.Txn(List.of(readable), List.of(put("w")), List.of())))
                .isInstanceOf(Reply.Txned.class);
        assertThat(apply(new Command.Txn(List.of(), List.of(), List.of()))).isInstanceOf(Reply.Txned.class);
    }

    @Test
    void lease_withKeysOfOthers_isNotToBeTouched() {
        open();
        grant(Permission.Kind.READ_WRITE, "a", "");
        enable();
        Caller root = caller(AuthRows.ROOT);
        as(root, new Command.LeaseGrant(5, 1_000));
        as(root, new Command.LeaseGrant(6, 1_000));
        as(root, new Command.Put(Bytes.utf8("secret"), Bytes.EMPTY, 5, false, false, false));
        Command attach = new Command.Put(Bytes.utf8("a"), Bytes.EMPTY, 5, false, false, false);

        assertThat(as(caller(ALICE), attach)).isEqualTo(refused(Refusal.PERMISSION_DENIED));
        assertThat(as(caller(ALICE), new Command.LeaseRevoke(5))).isEqualTo(refused(Refusal.PERMISSION_DENIED));
        assertThat(as(caller(ALICE), new Command.LeaseRevoke(6))).isEqualTo(new Reply.Revoked());
        Judge judge = keyspace.judge(shelf);
        assertThat(judge.renews(caller(ALICE), 5)).isEqualTo(Refusal.PERMISSION_DENIED);
        assertThat(judge.renews(caller(ALICE), 6)).isNull();
        assertThat(judge.asksKeys(caller(ALICE), 5)).isEqualTo(Refusal.PERMISSION_DENIED);
        assertThat(judge.asksLeases(caller(ALICE))).isEqualTo(Refusal.PERMISSION_DENIED);
        assertThat(judge.asksLeases(root)).isNull();
        assertThat(judge.asksLeases(Caller.NOBODY)).isEqualTo(Refusal.USER_EMPTY);
        assertThat(apply(new Command.LeaseRevoke(5))).isEqualTo(refused(Refusal.USER_EMPTY));
        assertThat(apply(new Command.LeaseExpire(5, 1))).isEqualTo(new Reply.Revoked());
    }

    @Test
    void change_byAnyoneButRoot_isRefused() {
        open();
        enable();
        assertThat(as(caller(ALICE), new Command.Compact(1))).isEqualTo(refused(Refusal.PERMISSION_DENIED));
        Command change = new Command.AuthChange.AddRole(Bytes.utf8("mine"));
        assertThat(as(caller(ALICE), change)).isEqualTo(refused(Refusal.PERMISSION_DENIED));
        assertThat(as(caller(Bytes.utf8("ghost")), change)).isEqualTo(refused(Refusal.USER_NOT_FOUND));
        assertThat(apply(change)).isEqualTo(refused(Refusal.USER_EMPTY));
        assertThat(as(caller(AuthRows.ROOT), change)).isEqualTo(CHANGED);
    }

    @Test
    void root_whileAuthIsOn_cannotBeDismantled() {
        open();
        apply(new Command.AuthChange.AddRole(AuthRows.ROOT));
        enable();
        Caller root = caller(AuthRows.ROOT);
        for (Command change : List.of(
                new Command.AuthChange.DeleteUser(AuthRows.ROOT),
                new Command.AuthChange.DeleteRole(AuthRows.ROOT),
                new Command.AuthChange.RevokeRole(AuthRows.ROOT, AuthRows.ROOT)))
            assertThat(as(root, change)).isEqualTo(refused(Refusal.INVALID_AUTH_MANAGEMENT));
    }

    @Test
    void changes_ofWhatIsNotThere_areRefusedInEtcdsWords() {
        Bytes none = Bytes.utf8("none");
        Permission some = permission(Permission.Kind.READ, "a", "b");
        apply(new Command.AuthChange.AddRole(READER));
        apply(new Command.AuthChange.AddUser(ALICE, false, HASH));
        List<Reply> replies = new ArrayList<>();
        for (Command change : List.of(
                new Command.AuthChange.AddUser(Bytes.EMPTY, false, HASH),
                new Command.AuthChange.AddUser(ALICE, false, HASH),
                new Command.AuthChange.DeleteUser(none),
                new Command.AuthChange.ChangePassword(none, HASH),
                new Command.AuthChange.GrantRole(none, READER),
                new Command.AuthChange.GrantRole(ALICE, none),
                new Command.AuthChange.RevokeRole(ALICE, READER),
                new Command.AuthChange.AddRole(Bytes.EMPTY),
                new Command.AuthChange.AddRole(READER),
                new Command.AuthChange.DeleteRole(none),
                new Command.AuthChange.GrantPermission(none, some),
                new Command.AuthChange.GrantPermission(READER, permission(Permission.Kind.READ, "b", "a")),
                new Command.AuthChange.RevokePermission(READER, Bytes.utf8("a"), Bytes.EMPTY),
                new Command.AuthChange.Authenticate(ALICE, "t", 3))) replies.add(apply(change));

        assertThat(replies.stream().map(reply -> ((Reply.Refused) reply).why()))
                .containsExactly(
                        Refusal.USER_EMPTY,
                        Refusal.USER_EXISTS,
                        Refusal.USER_NOT_FOUND,
                        Refusal.USER_NOT_FOUND,
                        Refusal.USER_NOT_FOUND,
                        Refusal.ROLE_NOT_FOUND,
                        Refusal.ROLE_NOT_GRANTED,
                        Refusal.ROLE_EMPTY,
                        Refusal.ROLE_EXISTS,
                        Refusal.ROLE_NOT_FOUND,
                        Refusal.ROLE_NOT_FOUND,
                        Refusal.INVALID_AUTH_MANAGEMENT,
                        Refusal.PERMISSION_NOT_GRANTED,
                        Refusal.AUTH_NOT_ENABLED);
    }

    @Test
    void authenticate_afterTheUserChanged_isTriedAgainByTheProposer() {
        open();
        apply(new Command.AuthChange.AddUser(Bytes.utf8("badge"), true, Bytes.EMPTY));
        enable();
        long revision = authRevision();
        assertThat(apply(new Command.AuthChange.Authenticate(ALICE, "t", revision - 1)))
                .isEqualTo(refused(Refusal.AUTH_OLD_REVISION));
        assertThat(apply(new Command.AuthChange.Authenticate(Bytes.utf8("badge"), "t", revision)))
                .isEqualTo(refused(Refusal.AUTH_FAILED));
        assertThat(apply(new Command.AuthChange.Authenticate(ALICE, "t", revision)))
                .isEqualTo(new Reply.OfAuth.Authenticated("t." + index));
    }

    @Test
    void question_aboutOneself_isAnswered_aboutOthersOnlyToRoot() {
        open();
        grant(Permission.Kind.READ, "a", "b");
        apply(new Command.AuthChange.AddRole(Bytes.utf8("other")));
        enable();
        Caller alice = caller(ALICE);
        assertThat(keyspace.auth(alice, new AuthQuery.User(ALICE), shelf))
                .isEqualTo(new Reply.OfAuth.Names(List.of(READER)));
        assertThat(keyspace.auth(alice, new AuthQuery.Role(READER), shelf))
                .isEqualTo(new Reply.OfAuth.Permissions(List.of(permission(Permission.Kind.READ, "a", "b"))));
        for (AuthQuery query : List.of(
                new AuthQuery.User(AuthRows.ROOT),
                new AuthQuery.Role(Bytes.utf8("other")),
                new AuthQuery.Status(),
                new AuthQuery.Users(),
                new AuthQuery.Roles()))
            assertThat(keyspace.auth(alice, query, shelf)).isEqualTo(refused(Refusal.PERMISSION_DENIED));
        assertThat(keyspace.auth(caller(AuthRows.ROOT), new AuthQuery.Users(), shelf))
                .isEqualTo(new Reply.OfAuth.Names(List.of(ALICE, AuthRows.ROOT)));
    }

    @Test
    void deletedRole_isTakenFromItsUsers() {
        open();
        apply(new Command.AuthChange.DeleteRole(READER));
        assertThat(keyspace.auth(Caller.NOBODY, new AuthQuery.User(ALICE), shelf))
                .isEqualTo(new Reply.OfAuth.Names(List.of()));
    }

    @Test
    void grantOfTheSameRange_replacesItsKind() {
        open();
        grant(Permission.Kind.READ, "a", "b");
        grant(Permission.Kind.WRITE, "a", "b");
        assertThat(keyspace.auth(Caller.NOBODY, new AuthQuery.Role(READER), shelf))
                .isEqualTo(new Reply.OfAuth.Permissions(List.of(permission(Permission.Kind.WRITE, "a", "b"))));
    }
}
