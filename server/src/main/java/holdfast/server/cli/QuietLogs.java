package holdfast.server.cli;

/// For commands whose own connections break all the time, as they should.
final class QuietLogs {
    private QuietLogs() {}

    /// Logs nothing, unless `HOLDFAST_LOG_LEVEL` says otherwise. Before the first line is logged.
    static void begin() {
        if (System.getenv("HOLDFAST_LOG_LEVEL") != null) return;
        System.setProperty("HOLDFAST_LOG_LEVEL", "OFF");
        System.setProperty("HOLDFAST_LOG_LEVEL_LIBRARIES", "OFF");
    }
}
