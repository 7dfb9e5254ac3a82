package holdfast.core.truth;

import holdfast.core.base.Bytes;
import holdfast.core.base.KeyRange;
import java.util.LinkedHashMap;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// Who watches a key: single keys by hash, ranges in an interval tree. Finding costs the logarithm of the
/// number of different ranges and what is found, not the number of watchers.
///
/// The tree is a treap ordered by start, then end; each node knows the largest end below it, so that a branch
/// that ends before the key is not entered (Cormen and others, Introduction to Algorithms, section 14.3).
final class RangeIndex<T> {
    private final LinkedHashMap<Bytes, TreeMap<Long, T>> singles = new LinkedHashMap<>();
    private @Nullable Node<T> root;
    private long priorities;

    private static final class Node<T> {
        final KeyRange range;
        final long priority;
        final TreeMap<Long, T> holders = new TreeMap<>();

        @Nullable
        Node<T> left;

        @Nullable
        Node<T> right;

        @Nullable
        Bytes lastEnd; // null: some range below has no end

        Node(KeyRange range, long priority) {
            this.range = range;
            this.priority = priority;
            this.lastEnd = range.end();
        }
    }

    void add(KeyRange range, long id, T holder) {
        if (range.isEmpty()) return;
        if (range.isSingle())
            singles.computeIfAbsent(range.start(), _ -> new TreeMap<>()).put(id, holder);
        else root = add(root, range, id, holder);
    }

    void remove(KeyRange range, long id) {
        if (range.isEmpty()) return;
        if (range.isSingle()) {
            TreeMap<Long, T> holders = singles.get(range.start());
            if (holders == null) return;
            holders.remove(id);
            if (holders.isEmpty()) singles.remove(range.start());
        } else root = remove(root, range, id);
    }

    /// Visits everybody whose range holds `key`.
    void find(Bytes key, Consumer<T> visit) {
        TreeMap<Long, T> holders = singles.get(key);
        if (holders != null) holders.values().forEach(visit);
        find(root, key, visit);
    }

    private static <T> void find(@Nullable Node<T> node, Bytes key, Consumer<T> visit) {
        if (node == null || (node.lastEnd != null && node.lastEnd.compareTo(key) <= 0)) return;
        find(node.left, key, visit);
        if (node.range.start().compareTo(key) > 0) return;
        if (node.range.contains(key)) node.holders.values().forEach(visit);
        find(node.right, key, visit);
    }

    private Node<T> add(@Nullable Node<T> node, KeyRange range, long id, T holder) {
        if (node == null) {
            Node<T> fresh = new Node<>(range, mix(++priorities));
            fresh.holders.put(id, holder);
            return fresh;
        }
        int order = compare(range, node.range);
        if (order == 0) node.holders.put(id, holder);
        else if (order < 0) {
            Node<T> left = add(node.left, range, id, holder);
            node.left = left;
            if (left.priority > node.priority) return liftLeft(node, left);
        } else {
            Node<T> right = add(node.right, range, id, holder);
            node.right = right;
            if (right.priority > node.priority) return liftRight(node, right);
        }
        return measured(node);
    }

    private static <T> @Nullable Node<T> remove(@Nullable Node<T> node, KeyRange range, long id) {
        if (node == null) return null;
        int order = compare(range, node.range);
        if (order < 0) node.left = remove(node.left, range, id);
        else if (order > 0) node.right = remove(node.right, range, id);
        else {
            node.holders.remove(id);
            if (node.holders.isEmpty()) return merge(node.left, node.right);
        }
        return measured(node);
    }

    private static <T> @Nullable Node<T> merge(@Nullable Node<T> left, @Nullable Node<T> right) {
        if (left == null) return right;
        if (right == null) return left;
        if (left.priority >= right.priority) {
            left.right = merge(left.right, right);
            return measured(left);
        }
        right.left = merge(left, right.left);
        return measured(right);
    }

    private static <T> Node<T> liftLeft(Node<T> node, Node<T> left) {
        node.left = left.right;
        left.right = measured(node);
        return measured(left);
    }

    private static <T> Node<T> liftRight(Node<T> node, Node<T> right) {
        node.right = right.left;
        right.left = measured(node);
        return measured(right);
    }

    private static <T> Node<T> measured(Node<T> node) {
        Bytes last = node.range.end();
        if (node.left != null) last = later(last, node.left.lastEnd);
        if (node.right != null) last = later(last, node.right.lastEnd);
        node.lastEnd = last;
        return node;
    }

    private static @Nullable Bytes later(@Nullable Bytes one, @Nullable Bytes other) {
        if (one == null || other == null) return null;
        return one.compareTo(other) >= 0 ? one : other;
    }

    private static int compare(KeyRange one, KeyRange other) {
        int byStart = one.start().compareTo(other.start());
        if (byStart != 0) return byStart;
        Bytes end = one.end();
        Bytes otherEnd = other.end();
        if (end == null || otherEnd == null) return (end == null ? 1 : 0) - (otherEnd == null ? 1 : 0);
        return end.compareTo(otherEnd);
    }

    private static long mix(long count) {
        long mixed = count * 0x9e3779b97f4a7c15L; // the finish of SplitMix64
        mixed = (mixed ^ (mixed >>> 30)) * 0xbf58476d1ce4e5b9L;
        mixed = (mixed ^ (mixed >>> 27)) * 0x94d049bb133111ebL;
        return mixed ^ (mixed >>> 31);
    }
}
