/// Brings keys with their leases from one etcd v3 store to another, ours or any.
///
/// In: two clients. Out: a [Report] of what was brought and what both sides hold of it. Start reading at [Transfer].
///
/// Knows stores through `server.client` only: what works on ours works on a real etcd.
@NullMarked
package holdfast.server.transfer;

import org.jspecify.annotations.NullMarked;
