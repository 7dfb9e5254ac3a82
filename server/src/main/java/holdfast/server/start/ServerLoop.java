package holdfast.server.start;

import holdfast.core.healing.LoopConfig;
import holdfast.server.base.Ticker;
import holdfast.server.base.tls.LiveTls;
import holdfast.server.client.ClientTls;
import holdfast.server.client.Endpoint;
import holdfast.server.client.EtcdConfig;
import holdfast.server.healing.LoopNode;
import holdfast.server.healing.LoopParts;
import java.io.IOException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// The loop beside the store of one server, which it knows as any client does. It stands for election; who wins is up
/// to the store.
public final class ServerLoop {
    private ServerLoop() {}

    /// Adds the loop to the server's parts.
    ///
    /// @throws IOException when its port is taken
    public static void open(ServerParts server) throws IOException, InterruptedException {
        ServerConfig config = server.config();
        if (!config.loop()) return;
        LiveTls.@Nullable Pem files = config.clientTls();
        ClientTls tls = files == null
                ? ClientTls.NONE
                : new ClientTls(PartConfigs.authority(files), files.certificate(), files.key());
        LoopNode node = new LoopNode(
                config.name(),
                config.listenLoop().host(),
                config.listenLoop().port(),
                config.advertiseClient().host(),
                files == null ? null : new LoopNode.Tls(files.certificate(), files.key(), PartConfigs.authority(files)),
                EtcdConfig.of(List.of(Endpoint.parse(server.clientUrl()))).withTls(tls),
                true,
                LoopNode.LEASE_TTL,
                LoopConfig.DEFAULT);
        server.add("loop", LoopParts.open(node, server.vertx(), server.metrics(), Ticker.system()));
    }
}
