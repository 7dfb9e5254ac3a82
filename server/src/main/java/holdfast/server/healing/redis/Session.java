package holdfast.server.healing.redis;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import redis.clients.jedis.ClientSetInfoConfig;
import redis.clients.jedis.DefaultJedisClientConfig;
import redis.clients.jedis.HostAndPort;
import redis.clients.jedis.Jedis;
import redis.clients.jedis.commands.ProtocolCommand;
import redis.clients.jedis.exceptions.JedisDataException;
import redis.clients.jedis.exceptions.JedisException;

/// One connection to one server, opened anew when it broke. One thread.
final class Session implements AutoCloseable {
    private static final int CONNECT_MILLIS = 500;
    private static final int ANSWER_MILLIS = 1_000;

    private final HostAndPort at;
    private final boolean auth;
    private final Supplier<String> password;
    private @Nullable Jedis jedis;

    /// @param auth whether the server should ask for the password; one that was started otherwise is got into, too
    Session(String address, int port, boolean auth, Supplier<String> password) {
        this.at = new HostAndPort(address, port);
        this.auth = auth;
        this.password = password;
    }

    /// What became of a command.
    sealed interface Reply {
        record Said(String text) implements Reply {}

        /// The server answers, and this is its error.
        record Refused(String error) implements Reply {}

        /// It may have done it or not.
        record Silent(String why) implements Reply {}

        default boolean isDone() {
            return this instanceof Said;
        }
    }

    Reply say(String... words) {
        try {
            Object answer = open().sendCommand(word(words[0]), Arrays.copyOfRange(words, 1, words.length));
            return new Reply.Said(answer instanceof byte[] bytes ? utf8(bytes) : String.valueOf(answer));
        } catch (JedisDataException refused) {
            return new Reply.Refused(String.valueOf(refused.getMessage()));
        } catch (JedisException failed) {
            close();
            return new Reply.Silent(String.valueOf(failed.getMessage()));
        }
    }

    private static ProtocolCommand word(String name) {
        byte[] raw = name.getBytes(StandardCharsets.UTF_8);
        return () -> raw;
    }

    private static String utf8(byte[] bytes) {
        return new String(bytes, StandardCharsets.UTF_8);
    }

    private Jedis open() {
        Jedis present = jedis;
        if (present != null) return present;
        Jedis fresh;
        try {
            fresh = open(auth);
        } catch (JedisDataException _) { // it has another idea of passwords than we
            fresh = open(!auth);
        }
        jedis = fresh;
        return fresh;
    }

    private Jedis open(boolean withPassword) {
        DefaultJedisClientConfig.Builder config = DefaultJedisClientConfig.builder()
                .resp2()
                .connectionTimeoutMillis(CONNECT_MILLIS)
                .socketTimeoutMillis(ANSWER_MILLIS)
                .clientSetInfoConfig(ClientSetInfoConfig.DISABLED);
        if (withPassword) config.password(password.get());
        Jedis fresh = new Jedis(at, config.build());
        try {
            fresh.sendCommand(word("ECHO"), "holdfast"); // a server that asks for a password says so now
            return fresh;
        } catch (JedisDataException refused) {
            String error = String.valueOf(refused.getMessage());
            if (!error.startsWith("NOAUTH")) return fresh;
            fresh.close();
            throw refused;
        } catch (JedisException failed) {
            fresh.close();
            throw failed;
        }
    }

    @Override
    public void close() {
        Jedis present = jedis;
        jedis = null;
        if (present == null) return;
        try {
            present.close();
        } catch (JedisException _) {
            // it is broken already
        }
    }
}
