package holdfast.core.redundancy.sentinel;

import holdfast.core.redundancy.resp.Reply;
import holdfast.core.redundancy.sentinel.Facts.Service;
import java.util.List;
import java.util.Locale;
import java.util.function.Consumer;
import java.util.function.Function;

/// `SENTINEL ...`: replies as of Sentinel 7. What would change how a service is run is refused: the fleet file says
/// that.
final class SentinelCommand {
    private static final Reply NO_SUCH = new Reply.Failure("ERR No such master with that name");
    private static final Reply FLEET = new Reply.Failure("ERR what is monitored is said by the fleet file");

    private SentinelCommand() {}

    /// @param words with the command itself
    /// @param failOver asked for by a client, for a service that has a replica
    static Reply answer(List<String> words, Facts facts, Consumer<String> failOver) {
        if (words.size() < 2) return arity("sentinel");
        String verb = words.get(1).toLowerCase(Locale.ROOT);
        int arguments = words.size() - 2;
        int wanted = arguments(verb);
        if (wanted == UNKNOWN) {
            return new Reply.Failure("ERR unknown subcommand '" + words.get(1) + "'. Try SENTINEL HELP.");
        }
        if (wanted != ANY && wanted != arguments) return arity("sentinel|" + verb);
        String first = arguments == 0 ? "" : words.get(2);
        return switch (verb) {
            case "get-master-addr-by-name" -> address(facts, first);
            case "master" -> of(facts, first, service -> Sheets.primary(service, facts));
            case "masters" ->
                new Reply.Array(facts.services().values().stream()
                        .map(service -> Sheets.primary(service, facts))
                        .toList());
            case "replicas", "slaves" ->
                of(
                        facts,
                        first,
                        service -> new Reply.Array(service.replicas().stream()
                                .map(replica -> Sheets.replica(replica, service, facts))
                                .toList()));
            case "sentinels" ->
                of(
                        facts,
                        first,
                        service -> new Reply.Array(facts.others().stream()
                                .map(other -> Sheets.sentinel(other, service, facts))
                                .toList()));
            case "ckquorum" -> of(facts, first, _ -> quorum(facts));
            case "myid" -> new Reply.Bulk(facts.id());
            case "is-master-down-by-addr" -> isDown(facts, first, words.get(3));
            case "reset" ->
                new Reply.Count(facts.services().keySet().stream()
                        .filter(name -> Glob.matches(first, name))
                        .count());
            case "failover" -> of(facts, first, service -> failOver(service, failOver));
            case "pending-scripts" -> new Reply.Array(List.of());
            case "info-cache" -> new Reply.Array(List.of());
            case "flushconfig" -> Reply.ok();
            case "remove", "set" -> of(facts, first, _ -> FLEET);
            case "config" -> config(words);
            case "help" -> help();
            default -> FLEET;
        };
    }

    private static final int ANY = -1;
    private static final int UNKNOWN = -2;

    private static int arguments(String verb) {
        return switch (verb) {
            case "masters", "myid", "pending-scripts", "flushconfig", "help" -> 0;
            case "get-master-addr-by-name",
                    "master",
                    "replicas",
                    "slaves",
                    "sentinels",
                    "ckquorum",
                    "reset",
                    "failover",
                    "remove" -> 1;
            case "is-master-down-by-addr", "monitor" -> 4;
            case "info-cache", "set", "config", "debug", "simulate-failure" -> ANY;
            default -> UNKNOWN;
        };
    }

    static Reply arity(String command) {
        return new Reply.Failure("ERR wrong number of arguments for '" + command + "' command");
    }

    private static Reply of(Facts facts, String name, Function<Service, Reply> answer) {
        Service service = facts.services().get(name);
        return service == null ? NO_SUCH : answer.apply(service);
    }

    private static Reply address(Facts facts, String name) {
        Service service = facts.services().get(name);
        if (service == null) return new Reply.NilArray();
        return Reply.bulks(
                List.of(service.primary().address(), "" + service.primary().port()));
    }

    private static Reply quorum(Facts facts) {
        int usable = facts.sentinels();
        if (facts.storeAnswers()) {
            return new Reply.Simple(
                    "OK " + usable + " usable Sentinels. Quorum and failover authorization can be reached");
        }
        return new Reply.Failure("NOQUORUM " + usable + " usable Sentinels. Not enough available Sentinels to reach the"
                + " majority and authorize a failover: the store does not answer");
    }

    private static Reply isDown(Facts facts, String address, String port) {
        boolean down = facts.services().values().stream()
                .anyMatch(service -> service.down()
                        && service.primary().address().equals(address)
                        && port.equals("" + service.primary().port()));
        return new Reply.Array(List.of(new Reply.Count(down ? 1 : 0), new Reply.Bulk("*"), new Reply.Count(0)));
    }

    private static Reply failOver(Service service, Consumer<String> failOver) {
        if (service.down()) return new Reply.Failure("INPROG Failover already in progress");
        if (service.replicas().stream().noneMatch(Facts.Node::up)) {
            return new Reply.Failure("NOGOODSLAVE No suitable replica to promote");
        }
        failOver.accept(service.name());
        return Reply.ok();
    }

    private static Reply config(List<String> words) {
        boolean asks = words.size() == 4 && words.get(2).equalsIgnoreCase("get");
        return asks ? new Reply.Pairs(List.of()) : FLEET;
    }

    private static Reply help() {
        return new Reply.Array(List.of(
                        "SENTINEL <subcommand> [<arg> [value] [opt] ...]. Subcommands are:",
                        "CKQUORUM <master-name>",
                        "FAILOVER <master-name>",
                        "GET-MASTER-ADDR-BY-NAME <master-name>",
                        "IS-MASTER-DOWN-BY-ADDR <ip> <port> <current-epoch> <runid>",
                        "MASTER <master-name>",
                        "MASTERS",
                        "MYID",
                        "REPLICAS <master-name>",
                        "RESET <pattern>",
                        "SENTINELS <master-name>",
                        "HELP")
                .stream()
                .map(line -> (Reply) new Reply.Simple(line))
                .toList());
    }
}
