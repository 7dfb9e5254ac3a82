package holdfast.server.base;

import java.io.IOException;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;

/// Makes the optimizing compiler wait for whoever serves. After a start it has a minute of work for half the
/// machine, and what the quick compiler made serves well meanwhile. Its threads get a lower priority; nothing
/// happens where there is no `/proc`, or no such thread.
public final class PatientCompiler {
    private static final Path THREADS = Path.of("/proc/self/task");
    private static final String NAME = "C2 CompilerThre"; // as much of it as the kernel keeps
    private static final int PRIO_PROCESS = 0; // sys/resource.h; of one thread on Linux
    private static final int NICE = 5;

    private PatientCompiler() {}

    /// Before there is work for it.
    public static void start() {
        try (DirectoryStream<Path> threads = Files.newDirectoryStream(THREADS)) {
            for (Path thread : threads) {
                if (Files.readString(thread.resolve("comm")).startsWith(NAME))
                    lower(Integer.parseInt(thread.getFileName().toString()));
            }
        } catch (IOException _) {
            // another system, or a thread that has just ended: priorities stay as they are
        }
    }

    @SuppressWarnings("restricted") // the launcher allows native access
    private static void lower(int thread) {
        Linker linker = Linker.nativeLinker();
        MethodHandle setPriority = linker.downcallHandle(
                linker.defaultLookup().findOrThrow("setpriority"),
                FunctionDescriptor.of(
                        ValueLayout.JAVA_INT, ValueLayout.JAVA_INT, ValueLayout.JAVA_INT, ValueLayout.JAVA_INT));
        try {
            int _ = (int) setPriority.invokeExact(PRIO_PROCESS, thread, NICE);
        } catch (Throwable bug) {
            throw new IllegalStateException("setpriority", bug);
        }
    }
}
