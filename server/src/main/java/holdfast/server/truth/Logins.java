package holdfast.server.truth;

import holdfast.core.base.Bytes;
import holdfast.core.base.Reason;
import holdfast.core.truth.Command;
import holdfast.core.truth.Keyspace;
import holdfast.core.truth.Keyspace.Account;
import holdfast.core.truth.Refusal;
import holdfast.core.truth.Reply;
import holdfast.server.base.Ticker;
import holdfast.server.truth.Store.Answer;
import holdfast.server.truth.auth.AuthConfig;
import holdfast.server.truth.auth.AuthConfig.Scheme;
import holdfast.server.truth.auth.Passwords;
import java.util.function.Consumer;

/// Lets users in: checks a password against the newest state, and has the log give the token, so that every
/// member knows it. When users or roles changed between the two, it begins again.
final class Logins {
    private static final long STALE_NANOS_MAX = 5_000_000_000L; // etcd's limit of a request

    private final Scheme scheme;
    private final Passwords passwords;
    private final Ticker ticker;
    private final Keyspace keyspace;
    private final AuthMirror mirror;
    private final Reads reads;
    private final Proposals proposals;

    Logins(AuthConfig config, Ticker ticker, Keyspace keyspace, AuthMirror mirror, Reads reads, Proposals proposals) {
        this.scheme = config.tokens();
        this.passwords = new Passwords(config.bcryptCost());
        this.ticker = ticker;
        this.keyspace = keyspace;
        this.mirror = mirror;
        this.reads = reads;
        this.proposals = proposals;
    }

    /// What a password becomes before it enters the log.
    void hash(String password, Consumer<Store.Hashing> done) {
        if (!Passwords.fits(password)) {
            done.accept(new Store.Hashing.Refused(Reasons.PASSWORD_TOO_LONG));
        } else if (!passwords.start(() -> Callbacks.call(done, new Store.Hashing.Hashed(passwords.hash(password))))) {
            done.accept(new Store.Hashing.Refused(Reasons.TOO_MANY_REQUESTS));
        }
    }

    void login(String user, String password, Consumer<Answer> done) {
        attempt(Bytes.utf8(user), password, ticker.nanos(), done);
    }

    private void attempt(Bytes user, String password, long beganNanos, Consumer<Answer> done) {
        reads.read(view -> keyspace.account(user, view), true, true, new Reads.Done<Account>() {
            @Override
            public void answered(Store.Header header, Account account) {
                check(header, new Attempt(user, password, beganNanos, account), done);
            }

            @Override
            public void refused(Reason why) {
                done.accept(new Answer.Refused(why));
            }
        });
    }

    private record Attempt(Bytes user, String password, long beganNanos, Account account) {
        @Override
        public String toString() {
            return "attempt of " + user; // never the password
        }
    }

    private void check(Store.Header header, Attempt attempt, Consumer<Answer> done) {
        Account account = attempt.account();
        if (!account.enabled()) {
            done.accept(refused(header, Refusal.AUTH_NOT_ENABLED));
        } else if (!account.exists()) {
            done.accept(refused(header, Refusal.AUTH_FAILED));
        } else if (account.passwordless()) {
            done.accept(refused(header, Refusal.USER_WITHOUT_PASSWORD));
        } else if (!passwords.start(() -> compare(header, attempt, done))) {
            done.accept(new Answer.Refused(Reasons.TOO_MANY_REQUESTS));
        }
    }

    private void compare(Store.Header header, Attempt attempt, Consumer<Answer> done) {
        if (!Passwords.matches(attempt.account().passwordHash(), attempt.password())) {
            Callbacks.call(done, refused(header, Refusal.AUTH_FAILED));
            return;
        }
        String prefix = scheme instanceof Scheme.Simple ? mirror.tokens().newPrefix() : "";
        long revision = attempt.account().revision();
        Command give = new Command.AuthChange.Authenticate(attempt.user(), prefix, revision);
        proposals.propose(give, answer -> given(answer, attempt, done));
    }

    private void given(Answer answer, Attempt attempt, Consumer<Answer> done) {
        if (!(answer instanceof Answer.Done(Store.Header header, Reply reply))) {
            done.accept(answer);
        } else if (reply instanceof Reply.Refused(Refusal why)
                && why == Refusal.AUTH_OLD_REVISION
                && ticker.nanos() - attempt.beganNanos() < STALE_NANOS_MAX) {
            attempt(attempt.user(), attempt.password(), attempt.beganNanos(), done);
        } else if (reply instanceof Reply.OfAuth.Authenticated) {
            done.accept(token(header, answer, attempt));
        } else {
            done.accept(answer);
        }
    }

    private Answer token(Store.Header header, Answer simple, Attempt attempt) {
        return switch (scheme) {
            case Scheme.Simple _ -> simple;
            case Scheme.None _ -> refused(header, Refusal.AUTH_FAILED);
            case Scheme.Signed(var jwt) -> {
                if (!jwt.canSign()) yield new Answer.Refused(Reasons.VERIFY_ONLY);
                long revision = attempt.account().revision();
                yield new Answer.Done(
                        header,
                        new Reply.OfAuth.Authenticated(jwt.sign(attempt.user(), revision, ticker.wallMillis())));
            }
        };
    }

    private static Answer refused(Store.Header header, Refusal why) {
        return new Answer.Done(header, new Reply.Refused(why));
    }
}
