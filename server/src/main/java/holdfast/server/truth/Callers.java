package holdfast.server.truth;

import holdfast.core.base.Bytes;
import holdfast.core.base.Reason;
import holdfast.core.truth.Caller;
import holdfast.server.base.Ticker;
import holdfast.server.truth.auth.AuthConfig.Scheme;
import holdfast.server.truth.auth.SimpleTokens;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// Finds out who somebody is. A token that another member gave may be ahead of what this one has applied: then it first
/// catches up.
final class Callers {
    private final Scheme scheme;
    private final Ticker ticker;
    private final AuthMirror mirror;
    private final Headers headers;
    private final Reads reads;

    Callers(Scheme scheme, Ticker ticker, AuthMirror mirror, Headers headers, Reads reads) {
        this.scheme = scheme;
        this.ticker = ticker;
        this.mirror = mirror;
        this.headers = headers;
        this.reads = reads;
    }

    /// Calls one of both, most often at once.
    void resolve(Credentials who, Consumer<Caller> found, Consumer<Reason> refused) {
        switch (who) {
            case Credentials.None _ -> found.accept(Caller.NOBODY);
            case Credentials.House _ -> found.accept(Caller.HOUSE);
            case Credentials.Certificate(String name) -> found.accept(new Caller(Bytes.utf8(name), mirror.revision()));
            case Credentials.Token(String token) -> resolve(token, found, refused);
        }
    }

    private void resolve(String token, Consumer<Caller> found, Consumer<Reason> refused) {
        boolean behind = isBehind(token);
        @Nullable Caller known = behind ? null : known(token);
        if (known != null) {
            found.accept(known);
        } else if (behind) {
            reads.read(_ -> true, true, true, new Reads.Done<Boolean>() {
                @Override
                public void answered(Store.Header header, Boolean caughtUp) {
                    @Nullable Caller late = known(token);
                    if (late != null) found.accept(late);
                    else refused.accept(Reasons.INVALID_TOKEN);
                }

                @Override
                public void refused(Reason why) {
                    refused.accept(why);
                }
            });
        } else {
            refused.accept(Reasons.INVALID_TOKEN);
        }
    }

    /// Whether the token tells of what this member has not applied: that it was given, or that users and roles are on.
    private boolean isBehind(String token) {
        return switch (scheme) {
            case Scheme.None _ -> false;
            case Scheme.Signed(var jwt) -> !mirror.enabled() && jwt.verify(token, ticker.wallMillis()) != null;
            case Scheme.Simple _ -> SimpleTokens.indexOf(token) > headers.appliedIndex();
        };
    }

    private @Nullable Caller known(String token) {
        if (!mirror.enabled()) return Caller.NOBODY;
        return switch (scheme) {
            case Scheme.None _ -> null;
            case Scheme.Signed(var jwt) -> jwt.verify(token, ticker.wallMillis());
            case Scheme.Simple _ -> {
                @Nullable Bytes user = mirror.tokens().use(token);
                yield user == null ? null : new Caller(user, mirror.revision());
            }
        };
    }
}
