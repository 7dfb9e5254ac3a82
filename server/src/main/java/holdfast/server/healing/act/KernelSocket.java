package holdfast.server.healing.act;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.VarHandle;

/// A socket of a family that Java has none for: `AF_NETLINK` and `AF_PACKET` of Linux. One thread; calls wait for the
/// kernel only.
final class KernelSocket implements AutoCloseable {
    static final int NETLINK = 16;
    static final int PACKET = 17;
    static final int RAW = 3;
    static final int DATAGRAM = 2;
    private static final int CLOSE_ON_EXEC = 0x80000;

    private final int descriptor;

    private KernelSocket(int descriptor) {
        this.descriptor = descriptor;
    }

    /// @throws IOException also when we may not
    static KernelSocket open(int family, int type, int protocol) throws IOException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment state = arena.allocate(Native.STATE);
            int descriptor = (int) Native.SOCKET.invokeExact(state, family, type | CLOSE_ON_EXEC, protocol);
            if (descriptor < 0) throw failed("socket", state);
            return new KernelSocket(descriptor);
        } catch (IOException failed) {
            throw failed;
        } catch (Throwable bug) {
            throw new IllegalStateException("socket", bug);
        }
    }

    /// @param to address as the family has it; empty for the kernel itself
    void send(byte[] message, byte[] to) throws IOException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment state = arena.allocate(Native.STATE);
            MemorySegment bytes = arena.allocateFrom(ValueLayout.JAVA_BYTE, message);
            MemorySegment address =
                    to.length == 0 ? MemorySegment.NULL : arena.allocateFrom(ValueLayout.JAVA_INT, new int[8]);
            if (to.length > 0) MemorySegment.copy(to, 0, address, ValueLayout.JAVA_BYTE, 0, to.length);
            long sent = (long)
                    Native.SENDTO.invokeExact(state, descriptor, bytes, (long) message.length, 0, address, to.length);
            if (sent != message.length) throw failed("sendto", state);
        } catch (IOException failed) {
            throw failed;
        } catch (Throwable bug) {
            throw new IllegalStateException("sendto", bug);
        }
    }

    /// One message, cut at `bytesMax`.
    byte[] receive(int bytesMax) throws IOException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment state = arena.allocate(Native.STATE);
            MemorySegment bytes = arena.allocate(bytesMax);
            long got = (long) Native.RECV.invokeExact(state, descriptor, bytes, (long) bytesMax, 0);
            if (got < 0) throw failed("recv", state);
            return bytes.asSlice(0, got).toArray(ValueLayout.JAVA_BYTE);
        } catch (IOException failed) {
            throw failed;
        } catch (Throwable bug) {
            throw new IllegalStateException("recv", bug);
        }
    }

    private static IOException failed(String call, MemorySegment state) {
        int error = (int) Native.ERROR.get(state, 0L);
        return new IOException(call + " failed: " + say(error));
    }

    /// In words, as far as it has to do with us (errno(3)).
    static String say(int error) {
        return switch (error) {
            case 1 -> "not permitted (CAP_NET_ADMIN and CAP_NET_RAW are needed)";
            case 13 -> "access denied (CAP_NET_ADMIN and CAP_NET_RAW are needed)";
            case 19 -> "no such interface";
            case 99 -> "no such address";
            case 100 -> "the interface is down";
            default -> "error " + error;
        };
    }

    @Override
    public void close() {
        try {
            int _ = (int) Native.CLOSE.invokeExact(descriptor);
        } catch (Throwable bug) {
            throw new IllegalStateException("close", bug);
        }
    }

    /// Bound when first used.
    private static final class Native {
        private static final Linker LINKER = Linker.nativeLinker();
        private static final MemoryLayout STATE = Linker.Option.captureStateLayout();
        private static final VarHandle ERROR = STATE.varHandle(MemoryLayout.PathElement.groupElement("errno"));
        private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT;
        private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG;
        private static final MethodHandle SOCKET = bind("socket", FunctionDescriptor.of(INT, INT, INT, INT));
        private static final MethodHandle SENDTO = bind(
                "sendto", FunctionDescriptor.of(LONG, INT, ValueLayout.ADDRESS, LONG, INT, ValueLayout.ADDRESS, INT));
        private static final MethodHandle RECV =
                bind("recv", FunctionDescriptor.of(LONG, INT, ValueLayout.ADDRESS, LONG, INT));
        private static final MethodHandle CLOSE = close();

        @SuppressWarnings("restricted") // the launcher allows native access
        private static MethodHandle bind(String name, FunctionDescriptor what) {
            return LINKER.downcallHandle(
                    LINKER.defaultLookup().findOrThrow(name), what, Linker.Option.captureCallState("errno"));
        }

        @SuppressWarnings("restricted") // as above
        private static MethodHandle close() {
            return LINKER.downcallHandle(LINKER.defaultLookup().findOrThrow("close"), FunctionDescriptor.of(INT, INT));
        }
    }
}
