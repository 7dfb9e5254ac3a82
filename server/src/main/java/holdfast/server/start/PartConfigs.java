package holdfast.server.start;

import holdfast.server.base.tls.LiveTls;
import holdfast.server.start.DataFolder.Owner;
import holdfast.server.truth.StoreConfig;
import holdfast.server.truth.auth.AuthConfig;
import holdfast.server.truth.etcd.EtcdConfig;
import java.io.IOException;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.util.ArrayList;
import java.util.List;
import javax.net.ssl.SSLContext;
import org.jspecify.annotations.Nullable;

/// What a server's parts are told, made of its own config and of the files that it names, before any folder is made or
/// locked: whatever is wrong with them is refused here.
///
/// @param peerTls null for plain text
/// @param clients of each address for clients, in the order of the config; `metrics` likewise
record PartConfigs(
        ServerConfig server,
        AuthConfig auth,
        @Nullable SSLContext peerTls,
        List<EtcdConfig> clients,
        List<EtcdConfig> metrics) {

    /// Refuses what the parts would refuse of `config`, as far as no file is needed to know.
    static void check(ServerConfig config) {
        for (Listening.Url url : config.listening().clients()) door(config, url, null);
        store(config, AuthConfig.DEFAULT, Founding.of(config), 0);
    }

    /// Reads the files that `config` names.
    static PartConfigs of(ServerConfig config) throws IOException, GeneralSecurityException {
        AuthConfig auth = AuthConfig.of(
                config.auth().token(), config.auth().tokenLife(), config.auth().bcryptCost());
        LiveTls.@Nullable Pem peer = config.peerTls();
        SSLContext peerTls = peer == null ? null : between(peer);
        return new PartConfigs(
                config,
                auth,
                peerTls,
                doors(config, config.listening().clients()),
                doors(config, config.listening().metrics()));
    }

    /// Members that were told to check nobody name no authority ([DoorKeys#files]).
    private static SSLContext between(LiveTls.Pem peer) throws IOException, GeneralSecurityException {
        LiveTls files = LiveTls.open(peer);
        return peer.authority() == null ? files.uncheckedContext() : files.context();
    }

    /// @param run drawn anew at each start
    StoreConfig store(Owner owner, long run) {
        return store(server, auth, owner, run);
    }

    private static StoreConfig store(ServerConfig config, AuthConfig auth, Owner owner, long run) {
        return new StoreConfig(
                owner.clusterId(),
                owner.member(),
                run,
                owner.name(),
                Listening.say(config.listening().advertisedPeers()),
                Listening.say(config.listening().advertisedClients()),
                config.requestTimeout(),
                config.leaseTtlMin(),
                config.stallLimit(),
                config.waitingMax(),
                config.readers(),
                config.entriesInFlightMax(),
                config.requestBytesMax(),
                config.upkeep(),
                auth);
    }

    private static List<EtcdConfig> doors(ServerConfig config, List<Listening.Url> urls)
            throws IOException, GeneralSecurityException {
        List<EtcdConfig> doors = new ArrayList<>();
        for (Listening.Url url : urls) {
            LiveTls.@Nullable Pem files = url.secure() ? config.clientTls() : null;
            EtcdConfig.@Nullable Tls tls = null;
            if (files != null) {
                tls = new EtcdConfig.Tls(
                        LiveTls.open(files),
                        config.doors().tlsVersions(),
                        config.doors().cipherSuites(),
                        config.auth().certificateUsers());
            }
            doors.add(door(config, url, tls));
        }
        return doors;
    }

    private static EtcdConfig door(ServerConfig config, Listening.Url url, EtcdConfig.@Nullable Tls tls) {
        EtcdConfig standard = EtcdConfig.at(url.address().host(), url.address().port());
        return new EtcdConfig(
                standard.host(),
                standard.port(),
                standard.eventLoops(),
                tls,
                config.requestBytesMax(),
                config.txnOpsMax(),
                config.leaseTtlMin(),
                config.progressEvery(),
                standard.leaderlessLimit(),
                config.upkeep().quotaBytes(),
                config.doors().connections());
    }

    /// Members and the loop do not start without one: [ServerConfig#of].
    static Path authority(LiveTls.Pem files) {
        Path authority = files.authority();
        if (authority == null) throw new IllegalStateException("a certificate without its authority");
        return authority;
    }
}
