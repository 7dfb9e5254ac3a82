package holdfast.server.healing.redis;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/// What a server says of itself (`INFO`). What it leaves out is 0, empty or false.
///
/// @param runId another one after each start
/// @param replica whether it is one
/// @param loading it reads its data, from disk or from its primary, and serves nothing
/// @param masterHost whom it receives from, or tries to
/// @param linkUp it receives
/// @param syncing it is getting a whole copy
/// @param offset bytes of the stream that are in its data
/// @param ownOffset the same as a replica counts it; it differs when its data does not belong to the stream
/// @param history name of the stream
/// @param forkedAt where that began, when another one went before; else 0
/// @param persists it writes a log of its own (AOF)
record Info(
        String runId,
        boolean replica,
        boolean loading,
        String masterHost,
        int masterPort,
        boolean linkUp,
        boolean syncing,
        long offset,
        long ownOffset,
        String history,
        long forkedAt,
        boolean persists,
        List<Replica> replicas) {

    /// One that receives from this server.
    ///
    /// @param online it has had its copy
    /// @param offset bytes that it has acknowledged
    /// @param lagSeconds since its last word
    record Replica(String address, int port, boolean online, long offset, long lagSeconds) {}

    static Info parse(String text) {
        Map<String, String> facts = new TreeMap<>();
        List<Replica> replicas = new ArrayList<>();
        for (String line : text.split("\r?\n", -1)) {
            int colon = line.indexOf(':');
            if (colon < 1 || line.startsWith("#")) continue;
            String key = line.substring(0, colon);
            String value = line.substring(colon + 1);
            if (key.matches("slave\\d+")) replicas.add(replica(value));
            else facts.put(key, value);
        }
        boolean replica = facts.getOrDefault("role", "").equals("slave");
        long offset = number(facts, "master_repl_offset");
        return new Info(
                facts.getOrDefault("run_id", ""),
                replica,
                number(facts, "loading") != 0 || number(facts, "async_loading") != 0,
                facts.getOrDefault("master_host", ""),
                (int) number(facts, "master_port"),
                facts.getOrDefault("master_link_status", "").equals("up"),
                number(facts, "master_sync_in_progress") != 0,
                offset,
                replica ? number(facts, "slave_repl_offset") : offset,
                facts.getOrDefault("master_replid", ""),
                Math.max(0, number(facts, "second_repl_offset") - 1),
                number(facts, "aof_enabled") != 0,
                List.copyOf(replicas));
    }

    private static Replica replica(String value) {
        Map<String, String> facts = new TreeMap<>();
        for (String fact : value.split(",", -1)) {
            int equals = fact.indexOf('=');
            if (equals > 0) facts.put(fact.substring(0, equals), fact.substring(equals + 1));
        }
        return new Replica(
                facts.getOrDefault("ip", ""),
                (int) number(facts, "port"),
                facts.getOrDefault("state", "").equals("online"),
                number(facts, "offset"),
                number(facts, "lag"));
    }

    private static long number(Map<String, String> facts, String key) {
        try {
            return Long.parseLong(facts.getOrDefault(key, "0").strip());
        } catch (NumberFormatException _) {
            return 0;
        }
    }
}
