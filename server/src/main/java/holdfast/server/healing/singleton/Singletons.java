package holdfast.server.healing.singleton;

import holdfast.core.base.NodeId;
import holdfast.core.healing.fleet.Fleet;
import holdfast.core.healing.fleet.HostSpec;
import holdfast.core.healing.fleet.SingletonSpec;
import holdfast.server.base.Ticker;
import holdfast.server.client.Etcd;
import holdfast.server.healing.act.Words;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// This host's part of every singleton of the fleet. Any thread.
public final class Singletons implements AutoCloseable {
    private final NodeId me;
    private final String address;
    private final Path folder;
    private final Etcd etcd;
    private final Ticker ticker;
    private final SortedMap<String, Running> running = new TreeMap<>(); // under `this`
    private boolean closed; // under `this`

    private record Running(SingletonSpec spec, List<NodeId> hosts, SingletonKeeper keeper) {}

    /// @param address under which others reach this host
    /// @param folder of the agent
    public Singletons(NodeId me, String address, Path folder, Etcd etcd, Ticker ticker) {
        this.me = me;
        this.address = address;
        this.folder = folder;
        this.etcd = etcd;
        this.ticker = ticker;
    }

    /// Starts what the fleet has for this host, and ends what it has no longer or has otherwise. Does not wait for
    /// that.
    public synchronized void learned(@Nullable Fleet fleet) {
        if (closed || fleet == null) return;
        SortedMap<String, SingletonSpec> wanted = new TreeMap<>();
        for (SingletonSpec spec : fleet.singletons()) if (spec.allows(me)) wanted.put(spec.name(), spec);
        running.forEach((name, one) -> {
            if (!wanted.containsKey(name)) one.keeper().beginToClose();
        });
        running.keySet().retainAll(wanted.keySet());
        wanted.forEach((name, spec) -> {
            List<NodeId> hosts = spec.hosts().isEmpty()
                    ? fleet.hosts().stream().map(HostSpec::name).toList()
                    : spec.hosts();
            Running present = running.get(name);
            if (present != null
                    && present.spec().equals(spec)
                    && present.hosts().equals(hosts)) return;
            if (present != null) present.keeper().beginToClose();
            running.put(name, new Running(spec, hosts, start(spec, hosts, present == null ? null : present.keeper())));
        });
    }

    private SingletonKeeper start(SingletonSpec spec, List<NodeId> hosts, @Nullable SingletonKeeper former) {
        Words words = new Words(Map.of(
                "port", Integer.toString(spec.port()),
                "host", me.name(),
                "address", address,
                "store", etcd.config().urls()));
        Site site = new Site(me, address, hosts, words, etcd.config().urls(), folder);
        return new SingletonKeeper(spec, site, etcd, AddressHolder.of(spec, ticker), former, ticker);
    }

    /// Hands over what is active here, and ends every standby.
    @Override
    public void close() {
        List<Running> all;
        synchronized (this) {
            closed = true;
            all = List.copyOf(running.values());
            running.clear();
        }
        all.forEach(one -> one.keeper().beginToClose());
        all.forEach(one -> one.keeper().close());
    }
}
