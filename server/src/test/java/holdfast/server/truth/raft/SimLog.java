package holdfast.server.truth.raft;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.classic.spi.IThrowableProxy;
import ch.qos.logback.core.AppenderBase;
import io.microraft.exception.RaftException;
import org.jspecify.annotations.Nullable;
import org.slf4j.LoggerFactory;

/// The engine logs what its tasks throw and goes on. In a simulation that is a violation, unless the disk
/// failed on purpose or the member is dead already.
final class SimLog extends AppenderBase<ILoggingEvent> {
    private static final SimLog INSTANCE = new SimLog();
    private @Nullable SimWorld world;

    private SimLog() {
        setName("simulation");
    }

    static void watch(SimWorld world) {
        Logger engine = (Logger) LoggerFactory.getLogger("io.microraft");
        if (engine.getAppender(INSTANCE.getName()) == null) {
            engine.setLevel(Boolean.getBoolean("holdfast.show-engine") ? Level.DEBUG : Level.ERROR);
            engine.setAdditive(Boolean.getBoolean("holdfast.show-engine"));
            INSTANCE.setContext(engine.getLoggerContext());
            INSTANCE.start();
            engine.addAppender(INSTANCE);
            ((Logger) LoggerFactory.getLogger("holdfast")).setLevel(Level.OFF);
        }
        INSTANCE.world = world;
    }

    @Override
    protected void append(ILoggingEvent event) {
        IThrowableProxy thrown = event.getThrowableProxy();
        SimWorld running = world;
        if (thrown == null || running == null || thrown.getClassName().equals(RaftException.class.getName())) return;
        String said = event.getFormattedMessage();
        int id = Integer.parseInt(said.substring(0, Math.max(0, said.indexOf('<'))));
        SimMember member = running.members.get(id);
        if (member != null && member.isAlive()) {
            running.judge.broken("engine broke: " + said + ": " + thrown.getClassName() + " " + thrown.getMessage());
        }
    }
}
