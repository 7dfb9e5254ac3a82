package holdfast.core.base;

/// What became of a request. A timeout is [Unknown], never [Refused].
public sealed interface Outcome {
    /// It happened: every read at this revision or later sees it.
    record Done(long revision) implements Outcome {}

    /// It did not happen and will not: safe to try again.
    record Refused(Reason why) implements Outcome {}

    /// It may have happened: read back before trying again.
    record Unknown(Reason why) implements Outcome {}
}
