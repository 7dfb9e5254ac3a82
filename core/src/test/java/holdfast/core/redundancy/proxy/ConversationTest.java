package holdfast.core.redundancy.proxy;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import holdfast.core.redundancy.proxy.Conversation.Verdict;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

final class ConversationTest {
    private final Talk talk = new Talk();

    @Test
    void query_isIdleOnceItIsAnsweredOutsideOfATransaction() {
        assertThat(talk.idle()).isTrue();
        talk.client('Q', "BEGIN|");
        assertThat(talk.idle()).isFalse();
        assertThat(talk.conversation.goesOn()).isFalse();
        talk.server('C', "BEGIN|").server('Z', "T");
        assertThat(talk.idle()).isFalse();
        assertThat(talk.conversation.goesOn()).isTrue();
        talk.query("COMMIT", "COMMIT", "I");
        assertThat(talk.idle()).isTrue();
    }

    @Test
    void pipeline_isIdleOnceEachSyncIsAnswered() {
        talk.client("PBES").client("BES").client("BE");
        talk.server('1', "").server('2', "").server('C', "INSERT 0 1|").server('Z', "I");
        talk.server('2', "").server('C', "INSERT 0 1|").server('Z', "I");
        assertThat(talk.conversation.readyOwed()).isZero();
        assertThat(talk.idle()).isFalse(); // its last group has no Sync yet
        assertThat(talk.conversation.goesOn()).isTrue();
        talk.client("S");
        assertThat(talk.conversation.goesOn()).isFalse();
        assertThat(talk.server('Z', "I").idle()).isTrue();
    }

    @Test
    void error_inAPipeline_dropsWhatItsSyncPassesOver() {
        talk.client('P', "one|SELECT 1|")
                .client('P', "two|SELECT 2|")
                .client("S")
                .client('P', "three|SELECT 3|")
                .client("S");
        talk.server('1', "")
                .server('E', "VERROR|C42601|")
                .server('Z', "I")
                .server('1', "")
                .server('Z', "I");
        assertThat(talk.idle()).isTrue();
        assertThat(names()).containsExactly("one", "three");
    }

    private List<String> names() {
        return talk.carried().statements().stream()
                .map(message -> new String(message.toArray(), 5, message.size() - 5, ISO_8859_1).split("\0", -1)[0])
                .toList();
    }

    @Test
    void preparedStatement_closed_isForgotten() {
        talk.client('P', "one|SELECT 1|")
                .client('P', "two|SELECT 2|")
                .client('C', "Sone|")
                .client('C', "Ptwo|")
                .client("S");
        talk.server('1', "").server('1', "").server('3', "").server('3', "").server('Z', "I");
        assertThat(names()).containsExactly("two");
        talk.query("DEALLOCATE two", "DEALLOCATE", "I");
        assertThat(names()).isEmpty();
    }

    @Test
    void preparedStatements_moreThanRemembered_keepTheSessionWhereItIs() {
        for (int n = 0; n < 1_001; n++) talk.client('P', "s" + n + "|SELECT|").server('1', "");
        assertThat(talk.carried().stuck()).isEqualTo("more prepared statements than are remembered");
        assertThat(talk.carried().statements()).isEmpty();
    }

    @Test
    void copyIn_extended_syncBehindTheExecuteIsNotOwed() {
        talk.client("PBES").server('1', "").server('2', "").server('G', "");
        assertThat(talk.conversation.goesOn()).isTrue();
        talk.client("ddS"); // a Sync during the copy is passed over
        talk.client("cS").server('C', "COPY 2|").server('Z', "I");
        assertThat(talk.idle()).isTrue();
    }

    @Test
    void copyIn_extendedAllSentAtOnce_isOwedOneAnswer() {
        talk.client("PBESddcS").server('1', "").server('2', "").server('G', "");
        assertThat(talk.conversation.readyOwed()).isEqualTo(1);
        assertThat(talk.server('C', "COPY 2|").server('Z', "I").idle()).isTrue();
    }

    @Test
    void copyIn_simple_goesOnUntilItsEnd() {
        talk.client('Q', "COPY t FROM STDIN|").server('G', "");
        assertThat(talk.conversation.goesOn()).isTrue();
        talk.client("ddc");
        assertThat(talk.conversation.goesOn()).isFalse();
        assertThat(talk.server('C', "COPY 2|").server('Z', "I").idle()).isTrue();
    }

    @Test
    void copyIn_fails_isOver() {
        talk.client('Q', "COPY t FROM STDIN|").server('G', "").client("d");
        talk.server('E', "VERROR|C22P02|").server('Z', "I");
        assertThat(talk.idle()).isTrue();
        talk.client("dc"); // sent before the error was seen
        assertThat(talk.idle()).isTrue();
    }

    @Test
    void wait_cancelled_isSeenInAnyLanguage() {
        talk.client('Q', "COMMIT|");
        String fields = "SWARNUNG|VWARNING|C01000|Mbreche Warten ab|Fsyncrep.c|L300|RSyncRepWaitForLSN||";
        assertThat(talk.hears('N', fields)).isInstanceOf(Verdict.WaitCancelled.class);
        assertThat(talk.hears('N', fields.replace("RSyncRep", "ROther"))).isInstanceOf(Verdict.Pass.class);
    }

