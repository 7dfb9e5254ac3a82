package holdfast.server.base;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.time.Instant;

/// The one place that reads a clock. Lengths come from [#nanos], which never falls; leases are measured on
/// [#bootNanos],
/// which goes on while the machine is suspended; dates are for people.
public interface Ticker {

    /// Nanoseconds since some fixed moment; stands still while the machine is suspended (Linux CLOCK_MONOTONIC).
    long nanos();

    /// Nanoseconds since boot, suspend included (Linux CLOCK_BOOTTIME).
    long bootNanos();

    /// The date, which may be stepped in either direction.
    long wallMillis();

    default Instant now() {
        return Instant.ofEpochMilli(wallMillis());
    }

    /// This machine's clocks.
    static Ticker system() {
        return SystemTicker.INSTANCE;
    }

    /// The clocks of the Linux kernel. Where `clock_gettime` cannot be called, boot time is monotonic time.
    final class SystemTicker implements Ticker {
        private static final SystemTicker INSTANCE = new SystemTicker();
        private static final int CLOCK_BOOTTIME = 7; // linux/time.h
        private static final MemoryLayout TIMESPEC = MemoryLayout.structLayout(
                ValueLayout.JAVA_LONG.withName("sec"), ValueLayout.JAVA_LONG.withName("nsec"));

        private final ThreadLocal<MemorySegment> timespec =
                ThreadLocal.withInitial(() -> Arena.ofAuto().allocate(TIMESPEC));
        private final MethodHandle clockGettime;
        private final StepFile step = new StepFile();

        @SuppressWarnings("restricted") // the launcher allows native access
        private SystemTicker() {
            Linker linker = Linker.nativeLinker();
            clockGettime = linker.downcallHandle(
                    linker.defaultLookup().findOrThrow("clock_gettime"),
                    FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_INT, ValueLayout.ADDRESS));
        }

        @Override
        public long nanos() {
            return System.nanoTime();
        }

        @Override
        public long bootNanos() {
            MemorySegment time = timespec.get();
            try {
                int failed = (int) clockGettime.invokeExact(CLOCK_BOOTTIME, time);
                if (failed != 0) return nanos();
            } catch (Throwable bug) {
                throw new IllegalStateException("clock_gettime", bug);
            }
            return time.get(ValueLayout.JAVA_LONG, 0) * 1_000_000_000L + time.get(ValueLayout.JAVA_LONG, 8);
        }

        @Override
        public long wallMillis() {
            return System.currentTimeMillis() + step.millis(nanos());
        }
    }
}
