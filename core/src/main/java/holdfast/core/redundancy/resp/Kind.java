package holdfast.core.redundancy.resp;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

/// What a command means to a session, by its name (Redis 8.2 and Valkey 9 command tables). A name that is not known
/// may write.
public enum Kind {
    /// May change keys. One reply.
    WRITE,
    /// Changes no keys. One reply.
    READ,
    /// May change keys and may wait for them as long as it likes.
    BLOCK,
    /// Changes no keys and may wait.
    WAIT,
    /// Waits only if it says `BLOCK`; changes no keys.
    XREAD,
    /// Waits only if it says `BLOCK`; may change keys.
    XREADGROUP,
    AUTH,
    HELLO,
    SELECT,
    CLIENT,
    RESET,
    QUIT,
    MULTI,
    EXEC,
    DISCARD,
    WATCH,
    UNWATCH,
    /// To channels, patterns or shard channels: one reply for each.
    SUBSCRIBE,
    UNSUBSCRIBE,
    MONITOR,
    /// Between servers only: never passed on.
    REPLICATION;

    private static final String READS =
            "ACL BITCOUNT BITFIELD_RO BITPOS CLUSTER COMMAND CONFIG DBSIZE DIGEST DUMP ECHO "
                    + "EVALSHA_RO EVAL_RO EXISTS EXPIRETIME FCALL_RO GEODIST GEOHASH GEOPOS GEORADIUSBYMEMBER_RO GEORADIUS_RO "
                    + "GEOSEARCH GET GETBIT GETRANGE HEXISTS HEXPIRETIME HGET HGETALL HKEYS HLEN HMGET HPEXPIRETIME HPTTL "
                    + "HRANDFIELD HSCAN HSTRLEN HTTL HVALS INFO KEYS LASTSAVE LATENCY LCS LINDEX LLEN LOLWUT LPOS LRANGE "
                    + "MEMORY MGET OBJECT PEXPIRETIME PFCOUNT PING PTTL PUBLISH PUBSUB RANDOMKEY ROLE SCAN SCARD SCRIPT SDIFF "
                    + "SINTER SINTERCARD SISMEMBER SLOWLOG SMEMBERS SMISMEMBER SORT_RO SPUBLISH SRANDMEMBER SSCAN STRLEN "
                    + "SUBSTR SUNION TIME TOUCH TTL TYPE XINFO XLEN XPENDING XRANGE XREVRANGE ZCARD ZCOUNT ZDIFF ZINTER "
                    + "ZINTERCARD ZLEXCOUNT ZMSCORE ZRANDMEMBER ZRANGE ZRANGEBYLEX ZRANGEBYSCORE ZRANK ZREVRANGE "
                    + "ZREVRANGEBYLEX ZREVRANGEBYSCORE ZREVRANK ZSCAN ZSCORE ZUNION";
    private static final String BLOCKS = "BLMOVE BLMPOP BLPOP BRPOP BRPOPLPUSH BZMPOP BZPOPMAX BZPOPMIN";

    private static final int SLOTS = 1_024; // a power of two, several times as many as there are names
    private static final byte[][] NAMES = new byte[SLOTS][];
    private static final Kind[] KINDS = new Kind[SLOTS];

    static {
        add(READ, READS);
        add(BLOCK, BLOCKS);
        add(WAIT, "WAIT WAITAOF");
        add(SUBSCRIBE, "SUBSCRIBE PSUBSCRIBE SSUBSCRIBE");
        add(UNSUBSCRIBE, "UNSUBSCRIBE PUNSUBSCRIBE SUNSUBSCRIBE");
        add(REPLICATION, "SYNC PSYNC REPLCONF");
        for (Kind own : new Kind[] {
            XREAD, XREADGROUP, AUTH, HELLO, SELECT, CLIENT, RESET, QUIT, MULTI, EXEC, DISCARD, WATCH, UNWATCH, MONITOR
        }) {
            add(own, own.name());
        }
    }

    private static void add(Kind kind, String names) {
        for (String name : names.split(" ", -1)) {
            byte[] bytes = name.getBytes(ISO_8859_1);
            int slot = slot(bytes, 0, bytes.length);
            while (NAMES[slot] != null) slot = (slot + 1) & (SLOTS - 1);
            NAMES[slot] = bytes;
            KINDS[slot] = kind;
        }
    }

    /// Of the command with this name, in whatever case.
    static Kind of(byte[] data, int from, int to) {
        for (int slot = slot(data, from, to); NAMES[slot] != null; slot = (slot + 1) & (SLOTS - 1)) {
            if (same(NAMES[slot], data, from, to)) return KINDS[slot];
        }
        return WRITE;
    }

    private static int slot(byte[] data, int from, int to) {
        int hash = 0;
        for (int index = from; index < to; index++) hash = 31 * hash + upper(data[index]);
        return (hash ^ (hash >>> 10)) & (SLOTS - 1);
    }

    private static boolean same(byte[] name, byte[] data, int from, int to) {
        if (to - from != name.length) return false;
        for (int index = 0; index < name.length; index++) {
            if (upper(data[from + index]) != name[index]) return false;
        }
        return true;
    }

    private static byte upper(byte letter) {
        return letter >= 'a' && letter <= 'z' ? (byte) (letter - ('a' - 'A')) : letter;
    }
}
