package holdfast.server.cli;

import holdfast.server.base.Ticker;
import holdfast.server.client.Etcd;
import holdfast.server.client.EtcdConfig;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/// The mixin of commands that talk to a store whose users may be on.
final class UserStoreOption {
    /// What a command does with the store.
    interface Use<X extends Exception> {
        int with(Etcd etcd) throws X;
    }

    @Mixin
    private StoreOption store = new StoreOption();

    @Option(names = "--user", paramLabel = "NAME[:PASSWORD]", description = "Who asks, where users are on.")
    private @Nullable String user;

    @Option(names = "--password", paramLabel = "PASSWORD", description = "The password, if not behind the name.")
    private @Nullable String password;

    /// Opens the store for the length of one command.
    int use(Use<InterruptedException> use) throws InterruptedException {
        return use(store.config().withLogin(SideOptions.login(user, password)), use);
    }

    /// The same, for whoever has its own way to say which store and who asks.
    static <X extends Exception> int use(EtcdConfig config, Use<X> use) throws X {
        Vertx vertx = Vertx.vertx(new VertxOptions().setEventLoopPoolSize(1));
        try (Etcd etcd = Etcd.open(vertx, config, Ticker.system())) {
            return use.with(etcd);
        } finally {
            vertx.close();
        }
    }
}
