package holdfast.server.redundancy.lock;

import holdfast.server.healing.act.ProcessSignal;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;

/// Hands the signals that this process gets to somebody, instead of ending by them. SIGQUIT stays with the Java
/// runtime (a thread dump). Ctrl-Z does nothing: a lock's time goes on.
public final class Signals {
    private static final Map<String, ProcessSignal> PASSED = new TreeMap<>(Map.of(
            "HUP", ProcessSignal.HANGUP,
            "INT", ProcessSignal.INTERRUPT,
            "TERM", ProcessSignal.TERM,
            "USR1", ProcessSignal.USER1,
            "USR2", ProcessSignal.USER2,
            "WINCH", ProcessSignal.WINDOW));

    private Signals() {}

    /// @param hear called on the runtime's own thread, one at a time
    public static void listen(Consumer<ProcessSignal> hear) {
        PASSED.forEach((name, signal) -> listen(name, () -> hear.accept(signal)));
        listen("TSTP", () -> {});
    }

    /// By reflection: the runtime offers this to programs, but the compiler warns of it without a way to say yes.
    private static void listen(String name, Runnable heard) {
        try {
            Class<?> signal = Class.forName("sun.misc.Signal");
            Class<?> handler = Class.forName("sun.misc.SignalHandler");
            Object ours = Proxy.newProxyInstance(handler.getClassLoader(), new Class<?>[] {handler}, (_, method, _) -> {
                if (method.getName().equals("handle")) heard.run();
                return null;
            });
            signal.getMethod("handle", signal, handler)
                    .invoke(null, signal.getConstructor(String.class).newInstance(name), ours);
        } catch (InvocationTargetException _) {
            // taken by the runtime (-Xrs), or unknown here: it does what it does without us
        } catch (ReflectiveOperationException bug) {
            throw new IllegalStateException("signals", bug);
        }
    }
}
