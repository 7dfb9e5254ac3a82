package holdfast.server.truth.etcd;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.AppenderBase;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.slf4j.LoggerFactory;

/// What is logged at WARN and above, by whomever, as `LEVEL message`, and the first line of what was thrown with it.
final class HeardLogs extends AppenderBase<ILoggingEvent> {
    private final List<String> heard = new CopyOnWriteArrayList<>();
    private final Logger root = (Logger) LoggerFactory.getLogger(org.slf4j.Logger.ROOT_LOGGER_NAME);

    static HeardLogs ofWarnings() {
        HeardLogs logs = new HeardLogs();
        logs.setContext(logs.root.getLoggerContext());
        logs.start();
        logs.root.addAppender(logs);
        return logs;
    }

    @Override
    protected void append(ILoggingEvent event) {
        if (!event.getLevel().isGreaterOrEqual(Level.WARN)) return;
        String thrown = event.getThrowableProxy() == null
                ? ""
                : " thrown " + event.getThrowableProxy().getClassName();
        heard.add(event.getLevel() + " " + event.getFormattedMessage() + thrown);
    }

    /// Listens no more.
    List<String> end() {
        root.detachAppender(this);
        return List.copyOf(heard);
    }
}
