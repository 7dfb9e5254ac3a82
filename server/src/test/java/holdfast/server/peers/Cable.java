package holdfast.server.peers;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.ArrayList;
import java.util.List;

/// A TCP relay that can be cut: then bytes vanish both ways and nobody is told. After it was mended old connections are
/// closed.
public final class Cable implements AutoCloseable {
    private final ServerSocket server;
    private final int target;
    private final List<Socket> open = new ArrayList<>(); // under `this`
    private volatile boolean cut;

    public Cable(int targetPort) throws IOException {
        this.target = targetPort;
        this.server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        Thread.ofVirtual().start(this::accept);
    }

    public int port() {
        return server.getLocalPort();
    }

    private void accept() {
        while (!server.isClosed()) {
            try {
                Socket near = server.accept();
                Socket far = new Socket(InetAddress.getLoopbackAddress(), target);
                near.setTcpNoDelay(true);
                far.setTcpNoDelay(true);
                synchronized (this) {
                    open.add(near);
                    open.add(far);
                }
                Thread.ofVirtual().start(() -> pump(near, far));
                Thread.ofVirtual().start(() -> pump(far, near));
            } catch (IOException _) {
                // closed, or the store is not there
            }
        }
    }

    private void pump(Socket from, Socket to) {
        byte[] buffer = new byte[16_384];
        try (from;
                to) {
            InputStream in = from.getInputStream();
            OutputStream out = to.getOutputStream();
            for (int read = in.read(buffer); read >= 0; read = in.read(buffer)) {
                if (cut) continue;
                out.write(buffer, 0, read);
            }
        } catch (IOException _) {
            // one side is gone
        }
    }

    public void cut() {
        cut = true;
    }

    public synchronized void mend() {
        for (Socket one : open) {
            try {
                one.close();
            } catch (IOException _) {
                // it was
            }
        }
        open.clear();
        cut = false;
    }

    @Override
    public void close() throws IOException {
        server.close();
        mend();
    }
}
