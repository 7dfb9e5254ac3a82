package holdfast.server.truth;

import holdfast.core.base.Bytes;
import holdfast.core.truth.Applied;
import holdfast.core.truth.Batch;
import holdfast.core.truth.Command;
import holdfast.core.truth.Command.AuthChange;
import holdfast.core.truth.Judge;
import holdfast.core.truth.Keyspace;
import holdfast.core.truth.Reply;
import holdfast.core.truth.ShelfView;
import holdfast.server.truth.auth.SimpleTokens;
import java.util.List;

/// What the newest applied state says of users and roles, for threads that do not read it, and the tokens that the log
/// gave. Written by the thread that applies, read by any.
final class AuthMirror {
    private final Keyspace keyspace;
    private final SimpleTokens tokens;
    private volatile boolean enabled;
    private volatile long revision;

    AuthMirror(Keyspace keyspace, SimpleTokens tokens, ShelfView newest) {
        this.keyspace = keyspace;
        this.tokens = tokens;
        learn(newest);
    }

    boolean enabled() {
        return enabled;
    }

    long revision() {
        return revision;
    }

    SimpleTokens tokens() {
        return tokens;
    }

    private void learn(ShelfView newest) {
        Judge judge = keyspace.judge(newest);
        revision = judge.revision();
        enabled = judge.enabled();
    }

    /// Before anybody is answered.
    void applied(Batch batch, Applied applied, ShelfView newest) {
        List<Command> commands = batch.commands();
        boolean changed = false;
        for (int index = 0; index < commands.size(); index++) {
            if (!(Command.bare(commands.get(index)) instanceof AuthChange change)) continue;
            Reply reply = applied.replies().get(index).reply();
            if (reply instanceof Reply.Refused) continue;
            changed = true;
            tokensOf(change, reply);
        }
        if (changed) learn(newest);
    }

    private void tokensOf(AuthChange change, Reply reply) {
        switch (change) {
            case AuthChange.Authenticate(Bytes user, String prefix, long _) -> {
                boolean isSimple = !prefix.isEmpty();
                if (isSimple && reply instanceof Reply.OfAuth.Authenticated(String token)) tokens.give(token, user);
            }
            case AuthChange.DeleteUser(Bytes user) -> tokens.forget(user);
            case AuthChange.ChangePassword(Bytes user, Bytes _) -> tokens.forget(user);
            case AuthChange.Disable _ -> tokens.forgetAll();
            case AuthChange.Enable _,
                    AuthChange.AddUser _,
                    AuthChange.GrantRole _,
                    AuthChange.RevokeRole _,
                    AuthChange.AddRole _,
                    AuthChange.DeleteRole _,
                    AuthChange.GrantPermission _,
                    AuthChange.RevokePermission _ -> {}
        }
    }

    /// A snapshot replaced the state: users may be gone that had tokens.
    void restored(ShelfView newest) {
        tokens.forgetAll();
        learn(newest);
    }
}