    @Test
    void fatal_isTold_withItsCode() {
        assertThat(talk.hears('E', "SFATAL|VFATAL|C57P01|Mterminating||")).isEqualTo(new Verdict.Fatal("57P01"));
        assertThat(talk.hears('E', "SERROR|VERROR|C42601|Msyntax||")).isInstanceOf(Verdict.Pass.class);
    }

    @Test
    void settings_areKept_exceptLocalAndRolledBackOnes() {
        talk.query("SET work_mem = '1MB'", "SET", "I").query("set Work_Mem to '2MB'", "SET", "I");
        talk.query("SET LOCAL enable_seqscan = off", "SET", "I").query("RESET x", "RESET", "I");
        talk.query("BEGIN", "BEGIN", "T")
                .query("SET lock_timeout = 1", "SET", "T")
                .query("ROLLBACK", "ROLLBACK", "I");
        talk.query("BEGIN", "BEGIN", "T")
                .query("SET TIME ZONE 'UTC'", "SET", "T")
                .query("COMMIT", "COMMIT", "I");
        assertThat(talk.carried().settings()).containsExactly("set Work_Mem to '2MB'", "SET TIME ZONE 'UTC'");
        talk.query("RESET timezone", "RESET", "I");
        assertThat(talk.carried().settings()).containsExactly("set Work_Mem to '2MB'");
        talk.query("RESET ALL", "RESET", "I");
        assertThat(talk.carried().settings()).isEmpty();
        assertThat(talk.carried().stuck()).isNull();
    }

    @Test
    void settings_ofOneTextWithSeveralStatements_areEachFound() {
        talk.client('Q', "BEGIN; SET a.b = 'x;y'; /* ; */ SELECT ';' -- ;\n; SET \"c\" = $$;$$; COMMIT|");
        for (String tag : List.of("BEGIN", "SET", "SELECT 1", "SET", "COMMIT")) talk.server('C', tag + "|");
        talk.server('Z', "I");
        assertThat(talk.carried().settings()).containsExactly("SET a.b = 'x;y'", "SET \"c\" = $$;$$");
    }

    @Test
    void settings_ofTheExtendedProtocol_areFound() {
        talk.client('P', "|  SET a.b = 1|")
                .client("BES")
                .server('1', "")
                .server('2', "")
                .server('C', "SET|")
                .server('Z', "I");
        assertThat(talk.carried().settings()).containsExactly("  SET a.b = 1");
        talk.client("BES").server('2', "").server('C', "SET|").server('Z', "I"); // a SET that was prepared before
        assertThat(talk.carried().stuck()).isEqualTo("a SET whose text was not seen");
    }

    @Test
    void settings_backToASavepoint_keepTheSessionWhereItIs() {
        talk.query("BEGIN", "BEGIN", "T").query("SAVEPOINT s", "SAVEPOINT", "T").query("SET a.b = 1", "SET", "T");
        talk.query("ROLLBACK TO s", "ROLLBACK", "T");
        assertThat(talk.carried().stuck()).contains("savepoint");
    }

    @Test
    void whatStaysBehind_isNamed() {
        Map<String, String> all = Map.of(
                "CREATE TEMP TABLE t (n int)", "a temporary table",
                "select 1 into temporary t", "a temporary table",
                "DECLARE c CURSOR WITH HOLD FOR SELECT 1", "a cursor WITH HOLD",
                "SELECT pg_advisory_lock(1)", "an advisory lock of the session",
                "SELECT pg_try_advisory_lock_shared(1)", "an advisory lock of the session",
                "SELECT set_config('a.b', '1', false)", "set_config for the session");
        all.forEach((sql, what) ->
                assertThat(new Talk().query(sql, "X", "I").carried().stuck()).isEqualTo(what));
        for (String sql : List.of(
                "SELECT temperature FROM household",
                "SELECT pg_advisory_xact_lock(1)",
                "DECLARE c CURSOR WITHOUT HOLD FOR SELECT 1",
                "SELECT set_config('a.b', '1', true)",
                "UPDATE t SET holder = 'x'")) {
            assertThat(new Talk().query(sql, "X", "I").carried().stuck())
                    .as(sql)
                    .isNull();
        }
        assertThat(new Talk().query("LISTEN x", "LISTEN", "I").carried().stuck())
                .isEqualTo("LISTEN");
        assertThat(new Talk()
                        .query("LISTEN x", "LISTEN", "I")
                        .query("DISCARD ALL", "DISCARD ALL", "I")
                        .carried()
                        .stuck())
                .isNull();
    }

    @Test
    void parameters_reported_differFromAFreshServers() {
        talk.server('S', "TimeZone|Asia/Tokyo|")
                .server('S', "server_version|15.1|")
                .server('S', "DateStyle|ISO|");
        assertThat(talk.carried().differing(Map.of("TimeZone", "UTC", "server_version", "15.2", "DateStyle", "ISO")))
                .containsExactly(Map.entry("TimeZone", "Asia/Tokyo"));
    }
}
