package holdfast.server.base;

import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Makes every thread. Whatever waits is a virtual thread with a name; whatever calls native code or steps a core is a
/// platform thread.
public final class Threads {
    private static final Logger LOG = LoggerFactory.getLogger(Threads.class);

    private Threads() {}

    /// Starts a virtual thread for something that waits. What it throws is logged: it is a bug.
    public static Thread start(String name, Runnable task) {
        return Thread.ofVirtual()
                .name(name)
                .uncaughtExceptionHandler(Threads::logBug)
                .start(task);
    }

    /// Starts a daemon platform thread, for native calls and drivers.
    public static Thread startPlatform(String name, Runnable task) {
        return Thread.ofPlatform()
                .daemon(true)
                .name(name)
                .uncaughtExceptionHandler(Threads::logBug)
                .start(task);
    }

    /// Runs `task` when this process ends, by itself or by a signal; not when it is killed.
    public static void atExit(String name, Runnable task) {
        Runtime.getRuntime().addShutdownHook(Thread.ofPlatform().name(name).unstarted(task));
    }

    /// Runs `task` on a platform thread of its own and waits for it.
    public static <T> T callPlatform(String name, Callable<T> task) throws InterruptedException, ExecutionException {
        FutureTask<T> future = new FutureTask<>(task);
        startPlatform(name, future);
        return future.get();
    }

    /// Runs `task` when the process is told to end (SIGTERM, Ctrl-C), while it waits.
    public static void onShutdown(String name, Runnable task) {
        Runtime.getRuntime().addShutdownHook(Thread.ofPlatform().name(name).unstarted(task));
    }

    private static void logBug(Thread thread, Throwable bug) {
        LOG.error("Thread {} ended by a bug.", thread.getName(), bug);
    }
}
