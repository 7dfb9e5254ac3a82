package holdfast.server.healing.singleton;

import holdfast.core.healing.detect.Signal.Result;
import holdfast.core.healing.fleet.CheckSpec;
import holdfast.core.healing.recover.singleton.Singleton;
import holdfast.server.base.Threads;
import holdfast.server.base.Ticker;
import holdfast.server.healing.act.Words;
import holdfast.server.healing.sense.Knock;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/// Asks the active process how it is, each check at its own pace, the first time at once.
final class Checks implements AutoCloseable {
    private final Ticker ticker;
    private final Knock knock;
    private final Words words;
    private final String target;
    private final String host;
    private final Consumer<Singleton.Input> tell;
    private final List<Thread> threads = new ArrayList<>();

    /// @param host address where checks knock
    private Checks(Ticker ticker, Words words, String host, int port, Consumer<Singleton.Input> tell) {
        this.ticker = ticker;
        this.knock = new Knock(ticker);
        this.words = words;
        this.host = host;
        this.target = host + ":" + port;
        this.tell = tell;
    }

    /// @param activation that the answers are told for
    /// @param host address of this host
    static Checks start(
            List<CheckSpec> specs,
            long activation,
            Words words,
            String host,
            int port,
            Ticker ticker,
            Consumer<Singleton.Input> tell) {
        Checks checks = new Checks(ticker, words, host, port, tell);
        for (int index = 0; index < specs.size(); index++) {
            int check = index;
            checks.threads.add(
                    Threads.start("check " + check, () -> checks.repeat(activation, check, specs.get(check))));
        }
        return checks;
    }

    private void repeat(long activation, int check, CheckSpec spec) {
        try {
            while (true) {
                long startNanos = ticker.nanos();
                boolean well = ask(spec).result() == Result.OK;
                if (Thread.currentThread().isInterrupted()) return;
                tell.accept(new Singleton.Input.Checked(activation, check, well));
                TimeUnit.NANOSECONDS.sleep(
                        Math.max(0, spec.timing().every().toNanos() - (ticker.nanos() - startNanos)));
            }
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt(); // no longer wanted
        }
    }

    private Knock.Answer ask(CheckSpec spec) {
        long limitNanos = spec.timing().timeout().toNanos();
        return switch (spec) {
            case CheckSpec.Http(String path, CheckSpec.Timing _) -> knock.http(target, path, limitNanos);
            case CheckSpec.Tcp(int port, CheckSpec.Timing _) ->
                knock.tcp(port == 0 ? target : host + ":" + port, limitNanos);
            case CheckSpec.Exec(List<String> command, CheckSpec.Timing _) ->
                knock.exec(words.replace(command), limitNanos);
        };
    }

    @Override
    public void close() {
        threads.forEach(Thread::interrupt);
    }
}
