package holdfast.server.base;

import com.sun.management.UnixOperatingSystemMXBean;
import io.prometheus.metrics.core.metrics.CounterWithCallback;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;

/// What the process takes of the machine, under the names that every Prometheus client uses. Asked for at each scrape.
public final class ProcessNumbers {
    private static final Path STATUS = Path.of("/proc/self/status");

    private ProcessNumbers() {}

    public static void addTo(Metrics metrics) {
        metrics.gauge(
                "process_start_time_seconds",
                "Start of the process, in seconds since 1970.",
                () -> ManagementFactory.getRuntimeMXBean().getStartTime() / 1e3);
        metrics.gauge("process_resident_memory_bytes", "Memory in RAM.", () -> kibibytes("VmRSS:") * 1_024.0);
        metrics.gauge("process_virtual_memory_bytes", "Address space.", () -> kibibytes("VmSize:") * 1_024.0);
        if (!(ManagementFactory.getOperatingSystemMXBean() instanceof UnixOperatingSystemMXBean unix)) return;
        metrics.gauge("process_open_fds", "Open file descriptors.", unix::getOpenFileDescriptorCount);
        metrics.gauge("process_max_fds", "Most file descriptors allowed.", unix::getMaxFileDescriptorCount);
        metrics.gauge("os_fd_used", "Open file descriptors.", unix::getOpenFileDescriptorCount);
        metrics.gauge("os_fd_limit", "Most file descriptors allowed.", unix::getMaxFileDescriptorCount);
        CounterWithCallback.builder()
                .name("process_cpu_seconds_total")
                .help("Time on processors, user and system.")
                .callback(call -> call.call(unix.getProcessCpuTime() / 1e9))
                .register(metrics.registry());
    }

    /// A line of the kernel's report, 0 where there is none.
    private static long kibibytes(String name) {
        try {
            for (String line : Files.readAllLines(STATUS)) {
                if (line.startsWith(name)) return Long.parseLong(line.replaceAll("[^0-9]", ""));
            }
        } catch (IOException _) {
            // another system
        }
        return 0;
    }
}
