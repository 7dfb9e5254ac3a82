package holdfast.server.truth.disk;

import holdfast.core.base.Bytes;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// The rows that were read by key of late, with what was written to them since, on the heap: a write looks up what it
/// replaces, and a lookup in files costs twenty times this one. Also knows keys that have no row. One thread.
///
/// Rows lie in a few large arrays, its pages, and are overwritten in place: as objects of their own they were most of
/// what the collector had to move, and each put left one behind that only a full collection took away. A page is
/// filled from its start; when all are full the oldest is swept, and of its rows those asked for since the last sweep
/// stay, up to half a page.
///
/// A row: hash, its bytes with flags, bytes of the key, bytes of the value or [#NO_ROW], each four bytes; the key, the
/// value, room to the next multiple of eight.
final class RowCache {
    /// What [#find] says of a key that it does not know.
    static final long NOWHERE = -1;

    private static final VarHandle INT = MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.nativeOrder());
    private static final int SIZE_AT = 4;
    private static final int KEY_SIZE_AT = 8;
    private static final int VALUE_SIZE_AT = 12;
    private static final int HEAD_BYTES = 16;
    private static final int SPARE_BYTES = 4; // a row grows a little with its version: it shall still fit
    private static final int ASKED = 1; // since the last sweep
    private static final int DEAD = 2; // replaced elsewhere
    private static final int FLAGS = 7;
    private static final int NO_ROW = -1;

    private static final int SHARE_MIN = 64; // one row takes at most this share of the cache, and half a page
    private static final int PAGES_MIN = 16;
    private static final int PAGE_BYTES_MAX = 1 << 20;

    private static final int SLOTS_MIN = 1_024;
    private static final int PLACE_BITS = 40;
    private static final int TAG_SHIFT = Integer.SIZE - (Long.SIZE - PLACE_BITS); // the hash's lower bits say the slot
    private static final long PLACE_MASK = (1L << PLACE_BITS) - 1;
    private static final int MIX = 0x9e37_79b1; // Arrays.hashCode alone leaves keys that follow each other side by side

    private final long rowBytesMax;
    private final int pageBytes;
    private final int pagesMax;
    private final int[] used; // of each page
    private final List<byte[]> pages = new ArrayList<>();
    private int page; // being filled
    private long[] slots = new long[SLOTS_MIN]; // the hash's upper bits, and place + 1; 0 when empty
    private int rows;

    /// @param bytesMax of the pages; the index takes some twenty bytes a row besides
    RowCache(long bytesMax) {
        pageBytes = (int) Math.min(PAGE_BYTES_MAX, bytesMax / PAGES_MIN) & ~FLAGS;
        rowBytesMax = Math.min(bytesMax / SHARE_MIN, pageBytes / 2);
        pagesMax = (int) (bytesMax / pageBytes);
        used = new int[pagesMax];
    }

    /// Where the row of `key` is, for [#row]; good until the next call that changes something.
    ///
    /// @return [#NOWHERE] when nothing is known of the key
    long find(Bytes key) {
        int slot = slotOf(key, hash(key));
        if (slots[slot] == 0) return NOWHERE;
        long place = placeIn(slot);
        setFlag(place, ASKED);
        return place;
    }

    /// Null when the key has no row.
    @Nullable
    Bytes row(long place) {
        byte[] held = pageOf(place);
        int at = offset(place);
        int size = get(held, at + VALUE_SIZE_AT);
        if (size == NO_ROW) return null;
        int from = at + HEAD_BYTES + get(held, at + KEY_SIZE_AT);
        return Bytes.wrap(Arrays.copyOfRange(held, from, from + size));
    }

    /// What was read, null for no row.
    void learn(Bytes key, @Nullable Bytes value) {
        int hash = hash(key);
        int slot = slotOf(key, hash);
        if (slots[slot] == 0) add(key, value, hash);
        else replace(slot, key, value, hash);
    }

    /// What was written; of interest only for keys that were asked for.
    void written(Bytes key, @Nullable Bytes value) {
        int hash = hash(key);
        int slot = slotOf(key, hash);
        if (slots[slot] != 0) replace(slot, key, value, hash);
    }

    /// What its pages take now.
    long bytes() {
        return (long) pages.size() * pageBytes;
    }

    /// Keeps the pages, since they will be wanted again.
    void clear() {
        slots = new long[SLOTS_MIN];
        rows = 0;
        Arrays.fill(used, 0);
        page = 0;
    }

    private void replace(int slot, Bytes key, @Nullable Bytes value, int hash) {
        long place = placeIn(slot);
        byte[] held = pageOf(place);
        int at = offset(place);
        int size = value == null ? 0 : value.size();
        if (HEAD_BYTES + key.size() + size <= sizeAt(held, at)) {
            putValue(held, at, value);
            return;
        }
        setFlag(place, DEAD);
        empty(slot);
        add(key, value, hash);
    }

    private void add(Bytes key, @Nullable Bytes value, int hash) {
        long size =
                ((long) HEAD_BYTES + key.size() + (value == null ? 0 : value.size()) + SPARE_BYTES + FLAGS) & ~FLAGS;
        if (size > rowBytesMax) return;
        if (pages.isEmpty()) pages.add(new byte[pageBytes]);
        while (used[page] + size > pageBytes) turn();
        byte[] held = pages.get(page);
        int at = used[page];
        used[page] += (int) size;
        put(held, at, hash);
        put(held, at + SIZE_AT, (int) size);
        put(held, at + KEY_SIZE_AT, key.size());
        System.arraycopy(key.unsafeArray(), 0, held, at + HEAD_BYTES, key.size());
        putValue(held, at, value);
        if (++rows > slots.length / 4 * 3) grow();
        fill(hash, (long) page * pageBytes + at);
    }

    private static void putValue(byte[] held, int at, @Nullable Bytes value) {
        put(held, at + VALUE_SIZE_AT, value == null ? NO_ROW : value.size());
        if (value == null) return;
        int from = at + HEAD_BYTES + get(held, at + KEY_SIZE_AT);
        System.arraycopy(value.unsafeArray(), 0, held, from, value.size());
    }

    /// Goes on to a new page, or to the oldest, swept; at least half of it is free then.
    private void turn() {
        int next = page + 1;
        if (next == pages.size() && next < pagesMax) pages.add(new byte[pageBytes]);
        page = next % pages.size();
        sweep();
    }

    private void sweep() {
        byte[] held = pages.get(page);
        long start = (long) page * pageBytes;
        int kept = 0;
        int size;
        for (int at = 0; at < used[page]; at += size) {
            size = sizeAt(held, at);
            int flags = get(held, at + SIZE_AT) & FLAGS;
            if ((flags & DEAD) != 0) continue;
            int slot = slotAt(get(held, at), start + at);
            if ((flags & ASKED) == 0 || kept + size > pageBytes / 2) {
                empty(slot);
                continue;
            }
            put(held, at + SIZE_AT, size);
            System.arraycopy(held, at, held, kept, size);
            slots[slot] = entry(get(held, kept), start + kept);
            kept += size;
        }
        used[page] = kept;
    }

    // ---- the index: open addressing, the next free slot ---------------------------------------------------------

    private static int hash(Bytes key) {
        int hash = key.hashCode() * MIX;
        return hash ^ (hash >>> 15);
    }

    /// The slot that holds `key`, or the empty one where it would go.
    private int slotOf(Bytes key, int hash) {
        int mask = slots.length - 1;
        int slot = hash & mask;
        while (slots[slot] != 0 && !(isTagged(slots[slot], hash) && isKey(placeIn(slot), key)))
            slot = (slot + 1) & mask;
        return slot;
    }

    private int slotAt(int hash, long place) {
        int mask = slots.length - 1;
        int slot = hash & mask;
        while (placeIn(slot) != place) slot = (slot + 1) & mask;
        return slot;
    }

    private void fill(int hash, long place) {
        int mask = slots.length - 1;
        int slot = hash & mask;
        while (slots[slot] != 0) slot = (slot + 1) & mask;
        slots[slot] = entry(hash, place);
    }

    /// Empties a slot, and draws back those behind it that would not be found across the gap.
    private void empty(int slot) {
        int mask = slots.length - 1;
        int gap = slot;
        for (int next = (gap + 1) & mask; slots[next] != 0; next = (next + 1) & mask) {
            long place = placeIn(next);
            int home = get(pageOf(place), offset(place)) & mask;
            if (((next - home) & mask) < ((next - gap) & mask)) continue;
            slots[gap] = slots[next];
            gap = next;
        }
        slots[gap] = 0;
        rows--;
    }

    private void grow() {
        long[] old = slots;
        slots = new long[2 * old.length];
        for (long entry : old) {
            if (entry == 0) continue;
            long place = (entry & PLACE_MASK) - 1;
            fill(get(pageOf(place), offset(place)), place);
        }
    }

    private static long entry(int hash, long place) {
        return (long) (hash >>> TAG_SHIFT) << PLACE_BITS | (place + 1);
    }

    private static boolean isTagged(long entry, int hash) {
        return (entry ^ entry(hash, 0)) >>> PLACE_BITS == 0;
    }

    private boolean isKey(long place, Bytes key) {
        byte[] held = pageOf(place);
        int from = offset(place) + HEAD_BYTES;
        int size = key.size();
        return get(held, offset(place) + KEY_SIZE_AT) == size
                && Arrays.equals(held, from, from + size, key.unsafeArray(), 0, size);
    }

    private long placeIn(int slot) {
        return (slots[slot] & PLACE_MASK) - 1;
    }

    private byte[] pageOf(long place) {
        return pages.get((int) (place / pageBytes));
    }

    private int offset(long place) {
        return (int) (place % pageBytes);
    }

    private void setFlag(long place, int flag) {
        byte[] held = pageOf(place);
        int at = offset(place) + SIZE_AT;
        put(held, at, get(held, at) | flag);
    }

    private static int sizeAt(byte[] held, int at) {
        return get(held, at + SIZE_AT) & ~FLAGS;
    }

    private static int get(byte[] held, int at) {
        return (int) INT.get(held, at);
    }

    private static void put(byte[] held, int at, int number) {
        INT.set(held, at, number);
    }
}
