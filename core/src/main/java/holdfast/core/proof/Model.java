package holdfast.core.proof;

import org.jspecify.annotations.Nullable;

/// What a thing would do if its calls came one after the other. Pure.
///
/// @param <S> the thing's state: immutable, with `equals` and `hashCode`
public interface Model<S> {
    S initial();

    /// The state after `call`, or null when a thing in this state cannot have given that answer. A call without an
    /// answer is asked about as if it took effect at this moment.
    @Nullable
    S after(S state, Call call);
}
