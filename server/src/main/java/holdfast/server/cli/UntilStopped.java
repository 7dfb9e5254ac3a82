package holdfast.server.cli;

import java.util.concurrent.CountDownLatch;

/// Runs something until SIGTERM or Ctrl-C, then closes it.
final class UntilStopped {
    private UntilStopped() {}

    static int await(AutoCloseable running) throws InterruptedException {
        CountDownLatch never = new CountDownLatch(1);
        holdfast.server.base.Threads.onShutdown("close", () -> {
            try {
                running.close();
            } catch (Exception failed) {
                System.err.println("It did not close: " + failed);
            }
            Runtime.getRuntime().halt(ExitCode.DONE);
        });
        never.await();
        return ExitCode.DONE;
    }
}
