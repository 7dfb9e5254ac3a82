package holdfast.server.truth.disk;

import holdfast.core.base.Reason;

/// The disk failed or holds damaged rows: what and where. An exception, not an answer, because no caller can go
/// on: a replica that cannot read or keep its state must stop at once.
public final class ShelfBroken extends RuntimeException {
    private static final long serialVersionUID = 1;

    private final transient Reason reason;

    public ShelfBroken(Reason reason, Throwable cause) {
        super(reason.toString(), cause);
        this.reason = reason;
    }

    public Reason reason() {
        return reason;
    }
}
