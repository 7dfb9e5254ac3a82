package holdfast.server.truth.disk;

import holdfast.core.base.Bytes;
import holdfast.core.base.KeyRange;
import holdfast.core.truth.Shelf;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.rocksdb.RocksDBException;
import org.rocksdb.WriteBatch;

/// A write set in the very form in which RocksDB keeps a batch, so that it crosses to native code once, not
/// once a row.
///
/// The form (RocksDB, `write_batch.cc`): a sequence number of 8 bytes and a count of 4, little-endian, then
/// records: a tag, and one or two runs of bytes, each after its length as a varint.
final class RowWrites implements Shelf.WriteSet {
    private static final int HEADER_BYTES = 12;
    private static final int BYTES_MIN = 512;
    private static final int COUNT_AT = 8;
    private static final byte TAG_DELETE = 0x0;
    private static final byte TAG_PUT = 0x1;
    private static final byte TAG_DELETE_RANGE = 0xf;
    private static final byte[] AFTER_ALL = {(byte) 0xff}; // tables have small numbers: no row begins so

    private byte[] bytes;
    private int size = HEADER_BYTES;
    private int count;
    private final List<Bytes> keys = new ArrayList<>();
    private final List<@Nullable Bytes> values = new ArrayList<>(); // null for a delete
    private boolean rangeDeleted;

    /// @param lent room to begin with, of any size; see [#room]
    RowWrites(byte[] lent) {
        bytes = lent.length < BYTES_MIN ? new byte[BYTES_MIN] : lent;
    }

    /// What it was lent, or what that had to grow to; the set is of no use afterwards.
    byte[] room() {
        return bytes;
    }

    @Override
    public void put(Bytes key, Bytes value) {
        begin(TAG_PUT);
        run(key.unsafeArray());
        run(value.unsafeArray());
        keys.add(key);
        values.add(value);
    }

    @Override
    public void delete(Bytes key) {
        begin(TAG_DELETE);
        run(key.unsafeArray());
        keys.add(key);
        values.add(null);
    }

    @Override
    public void deleteRange(KeyRange range) {
        if (range.isEmpty()) return;
        Bytes end = range.end();
        rangeDeleted = true;
        begin(TAG_DELETE_RANGE);
        run(range.start().unsafeArray());
        run(end == null ? AFTER_ALL : end.unsafeArray());
    }

    /// Tells `cache` what was written.
    void into(RowCache cache) {
        if (rangeDeleted) cache.clear();
        for (int index = 0; index < keys.size(); index++) {
            cache.written(keys.get(index), values.get(index));
        }
    }

    /// The caller closes it.
    WriteBatch toBatch() throws RocksDBException {
        for (int index = 0; index < 4; index++) bytes[COUNT_AT + index] = (byte) (count >>> (8 * index));
        return new WriteBatch(Arrays.copyOf(bytes, size));
    }

    private void begin(byte tag) {
        room(1);
        bytes[size++] = tag;
        count++;
    }

    private void run(byte[] run) {
        room(5 + run.length);
        int rest = run.length;
        while (rest >= 0x80) {
            bytes[size++] = (byte) (rest | 0x80);
            rest >>>= 7;
        }
        bytes[size++] = (byte) rest;
        System.arraycopy(run, 0, bytes, size, run.length);
        size += run.length;
    }

    private void room(int more) {
        if (size + more > bytes.length) bytes = Arrays.copyOf(bytes, Math.max(size + more, 2 * bytes.length));
    }
}
