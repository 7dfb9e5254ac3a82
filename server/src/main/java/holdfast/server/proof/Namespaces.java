package holdfast.server.proof;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/// Hosts as network namespaces, each with one cable into a switch that has a namespace of its own, so that no firewall
/// rule of this machine applies between them. This machine is on the switch, too, at address 254.
///
/// A cut both ways takes the switch's port down. A one-way cut is a queue of length 0 for IP packets on one end of the
/// cable: only HTB is needed, which more kernels have than the `drop` action; ARP passes, as it would
/// behind a router with a broken rule.
final class Namespaces implements Wiring {
    private static final int HOST_FIRST = 11;
    private static final int SUBNETS = 250;
    private static final String SWITCH = "net";

    private final RunFolder run;
    private final String subnet;
    private final Map<String, String> addressOfHost = new TreeMap<>();

    private Namespaces(RunFolder run, String subnet) {
        this.run = run;
        this.subnet = subnet;
        String switchSpace = addSpace(SWITCH);
        String cable = "hf-" + run.id();
        ip(switchSpace, "link add br0 type bridge");
        ip(switchSpace, "link set br0 up");
        run.write("link", cable);
        ip("", "link add " + cable + " type veth peer name uplink netns " + switchSpace);
        ip("", "addr add " + subnet + ".254/24 dev " + cable);
        ip("", "link set " + cable + " up");
        ip(switchSpace, "link set uplink master br0 up");
    }

    /// True when this process may make namespaces here.
    static boolean areAllowed(RunFolder run) {
        String trial = "hf-" + run.id() + "-try";
        run.write("namespace", trial);
        boolean allowed = Shell.run("ip", "netns", "add", trial).isDone()
                && Shell.run("ip", "-n", trial, "link", "add", "br0", "type", "bridge")
                        .isDone();
        Shell.run("ip", "netns", "del", trial);
        return allowed;
    }

    /// Picks a subnet 10.77.N.0/24 that this machine does not use.
    static Namespaces open(RunFolder run) {
        String used = Shell.run("ip", "-o", "-4", "addr").output();
        int first = Integer.parseInt(run.id(), 16);
        for (int tries = 0; tries < SUBNETS; tries++) {
            String subnet = "10.77." + (first + tries) % SUBNETS;
            if (!used.contains(" " + subnet + ".")) return new Namespaces(run, subnet);
        }
        throw new IllegalStateException("All " + SUBNETS + " subnets under 10.77.0.0/16 are in use.");
    }

    @Override
    public String addHost(String host) {
        String known = addressOfHost.get(host);
        if (known != null) return known;
        String address = subnet + "." + (HOST_FIRST + addressOfHost.size());
        addressOfHost.put(host, address);
        String space = addSpace(host);
        ip(space(SWITCH), "link add " + host + " type veth peer name eth0 netns " + space);
        ip(space(SWITCH), "link set " + host + " master br0 up");
        ip(space, "link set lo up");
        ip(space, "addr add " + address + "/24 dev eth0");
        ip(space, "link set eth0 up");
        return address;
    }

    @Override
    public List<String> enter(String host) {
        return List.of("ip", "netns", "exec", space(host));
    }

    @Override
    public String cut(String host, Cut way) {
        return switch (way) {
            case BOTH_WAYS -> ip(space(SWITCH), "link set " + host + " down");
            case INCOMING -> dropIp(space(SWITCH), host);
            case OUTGOING -> dropIp(space(host), "eth0");
        };
    }

    @Override
    public String silence(String host, List<String> others) {
        String space = space(host);
        Shell.run("tc", "-n", space, "qdisc", "del", "dev", "eth0", "root");
        return others.isEmpty() ? "" : dropIp(space, "eth0", others);
    }

    @Override
    public void heal(String host) {
        Shell.run("ip", "-n", space(SWITCH), "link", "set", host, "up");
        Shell.run("tc", "-n", space(SWITCH), "qdisc", "del", "dev", host, "root");
        Shell.run("tc", "-n", space(host), "qdisc", "del", "dev", "eth0", "root");
    }

    @Override
    public String leftOut() {
        return "";
    }

    private String space(String host) {
        return "hf-" + run.id() + "-" + host;
    }

    private String addSpace(String host) {
        String space = space(host);
        run.write("namespace", space);
        must(Shell.run("ip", "netns", "add", space));
        return space;
    }

    /// @return empty; a failure of `ip` after the trial passed is a bug here and throws
    private static String ip(String space, String words) {
        List<String> command = new ArrayList<>(List.of("ip"));
        if (!space.isEmpty()) command.addAll(List.of("-n", space));
        command.addAll(List.of(words.split(" ", -1)));
        must(Shell.run(command));
        return "";
    }

    private static void must(Shell.Ran ran) {
        if (!ran.isDone()) throw new IllegalStateException("ip: " + ran.output());
    }

    private static String dropIp(String space, String device) {
        return dropIp(space, device, List.of("0.0.0.0/0"));
    }

    private static String dropIp(String space, String device, List<String> destinations) {
        String onDevice = "-n " + space + " %s add dev " + device + " ";
        List<String> commands = new ArrayList<>(List.of(
                onDevice.formatted("qdisc") + "root handle 1: htb default 2",
                onDevice.formatted("class") + "parent 1: classid 1:2 htb rate 10gbit quantum 60000",
                onDevice.formatted("class") + "parent 1: classid 1:1 htb rate 8bit quantum 1500",
                onDevice.formatted("qdisc") + "parent 1:1 pfifo limit 0"));
        for (String destination : destinations) {
            commands.add(onDevice.formatted("filter") + "parent 1: protocol ip prio 1 u32 match ip dst " + destination
                    + " flowid 1:1");
        }
        for (String words : commands) {
            List<String> command = new ArrayList<>(List.of("tc"));
            command.addAll(List.of(words.split(" ", -1)));
            Shell.Ran ran = Shell.run(command);
            if (!ran.isDone()) return "tc cannot drop packets one way here: " + ran.output();
        }
        return "";
    }
}
