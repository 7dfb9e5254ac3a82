package holdfast.server.healing.redis;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/// What is read out of `INFO`, as Redis 7.0.15 says it.
final class InfoTest {
    private static final String PRIMARY = """
            # Server\r
            redis_version:7.0.15\r
            run_id:02b2a8bc450ba8b41ee504245b2661f7c24bf7ce\r
            \r
            # Persistence\r
            loading:0\r
            async_loading:0\r
            aof_enabled:1\r
            \r
            # Replication\r
            role:master\r
            connected_slaves:2\r
            slave0:ip=10.0.0.2,port=6379,state=online,offset=105,lag=1\r
            slave1:ip=10.0.0.3,port=6380,state=wait_bgsave,offset=0,lag=0\r
            master_failover_state:no-failover\r
            master_replid:a6ead39f4a609a95543273958d9c37da5053ade5\r
            master_replid2:cf48ce7b0f80cfce7965b75f6f4dc9aca71eae1a\r
            master_repl_offset:119\r
            second_repl_offset:92\r
            """;

    private static final String REPLICA = """
            run_id:eb8a05614bd3c2264a3d783354151b873e16014d\r
            loading:0\r
            role:slave\r
            master_host:10.0.0.1\r
            master_port:6379\r
            master_link_status:up\r
            master_sync_in_progress:0\r
            slave_read_repl_offset:64\r
            slave_repl_offset:64\r
            master_replid:cf48ce7b0f80cfce7965b75f6f4dc9aca71eae1a\r
            master_repl_offset:64\r
            second_repl_offset:-1\r
            """;

    @Test
    void primary_saysWhoReceives_andWhereItsStreamBegan() {
        Info info = Info.parse(PRIMARY);
        assertThat(info.replica()).isFalse();
        assertThat(info.persists()).isTrue();
        assertThat(info.offset()).isEqualTo(119);
        assertThat(info.ownOffset()).isEqualTo(119);
        assertThat(info.forkedAt()).isEqualTo(91);
        assertThat(info.history()).startsWith("a6ead39f");
        assertThat(info.replicas())
                .containsExactly(
                        new Info.Replica("10.0.0.2", 6_379, true, 105, 1),
                        new Info.Replica("10.0.0.3", 6_380, false, 0, 0));
    }

    @Test
    void replica_saysWhomItReceivesFrom_andHowFarItIs() {
        Info info = Info.parse(REPLICA);
        assertThat(info.replica()).isTrue();
        assertThat(info.linkUp()).isTrue();
        assertThat(info.masterHost()).isEqualTo("10.0.0.1");
        assertThat(info.masterPort()).isEqualTo(6_379);
        assertThat(info.offset()).isEqualTo(info.ownOffset()).isEqualTo(64);
        assertThat(info.forkedAt()).isZero();
    }

    /// The old data is gone and the copy did not come: both counts of the same thing are no longer equal.
    @Test
    void replica_whoseCopyFailed_countsOtherThanItsStream() {
        Info info = Info.parse(REPLICA.replace("slave_repl_offset:64", "slave_repl_offset:1"));
        assertThat(info.ownOffset()).isNotEqualTo(info.offset());
    }

    @Test
    void garbage_isNothing() {
        Info info = Info.parse("no colon\n:\nrole\nmaster_repl_offset:many\nslave0:x\n");
        assertThat(info.offset()).isZero();
        assertThat(info.replica()).isFalse();
        assertThat(info.replicas()).containsExactly(new Info.Replica("", 0, false, 0, 0));
    }
}
