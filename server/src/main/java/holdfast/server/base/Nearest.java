package holdfast.server.base;

import java.util.Collection;
import org.jspecify.annotations.Nullable;

/// Finds the name that a person probably meant.
public final class Nearest {
    private Nearest() {}

    /// The known name with the fewest edits (insert, delete, change one letter); null when none is near.
    public static @Nullable String to(String word, Collection<String> known) {
        @Nullable String nearest = null;
        int fewest = Math.max(2, word.length() / 2) + 1;
        for (String name : known) {
            int edits = edits(word, name);
            if (edits < fewest) {
                fewest = edits;
                nearest = name;
            }
        }
        return nearest;
    }

    /// Levenshtein distance, one row at a time.
    private static int edits(String from, String to) {
        int[] row = new int[to.length() + 1];
        for (int column = 0; column <= to.length(); column++) row[column] = column;
        for (int line = 1; line <= from.length(); line++) {
            int diagonal = row[0];
            row[0] = line;
            for (int column = 1; column <= to.length(); column++) {
                int change = from.charAt(line - 1) == to.charAt(column - 1) ? diagonal : diagonal + 1;
                diagonal = row[column];
                row[column] = Math.min(change, Math.min(row[column - 1], diagonal) + 1);
            }
        }
        return row[to.length()];
    }
}
