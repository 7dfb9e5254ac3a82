package holdfast.core.redundancy.resp;

import static org.assertj.core.api.Assertions.assertThat;

import holdfast.core.redundancy.resp.Conversation.Verdict;
import java.util.List;
import org.junit.jupiter.api.Test;

final class ConversationTest {
    private final Talk talk = new Talk(false);
    private final Talk safe = new Talk(true);

    @Test
    void replyOwed_isNotIdle() {
        assertThat(talk.idle()).isTrue();
        assertThat(talk.client("GET a").client("GET b").server("$-1").idle()).isFalse();
        assertThat(talk.server("$1/x").idle()).isTrue();
    }

    @Test
    void transaction_openOrWatched_isNotIdle() {
        assertThat(talk.client("WATCH a").server("+OK").idle()).isFalse();
        assertThat(talk.client("UNWATCH").server("+OK").idle()).isTrue();
        assertThat(talk.client("MULTI").server("+OK").idle()).isFalse();
        assertThat(talk.client("SET a 1").server("+QUEUED").idle()).isFalse();
        assertThat(talk.client("EXEC").server("*1/+OK").idle()).isTrue();
        assertThat(talk.client("MULTI").server("-NOAUTH").idle()).isTrue();
        assertThat(talk.client("MULTI")
                        .server("+OK")
                        .client("DISCARD")
                        .server("+OK")
                        .idle())
                .isTrue();
    }

    @Test
    void subscription_untilTheLastIsLeft_isNotIdle() {
        talk.client("SUBSCRIBE a b").server("*3/$9/subscribe/$1/a/:1").server("*3/$7/message/$1/a/$1/x");
        talk.server("*3/$9/subscribe/$1/b/:2");
        assertThat(talk.conversation.owed()).isZero();
        assertThat(talk.idle()).isFalse();
        talk.client("PSUBSCRIBE c*").server("*3/$10/psubscribe/$2/c*/:3");
        talk.client("UNSUBSCRIBE").client("PUNSUBSCRIBE").client("PING");
        talk.server("*3/$11/unsubscribe/$1/a/:2").server("*3/$11/unsubscribe/$1/b/:1");
        talk.server("*3/$12/punsubscribe/$2/c*/:0").server("+PONG");
        assertThat(talk.idle()).isTrue();
        talk.client("UNSUBSCRIBE").server("*3/$11/unsubscribe/$-1/:0");
        assertThat(talk.idle()).isTrue();
        talk.client("SSUBSCRIBE s").server(">3/$10/ssubscribe/$1/s/:1");
        assertThat(talk.idle()).isFalse();
        assertThat(talk.client("RESET").server("+RESET").idle()).isTrue();
    }

    @Test
    void pushOfVersion3_isNoReply() {
        talk.client("GET a").server(">2/$10/invalidate/*1/$1/a");
        assertThat(talk.idle()).isFalse();
        assertThat(talk.server("$1/x").idle()).isTrue();
    }

    @Test
    void arrayThatLooksLikeAMessage_isAReplyWhileThereIsNoSubscription() {
        assertThat(talk.client("LRANGE l 0 -1")
                        .server("*3/$7/message/$1/a/$1/b")
                        .idle())
                .isTrue();
    }

    @Test
    void session_isMadeAgainAsTheServerSaidYesTo() {
        talk.client("AUTH ada pw").client("AUTH ada wrong").server("+OK").server("-WRONGPASS no");
        talk.client("HELLO 3 SETNAME me")
                .server("%1/+proto/:3")
                .client("SELECT 3")
                .server("+OK");
        talk.client("SELECT 99").server("-ERR DB index is out of range");
        talk.client("client setinfo lib-name x")
                .server("+OK")
                .client("CLIENT NO-EVICT ON")
                .server("+OK");
        assertThat(talk.replay())
                .isEqualTo("[AUTH ada pw, HELLO 3, CLIENT NO-EVICT ON, client setinfo lib-name x, CLIENT SETNAME me,"
                        + " SELECT 3]");
        assertThat(talk.client("RESET").server("+RESET").replay()).isEqualTo("[]");
        talk.client("HELLO 3 AUTH bob pw2").server("%0").client("HELLO 2").server("*0");
        assertThat(talk.replay()).isEqualTo("[AUTH bob pw2]");
    }

    @Test
    void whatCannotBeMadeAgain_sticks() {
        assertThat(talk.client("CLIENT TRACKING ON")
                        .server("+OK")
                        .conversation
                        .carried()
                        .stuck())
                .isNotNull();
        assertThat(talk.client("CLIENT TRACKING OFF")
                        .server("+OK")
                        .conversation
                        .carried()
                        .stuck())
                .isNull();
        talk.client("MULTI")
                .server("+OK")
                .client("SELECT 2")
                .server("+QUEUED")
                .client("EXEC")
                .server("*1/+OK");
        assertThat(talk.conversation.carried().stuck()).isNotNull();
    }

