package holdfast.server.healing.singleton;

import holdfast.core.base.NodeId;
import holdfast.server.healing.act.Words;
import java.nio.file.Path;
import java.util.List;

/// Where this host's part of a singleton runs.
///
/// @param address where others reach this host
/// @param hosts that may be active
/// @param words of the command and its environment
/// @param store its members' URLs
/// @param folder of the agent
record Site(NodeId me, String address, List<NodeId> hosts, Words words, String store, Path folder) {
    /// Folder for what the process says.
    Path output() {
        return folder.resolve("output");
    }
}
