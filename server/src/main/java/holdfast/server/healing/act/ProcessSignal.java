package holdfast.server.healing.act;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.Locale;

/// Signals as POSIX numbers them, sent by `kill(2)` so that no program need be started in an emergency.
public enum ProcessSignal {
    HANGUP(1, 1),
    INTERRUPT(2, 2),
    TERM(15, 15),
    KILL(9, 9),
    STOP(19, 17),
    CONTINUE(18, 19),
    USER1(10, 30),
    USER2(12, 31),
    WINDOW(28, 28);

    private static final boolean MAC =
            System.getProperty("os.name", "").toLowerCase(Locale.ROOT).contains("mac");

    private final int linux;
    private final int mac;

    ProcessSignal(int linux, int mac) {
        this.linux = linux;
        this.mac = mac;
    }

    /// Sends to the process group that `pid` leads, or to `pid` alone while it leads none. False when there is
    /// nobody to send to, or it is not ours.
    public boolean sendToGroup(long pid) {
        return kill(Math.negateExact(Math.toIntExact(pid))) || kill(Math.toIntExact(pid));
    }

    /// Sends to this process alone. False when there is none, or it is not ours.
    public boolean sendTo(long pid) {
        return kill(Math.toIntExact(pid));
    }

    public int number() {
        return MAC ? mac : linux;
    }

    private boolean kill(int target) {
        if (target == 0 || target == -1) throw new IllegalArgumentException("signal to everybody");
        try {
            return (int) Native.KILL.invokeExact(target, MAC ? mac : linux) == 0;
        } catch (Throwable bug) {
            throw new IllegalStateException("kill", bug);
        }
    }

    /// Bound when first used.
    private static final class Native {
        @SuppressWarnings("restricted") // the launcher allows native access
        private static final MethodHandle KILL = Linker.nativeLinker()
                .downcallHandle(
                        Linker.nativeLinker().defaultLookup().findOrThrow("kill"),
                        FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_INT, ValueLayout.JAVA_INT));
    }
}
