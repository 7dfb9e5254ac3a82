/// Speaks to any etcd v3 store, ours or another: values in, values out, no exceptions.
///
/// In: keys, transactions, leases. Out: [Answer]s that say whether it happened. Start reading at [Etcd]; [Lease],
/// [Watch] and [Lead] are built on it. Every call blocks its (virtual) thread up to a named limit.
///
/// Does not know what the keys mean (`ledger` does) nor how our own store works inside.
@NullMarked
package holdfast.server.client;

import org.jspecify.annotations.NullMarked;
