package holdfast.server.cli;

import holdfast.core.base.Reason;
import holdfast.server.client.Answer;
import holdfast.server.client.Watch;
import holdfast.server.ledger.LedgerStore;
import holdfast.server.ledger.Seen;
import java.io.PrintWriter;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.function.Function;
import java.util.function.ToIntFunction;

/// Opens the ledger for the length of one command.
final class WithLedger {
    private static final int NEWS_MAX = 1_000;

    private WithLedger() {}

    static int run(StoreOption store, ToIntFunction<LedgerStore> command) {
        return UserStoreOption.use(store.config(), etcd -> command.applyAsInt(new LedgerStore(etcd)));
    }

    /// Reads everything once and hands it over; says why when it cannot be read.
    static int read(StoreOption store, PrintWriter err, ToIntFunction<Seen> show) {
        return run(store, ledger -> switch (ledger.read()) {
            case Answer.Done<Seen>(Seen seen) -> show.applyAsInt(seen);
            case Answer.Refused<Seen>(Reason why) -> cannotRead(err, why);
            case Answer.Unknown<Seen>(Reason why) -> cannotRead(err, why);
        });
    }

    /// A read that was not answered changed nothing: refused, whatever the store meant.
    private static int cannotRead(PrintWriter err, Reason why) {
        err.println("Refused: the store cannot be read: " + why.sentence());
        err.flush();
        return ExitCode.REFUSED;
    }

    /// Prints what `text` makes of the ledger, and again whenever that changes, until interrupted.
    static int follow(StoreOption store, PrintWriter out, PrintWriter err, Function<Seen, String> text) {
        return run(store, ledger -> {
            String last = "";
            while (true) {
                if (!(ledger.read() instanceof Answer.Done<Seen>(Seen seen))) {
                    err.println("The store does not answer; trying again.");
                    err.flush();
                    continue; // each read waits for the store itself
                }
                String now = text.apply(seen);
                if (!now.equals(last)) {
                    out.print(now);
                    out.flush();
                    last = now;
                }
                BlockingQueue<LedgerStore.News> news = new ArrayBlockingQueue<>(NEWS_MAX);
                try (Watch _ = ledger.follow("follow", seen, news::offer)) {
                    news.take();
                } catch (InterruptedException _) {
                    return ExitCode.DONE;
                }
            }
        });
    }
}