    @Test
    void blocked_isWhoMayWaitForever() {
        assertThat(talk.client("BLPOP a 0").conversation.isBlocked()).isTrue();
        assertThat(talk.server("*-1").client("XREAD STREAMS a 0").conversation.isBlocked())
                .isFalse();
        assertThat(talk.server("*-1")
                        .client("XREAD BLOCK 0 STREAMS a 0")
                        .conversation
                        .isBlocked())
                .isTrue();
        assertThat(talk.server("*-1")
                        .client("GET a")
                        .client("BLPOP a 0")
                        .conversation
                        .isBlocked())
                .isFalse();
        assertThat(talk.client("MONITOR").conversation.isBlocked()).isTrue();
    }

    @Test
    void kind_ofAName_inAnyCase() {
        for (String read : List.of("get", "GeT", "ZRANGEBYSCORE", "lolwut", "PFCOUNT")) {
            assertThat(Talk.command(read).kind()).as(read).isEqualTo(Kind.READ);
        }
        for (String write : List.of("set", "GETDEL", "eval", "FCALL", "getx", "GE", "JSON.SET", "BITFIELD")) {
            assertThat(Talk.command(write).mayWrite()).as(write).isTrue();
        }
    }

    // ---- confirmations --------------------------------------------------------------------------------------------

    @Test
    void writeAnswered_isKeptUntilConfirmed() {
        safe.client("GET a").client("SET a 1");
        assertThat(safe.conversation.wantsConfirmation()).isTrue();
        safe.conversation.confirmationSent(2);
        assertThat(safe.conversation.wantsConfirmation()).isFalse();
        safe.server("$1/0");
        assertThat(safe.conversation.keeps()).isFalse();
        safe.server("+OK");
        assertThat(safe.conversation.keeps()).isTrue();
        assertThat(safe.idle()).isFalse();
        assertThat(safe.hears(":1")).isEqualTo(Verdict.SHORT);
        assertThat(safe.conversation.wantsConfirmation()).isTrue();
        safe.conversation.confirmationSent(2);
        assertThat(safe.hears(":2")).isEqualTo(Verdict.CONFIRMED);
        assertThat(safe.conversation.keeps()).isFalse();
        assertThat(safe.idle()).isTrue();
    }

    @Test
    void confirmation_ofEarlierWrites_saysNothingOfLaterOnes() {
        safe.client("SET a 1");
        safe.conversation.confirmationSent(1);
        safe.client("SET b 1");
        safe.conversation.confirmationSent(1);
        safe.server("+OK");
        assertThat(safe.hears(":1")).isEqualTo(Verdict.CONFIRMED);
        safe.server("+OK");
        assertThat(safe.conversation.keeps()).isTrue();
        assertThat(safe.hears(":1")).isEqualTo(Verdict.CONFIRMED);
        assertThat(safe.idle()).isTrue();
    }

    @Test
    void readOrError_needsNoConfirmation() {
        assertThat(safe.client("GET a").conversation.wantsConfirmation()).isFalse();
        safe.server("$1/x").client("SET a");
        safe.conversation.confirmationSent(1);
        safe.server("-ERR wrong number of arguments");
        assertThat(safe.conversation.keeps()).isFalse();
        assertThat(safe.hears("-NOAUTH")).isEqualTo(Verdict.CONFIRMED);
    }

    @Test
    void confirmationRefused_isToldOnlyWhenAWriteWaitsForIt() {
        safe.client("SET a 1");
        safe.conversation.confirmationSent(1);
        safe.server("+OK");
        assertThat(safe.hears("-NOPERM no wait")).isEqualTo(Verdict.UNTOLD);
    }

    @Test
    void transaction_isConfirmedOnceExecuted() {
        safe.client("MULTI").client("SET a 1");
        assertThat(safe.conversation.wantsConfirmation()).isFalse();
        safe.client("EXEC");
        assertThat(safe.conversation.wantsConfirmation()).isTrue();
        safe.conversation.confirmationSent(1);
        safe.server("+OK").server("+QUEUED");
        assertThat(safe.conversation.keeps()).isFalse();
        safe.server("*1/+OK");
        assertThat(safe.conversation.keeps()).isTrue();
        assertThat(safe.hears(":1")).isEqualTo(Verdict.CONFIRMED);
        safe.client("MULTI").client("EXEC");
        safe.conversation.confirmationSent(1);
        assertThat(safe.server("+OK").server("*-1").conversation.keeps()).isFalse();
    }

    @Test
    void transactionThatNeverBegan_confirmsItsWritesOneByOne() {
        safe.client("MULTI").client("SET a 1").server("-NOPERM multi").server("+OK");
        assertThat(safe.conversation.keeps()).isTrue();
        assertThat(safe.conversation.wantsConfirmation()).isTrue();
    }

    @Test
    void readOnlyServer_isTold() {
        assertThat(talk.client("SET a 1").hears("-READONLY You can't write against a read only replica."))
                .isEqualTo(Verdict.READONLY);
    }
}
