package shop;

import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.logging.Level;
import java.util.logging.Logger;

/// Starts one process of the shop: `shop web|orders|worker --listen IP:PORT --store URL[,URL...] [--bad]`.
///
/// `--bad`, or `BROKEN=1` in the environment, is a build that never gets healthy: for trying out a bad deploy.
public final class Shop {
    private static final Logger GRPC = Logger.getLogger("io.grpc"); // held, else its level is forgotten

    private Shop() {}

    /// @param listen IP:PORT to answer on, also the name that an order carries of whoever stored it
    /// @param store client URLs of the store
    /// @param bad never healthy
    record Options(String listen, List<String> store, boolean bad) {}

    public static void main(String[] args) throws IOException, InterruptedException {
        System.setProperty("sun.net.httpserver.nodelay", "true"); // else the kernel may hold an answer for 40 ms
        GRPC.setLevel(Level.WARNING);
        if (args.length == 0) throw usage("no role");
        if (args[0].equals("warm")) {
            Warm.up();
            System.exit(0);
        }
        Options options = parse(args);
        switch (args[0]) {
            case "orders" -> Orders.start(options);
            case "web" -> Web.start(options);
            case "worker" -> Worker.start(options);
            default -> throw usage("no such role: " + args[0]);
        }
        System.out.printf("%s answers on %s%n", args[0], options.listen());
        Thread.currentThread().join();
    }

    private static Options parse(String[] args) {
        Map<String, String> values = new TreeMap<>();
        boolean bad = "1".equals(System.getenv("BROKEN"));
        for (int index = 1; index < args.length; index++) {
            if (args[index].equals("--bad")) bad = true;
            else if (index + 1 < args.length) values.put(args[index], args[++index]);
            else throw usage("no value for " + args[index]);
        }
        String listen = values.get("--listen");
        String store = values.get("--store");
        if (listen == null || store == null) throw usage("--listen and --store are needed");
        return new Options(listen, List.of(store.split(",")), bad);
    }

    private static IllegalArgumentException usage(String wrong) {
        return new IllegalArgumentException(
                wrong + "; usage: shop web|orders|worker --listen IP:PORT --store URL[,URL...] [--bad]");
    }
}
