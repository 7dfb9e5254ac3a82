package holdfast.core.base;

/// Why: a stable code for machines (kebab-case), a sentence with the numbers for people.
public record Reason(String code, String sentence) {
    @Override
    public String toString() {
        return sentence + " (" + code + ")";
    }
}
