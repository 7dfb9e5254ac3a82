package holdfast.server.healing.act;

import holdfast.core.base.Outcome;
import holdfast.core.base.Reason;
import java.io.IOException;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.NetworkInterface;
import java.net.SocketException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/// An IPv4 address that moves from host to host: added to one of this host's interfaces and taken away again
/// (rtnetlink(7)), and made known to the neighbours by gratuitous ARP (RFC 5227). Any thread; calls wait for the kernel
/// only.
///
/// @param address such as `10.0.0.9/24`
/// @param link interface such as `eth0`
public record VirtualAddress(String address, String link) {
    private static final short NEW_ADDRESS = 20; // linux/rtnetlink.h
    private static final short DELETE_ADDRESS = 21;
    private static final short REQUEST_AND_ACK = 0x5;
    private static final short CREATE_OR_REPLACE = 0x500;
    private static final short ERROR_MESSAGE = 2;
    private static final short ATTRIBUTE_ADDRESS = 1;
    private static final short ATTRIBUTE_LOCAL = 2;
    private static final short ATTRIBUTE_CACHE = 6;
    private static final byte INTERNET = 2;
    private static final int ANSWER_BYTES = 4_096;
    private static final int NO_SUCH_ADDRESS = 99;
    private static final short ARP = 0x0806;
    private static final long ADMIN_AND_RAW = 1L << 12 | 1L << 13; // linux/capability.h
    private static final byte[] TO_KERNEL = {};

    /// Why this host cannot have it; empty when it can.
    public Optional<Reason> refusal() {
        try {
            String status = Files.readString(Path.of("/proc/self/status"));
            long capabilities = status.lines()
                    .filter(line -> line.startsWith("CapEff:"))
                    .mapToLong(line -> Long.parseUnsignedLong(
                            line.substring("CapEff:".length()).strip(), 16))
                    .findFirst()
                    .orElse(0);
            if ((capabilities & ADMIN_AND_RAW) != ADMIN_AND_RAW) {
                return Optional.of(
                        new Reason("not-permitted", "The agent lacks the capabilities CAP_NET_ADMIN and CAP_NET_RAW."));
            }
            if (NetworkInterface.getByName(link) == null) {
                return Optional.of(new Reason("no-interface", "There is no interface " + link + " here."));
            }
            return Optional.empty();
        } catch (IOException failed) {
            return Optional.of(new Reason("no-linux", "This is not Linux: " + failed.getMessage()));
        }
    }

    /// Adds it, or lets one that is there stay. The kernel itself takes it away when it is not added again in time, to
    /// a fraction of a second.
    ///
    /// @param seconds how long it stays, at least 1
    public Outcome add(int seconds) {
        return ask(NEW_ADDRESS, CREATE_OR_REPLACE, seconds);
    }

    /// Takes it away; done as well when it was not there.
    public Outcome remove() {
        return ask(DELETE_ADDRESS, (short) 0, 0);
    }

    private Outcome ask(short type, short flags, int seconds) {
        try (KernelSocket socket = KernelSocket.open(KernelSocket.NETLINK, KernelSocket.RAW, 0)) {
            socket.send(message(type, flags, seconds), TO_KERNEL);
            ByteBuffer answer = ByteBuffer.wrap(socket.receive(ANSWER_BYTES)).order(ByteOrder.nativeOrder());
            int error = answer.getShort(4) == ERROR_MESSAGE ? -answer.getInt(16) : 0;
            if (error == 0 || (type == DELETE_ADDRESS && error == NO_SUCH_ADDRESS)) return new Outcome.Done(0);
            return refused(KernelSocket.say(error));
        } catch (IOException failed) {
            return refused(String.valueOf(failed.getMessage()));
        }
    }

    private Outcome refused(String why) {
        return new Outcome.Refused(new Reason("no-address", "%s on %s: %s.".formatted(address, link, why)));
    }

    private byte[] ip() throws IOException {
        return InetAddress.getByName(address.substring(0, address.indexOf('/'))).getAddress();
    }

    private NetworkInterface device() throws IOException {
        NetworkInterface device = NetworkInterface.getByName(link);
        if (device == null) throw new SocketException("no such interface");
        return device;
    }

    /// A header, what is to be done with which address, and three attributes.
    private byte[] message(short type, short flags, int seconds) throws IOException {
        byte[] ip = ip();
        ByteBuffer message = ByteBuffer.allocate(64).order(ByteOrder.nativeOrder());
        message.putInt(0)
                .putShort(type)
                .putShort((short) (REQUEST_AND_ACK | flags))
                .putInt(1)
                .putInt(0);
        message.put(INTERNET)
                .put(Byte.parseByte(address.substring(address.indexOf('/') + 1)))
                .put((byte) 0)
                .put((byte) 0)
                .putInt(device().getIndex());
        message.putShort((short) 8).putShort(ATTRIBUTE_LOCAL).put(ip);
        message.putShort((short) 8).putShort(ATTRIBUTE_ADDRESS).put(ip);
        if (type == NEW_ADDRESS) {
            message.putShort((short) 20).putShort(ATTRIBUTE_CACHE);
            message.putInt(seconds).putInt(seconds).putInt(0).putInt(0);
        }
        message.putInt(0, message.position());
        byte[] bytes = new byte[message.position()];
        message.flip().get(bytes);
        return bytes;
    }

    /// Tells every neighbour that the address is here now, once as a request and once as an answer: some heed only one.
    public Outcome announce() {
        try {
            NetworkInterface device = device();
            byte[] hardware = device.getHardwareAddress();
            if (hardware == null || hardware.length != 6) return new Outcome.Done(0); // no neighbours, as on lo
            try (KernelSocket socket = KernelSocket.open(KernelSocket.PACKET, KernelSocket.DATAGRAM, 0)) {
                for (short kind = 1; kind <= 2; kind++) {
                    socket.send(arp(kind, hardware, ip()), everybody(device.getIndex()));
                }
            }
            return new Outcome.Done(0);
        } catch (IOException failed) {
            return refused(String.valueOf(failed.getMessage()));
        }
    }

    private static byte[] arp(short kind, byte[] hardware, byte[] ip) {
        ByteBuffer frame = ByteBuffer.allocate(28); // network order
        frame.putShort((short) 1)
                .putShort((short) 0x0800)
                .put((byte) 6)
                .put((byte) 4)
                .putShort(kind);
        frame.put(hardware).put(ip);
        frame.put(kind == 1 ? new byte[6] : new byte[] {-1, -1, -1, -1, -1, -1}).put(ip);
        return frame.array();
    }

    /// `sockaddr_ll` of the broadcast address (packet(7)).
    private static byte[] everybody(int index) {
        ByteBuffer to = ByteBuffer.allocate(20).order(ByteOrder.nativeOrder());
        to.putShort((short) KernelSocket.PACKET)
                .put((byte) (ARP >> 8))
                .put((byte) ARP)
                .putInt(index)
                .putShort((short) 0)
                .put((byte) 0)
                .put((byte) 6)
                .put(new byte[] {-1, -1, -1, -1, -1, -1});
        return to.array();
    }

    /// Whether this host has it now.
    public boolean isHere() {
        try {
            InetAddress ip = Inet4Address.getByAddress(ip());
            return device().inetAddresses().anyMatch(ip::equals);
        } catch (IOException _) {
            return false;
        }
    }
}
