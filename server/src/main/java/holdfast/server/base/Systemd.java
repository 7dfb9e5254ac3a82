package holdfast.server.base;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/// Tells the service manager that this process is ready (sd_notify(3)): one datagram to the socket that it named, which
/// Java itself cannot send.
public final class Systemd {
    private static final int AF_UNIX = 1;
    private static final int SOCK_DGRAM = 2;
    private static final int SOCK_CLOEXEC = 0x80000;
    private static final int PATH_BYTES_MAX = 107; // linux/un.h

    private Systemd() {}

    /// @param socket the value of `NOTIFY_SOCKET`: a path, or a name after `@`; null or empty says nothing to nobody
    /// @return whether it was told, or had not to be
    public static boolean ready(@Nullable String socket) {
        if (socket == null || socket.isEmpty()) return true;
        byte[] path = socket.getBytes(StandardCharsets.UTF_8);
        if (path.length > PATH_BYTES_MAX) return false;
        if (path[0] == '@') path[0] = 0;
        try {
            return send(path, "READY=1".getBytes(StandardCharsets.UTF_8));
        } catch (Throwable failed) { // whatever a native call throws: nobody was told
            return false;
        }
    }

    @SuppressWarnings("restricted") // the launcher allows native access
    private static MethodHandle call(String name, FunctionDescriptor types) {
        Linker linker = Linker.nativeLinker();
        return linker.downcallHandle(linker.defaultLookup().findOrThrow(name), types);
    }

    private static boolean send(byte[] path, byte[] message) throws Throwable {
        MethodHandle open = call(
                "socket",
                FunctionDescriptor.of(
                        ValueLayout.JAVA_INT, ValueLayout.JAVA_INT, ValueLayout.JAVA_INT, ValueLayout.JAVA_INT));
        MethodHandle sendTo = call(
                "sendto",
                FunctionDescriptor.of(
                        ValueLayout.JAVA_LONG,
                        ValueLayout.JAVA_INT,
                        ValueLayout.ADDRESS,
                        ValueLayout.JAVA_LONG,
                        ValueLayout.JAVA_INT,
                        ValueLayout.ADDRESS,
                        ValueLayout.JAVA_INT));
        MethodHandle close = call("close", FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_INT));
        int descriptor = (int) open.invokeExact(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        if (descriptor < 0) return false;
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment address = arena.allocate(2 + path.length + 1L);
            address.set(ValueLayout.JAVA_SHORT, 0, (short) AF_UNIX);
            MemorySegment.copy(path, 0, address, ValueLayout.JAVA_BYTE, 2, path.length);
            MemorySegment bytes = arena.allocateFrom(ValueLayout.JAVA_BYTE, message);
            long sent =
                    (long) sendTo.invokeExact(descriptor, bytes, (long) message.length, 0, address, 2 + path.length);
            return sent == message.length;
        } finally {
            int _ = (int) close.invokeExact(descriptor);
        }
    }
}
