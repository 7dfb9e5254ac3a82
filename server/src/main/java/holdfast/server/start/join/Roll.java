package holdfast.server.start.join;

import holdfast.core.base.Bytes;
import holdfast.core.base.KeyRange;
import holdfast.core.base.Outcome;
import holdfast.core.base.Reason;
import holdfast.server.base.tls.Authority;
import holdfast.server.base.tls.JoinToken;
import holdfast.server.client.Answer;
import holdfast.server.client.Etcd;
import holdfast.server.client.Pair;
import holdfast.server.client.Txn;
import holdfast.server.start.join.Admission.Member;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.HexFormat;
import java.util.List;
import tools.jackson.databind.json.JsonMapper;

/// Who is in the cluster and which tokens still admit, as keys in the store. Every call waits for the store.
public final class Roll {
    private static final Bytes MEMBERS = Bytes.utf8("/holdfast/members/");
    private static final Bytes TOKENS = Bytes.utf8("/holdfast/tokens/");
    /// Holds the number given last; each admission moves it, so that two at once cannot both be the third voter.
    private static final Bytes COUNTER = Bytes.utf8("/holdfast/member-count");

    private static final int VOTERS_WANTED = 3;
    private static final JsonMapper JSON = JsonMapper.builder().build();

    private final Etcd store;

    public Roll(Etcd store) {
        this.store = store;
    }

    /// Enters the first host, which needs nobody's leave. Refused when there is a first host already.
    public Outcome found(Member first) {
        return store.write(
                new Txn()
                        .ifAbsent(COUNTER)
                        .put(COUNTER, Bytes.utf8(Integer.toString(first.id())))
                        .put(key(first.host()), json(first)),
                "the cluster has members already");
    }

    /// Every host, in name order.
    public Answer<List<Member>> members() {
        return store.range(KeyRange.prefix(MEMBERS), 0)
                .map(found -> found.pairs().stream().map(Roll::member).toList());
    }

    /// Prints a token's worth: good for one host, for `life` (at least a second).
    public Answer<JoinToken> issue(Authority authority, Duration life) throws GeneralSecurityException {
        JoinToken token = JoinToken.create(authority);
        Bytes hash = token.secretHash();
        Answer<Etcd.Granted> granted = store.grant(Math.max(1, life.toSeconds()));
        return granted.then(lease -> switch (store.write(
                new Txn().put(tokenKey(token.id()), hash, lease.id()), "no condition")) {
            case Outcome.Done _ -> new Answer.Done<>(token);
            case Outcome.Refused(Reason why) -> new Answer.Refused<>(why);
            case Outcome.Unknown(Reason why) -> new Answer.Unknown<>(why);
        });
    }

    /// Uses up the token and enters the joiner, both or neither. Refused with `bad-token` when it is unknown, used, out
    /// of date or wrong, with `name-taken` when the host's name is another's.
    Answer<Member> admit(Admission.Request request) throws GeneralSecurityException {
        Bytes id = Bytes.wrap(HexFormat.of().parseHex(request.tokenId()));
        byte[] secret = HexFormat.of().parseHex(request.secret());
        Bytes hash = Bytes.wrap(MessageDigest.getInstance("SHA-256").digest(secret));
        return store.get(tokenKey(id)).then(token -> {
            if (token.pairs().isEmpty() || !sameSecret(token.pairs().getFirst(), hash)) {
                return refused("bad-token", "The token is unknown, used already or out of date.");
            }
            return members()
                    .then(all -> store.get(COUNTER)
                            .then(counter -> enter(request, token.pairs().getFirst(), all, counter.pairs())));
        });
    }

    private Answer<Member> enter(Admission.Request request, Pair token, List<Member> members, List<Pair> counter) {
        if (counter.isEmpty()) return refused("no-members", "The cluster has no first member yet.");
        if (members.stream().anyMatch(member -> member.host().equals(request.host()))) {
            return refused("name-taken", "A host named " + request.host() + " is in the cluster already.");
        }
        long voters = members.stream().filter(Member::voter).count();
        boolean voter = switch (request.role()) {
            case AUTO -> voters < VOTERS_WANTED;
            case VOTER -> true;
            case AGENT -> false;
        };
        Pair last = counter.getFirst();
        int id = Integer.parseInt(last.value().utf8()) + 1;
        Member member = new Member(id, request.host(), request.address(), voter, request.ports());
        Txn txn = new Txn()
                .ifModRevision(token.key(), token.modRevision())
                .ifModRevision(COUNTER, last.modRevision())
                .ifAbsent(key(request.host()))
                .delete(token.key())
                .put(COUNTER, Bytes.utf8(Integer.toString(id)))
                .put(key(request.host()), json(member));
        return switch (store.write(txn, "another host was admitted just then; try again")) {
            case Outcome.Done _ -> new Answer.Done<>(member);
            case Outcome.Refused(Reason why) -> new Answer.Refused<>(why);
            case Outcome.Unknown(Reason why) -> new Answer.Unknown<>(why);
        };
    }

    private static <T> Answer<T> refused(String code, String sentence) {
        return new Answer.Refused<>(new Reason(code, sentence));
    }

    private static boolean sameSecret(Pair token, Bytes hash) {
        return MessageDigest.isEqual(token.value().toArray(), hash.toArray());
    }

    private static Bytes key(String host) {
        return MEMBERS.concat(Bytes.utf8(host));
    }

    private static Bytes tokenKey(Bytes id) {
        return TOKENS.concat(Bytes.utf8(HexFormat.of().formatHex(id.toArray())));
    }

    private static Member member(Pair pair) {
        return JSON.readValue(pair.value().toArray(), Member.class);
    }

    private static Bytes json(Member member) {
        return Bytes.wrap(JSON.writeValueAsBytes(member));
    }
}
