package holdfast.server.truth.raft;

import holdfast.core.base.Dice;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;

/// A disk in memory whose power can be cut: any 512-byte sector written since its file's last force is then old
/// or new.
final class TornFiles implements LogFiles {
    private static final int SECTOR = SegmentScan.SECTOR_BYTES;

    private final SortedMap<String, Torn> files = new TreeMap<>();
    private boolean failing;
    private boolean full;
    private boolean lying;

    /// Planted bug: force says done and does nothing.
    void lie() {
        lying = true;
    }

    /// Every write and force fails from now on.
    void fail() {
        failing = true;
    }

    /// No new file can be made while it is `full`; those that there are can be written.
    void full(boolean isFull) {
        full = isFull;
    }

    /// What a machine finds after the power came back.
    TornFiles crash(Dice dice) {
        TornFiles after = new TornFiles();
        after.lying = lying;
        files.forEach((name, file) -> {
            byte[] found = file.forced.clone();
            boolean all = dice.oneIn(4);
            boolean none = dice.oneIn(4);
            for (int sector : file.unforced) {
                if (none || (!all && dice.oneIn(2))) continue;
                System.arraycopy(file.now, sector * SECTOR, found, sector * SECTOR, SECTOR);
            }
            after.files.put(name, new Torn(found, found.clone()));
        });
        return after;
    }

    /// The same disk again, all of it on it.
    TornFiles copy() {
        TornFiles copy = new TornFiles();
        files.forEach((name, file) -> copy.files.put(name, new Torn(file.forced.clone(), file.forced.clone())));
        return copy;
    }

    byte[] content(String name) {
        return files.get(name).forced;
    }

    void flip(String name, long bit) {
        Torn file = files.get(name);
        file.now[(int) (bit / 8)] ^= (byte) (1 << (bit % 8));
        file.forced[(int) (bit / 8)] ^= (byte) (1 << (bit % 8));
    }

    @Override
    public List<String> names() {
        return new ArrayList<>(files.keySet());
    }

    @Override
    public LogFile open(String name) {
        return files.get(name);
    }

    @Override
    public LogFile createZeroed(String name, long bytes) throws IOException {
        if (failing || full) throw new IOException("no space left on the test's disk");
        Torn made = new Torn(new byte[(int) bytes], new byte[(int) bytes]);
        files.put(name, made);
        return made;
    }

    @Override
    public void delete(String name) {
        files.remove(name);
    }

    private final class Torn implements LogFile {
        private final byte[] now;
        private byte[] forced;
        private final SortedSet<Integer> unforced = new TreeSet<>();

        Torn(byte[] now, byte[] forced) {
            this.now = now;
            this.forced = forced;
        }

        @Override
        public long size() {
            return now.length;
        }

        @Override
        public void read(ByteBuffer into, long at) throws IOException {
            if (at + into.remaining() > now.length) throw new IOException("the file ends before");
            into.put(now, (int) at, into.remaining());
        }

        @Override
        public void write(ByteBuffer from, long at) throws IOException {
            if (failing) throw new IOException("the test's disk fails to write");
            int count = from.remaining();
            from.get(now, (int) at, count);
            for (int sector = (int) at / SECTOR; sector <= (at + count - 1) / SECTOR; sector++) unforced.add(sector);
        }

        @Override
        public void force() throws IOException {
            if (failing) throw new IOException("the test's disk fails to force");
            if (lying) return;
            forced = Arrays.copyOf(now, now.length);
            unforced.clear();
        }

        @Override
        public void close() {}
    }
}
