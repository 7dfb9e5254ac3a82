/// How healing's facts are keys and JSON under one prefix, `/holdfast/`, in any etcd v3 store.
///
/// In: facts and what the loop wants written. Out: everything as it stood at one revision, changes after it, and
/// whether a write happened. Every write of the loop is guarded by its leader's key, every outcome by the
/// registration of the host that reports it. Start reading at [Keys], then [LedgerStore].
///
/// Does not know how faults are judged or cured, nor whose etcd it is.
@NullMarked
package holdfast.server.ledger;

import org.jspecify.annotations.NullMarked;
