package holdfast.core.truth;

import holdfast.core.base.Bytes;
import holdfast.core.base.KeyRange;
import java.util.function.BiPredicate;
import org.jspecify.annotations.Nullable;

/// An immutable treap (Seidel, Aragon 1996): ordered by key, heaped by a priority that is a hash of the key, so
/// the shape depends on the keys alone and is balanced on average. A change copies the path from the root;
/// everything else is shared with the trees before.
///
/// @param priority the parent's is never below its children's
record Leaf(
        Bytes key,
        Bytes value,
        long priority,
        @Nullable Leaf left,
        @Nullable Leaf right) {

    static @Nullable Bytes get(@Nullable Leaf root, Bytes key) {
        Leaf leaf = root;
        while (leaf != null) {
            int order = key.compareTo(leaf.key);
            if (order == 0) return leaf.value;
            leaf = order < 0 ? leaf.left : leaf.right;
        }
        return null;
    }

    static Leaf put(@Nullable Leaf root, Bytes key, Bytes value) {
        if (root == null) return new Leaf(key, value, priorityOf(key), null, null);
        int order = key.compareTo(root.key);
        if (order == 0) return new Leaf(key, value, root.priority, root.left, root.right);
        if (order < 0) {
            Leaf left = put(root.left, key, value);
            if (left.priority <= root.priority) return root.with(left, root.right);
            return left.with(left.left, root.with(left.right, root.right));
        }
        Leaf right = put(root.right, key, value);
        if (right.priority <= root.priority) return root.with(root.left, right);
        return right.with(root.with(root.left, right.left), right.right);
    }

    static @Nullable Leaf delete(@Nullable Leaf root, Bytes key) {
        if (root == null) return null;
        int order = key.compareTo(root.key);
        if (order == 0) return merge(root.left, root.right);
        if (order < 0) return root.with(delete(root.left, key), root.right);
        return root.with(root.left, delete(root.right, key));
    }

    static @Nullable Leaf deleteRange(@Nullable Leaf root, KeyRange range) {
        Bytes end = range.end();
        return merge(below(root, range.start()), end == null ? null : from(root, end));
    }

    /// @return whether to go on
    static boolean scan(@Nullable Leaf root, KeyRange range, BiPredicate<Bytes, Bytes> visit) {
        if (root == null) return true;
        boolean started = root.key.compareTo(range.start()) >= 0;
        if (started && !scan(root.left, range, visit)) return false;
        Bytes end = range.end();
        if (end != null && root.key.compareTo(end) >= 0) return true;
        if (started && !visit.test(root.key, root.value)) return false;
        return scan(root.right, range, visit);
    }

    /// @return whether to go on
    static boolean scanBackwards(@Nullable Leaf root, KeyRange range, BiPredicate<Bytes, Bytes> visit) {
        if (root == null) return true;
        Bytes end = range.end();
        boolean started = end == null || root.key.compareTo(end) < 0;
        if (started && !scanBackwards(root.right, range, visit)) return false;
        if (root.key.compareTo(range.start()) < 0) return true;
        if (started && !visit.test(root.key, root.value)) return false;
        return scanBackwards(root.left, range, visit);
    }

    private Leaf with(@Nullable Leaf newLeft, @Nullable Leaf newRight) {
        return new Leaf(key, value, priority, newLeft, newRight);
    }

    /// Keys below `bound`.
    private static @Nullable Leaf below(@Nullable Leaf root, Bytes bound) {
        if (root == null) return null;
        if (root.key.compareTo(bound) >= 0) return below(root.left, bound);
        return root.with(root.left, below(root.right, bound));
    }

    /// Keys at or above `bound`.
    private static @Nullable Leaf from(@Nullable Leaf root, Bytes bound) {
        if (root == null) return null;
        if (root.key.compareTo(bound) < 0) return from(root.right, bound);
        return root.with(from(root.left, bound), root.right);
    }

    /// Every key of `left` is below every key of `right`.
    private static @Nullable Leaf merge(@Nullable Leaf left, @Nullable Leaf right) {
        if (left == null) return right;
        if (right == null) return left;
        if (left.priority >= right.priority) return left.with(left.left, merge(left.right, right));
        return right.with(merge(left, right.left), right.right);
    }

    private static long priorityOf(Bytes key) {
        long mixed = key.hashCode() * 0x9e3779b97f4a7c15L; // the finish of SplitMix64
        mixed = (mixed ^ (mixed >>> 30)) * 0xbf58476d1ce4e5b9L;
        mixed = (mixed ^ (mixed >>> 27)) * 0x94d049bb133111ebL;
        return mixed ^ (mixed >>> 31);
    }
}
