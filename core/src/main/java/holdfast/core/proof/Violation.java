package holdfast.core.proof;

import java.util.List;

/// A promise that the store broke.
///
/// @param code stable, for machines
/// @param sentence for people
/// @param proof the lines of the history that show it, as few as could be found
public record Violation(String code, String sentence, List<String> proof) {
    public Violation {
        proof = List.copyOf(proof);
    }

    static Violation of(String code, String sentence, Object... proof) {
        return new Violation(
                code,
                sentence,
                java.util.Arrays.stream(proof).map(Object::toString).toList());
    }
}
