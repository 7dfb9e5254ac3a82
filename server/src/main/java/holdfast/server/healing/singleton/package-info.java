/// Services that are active on one host at a time, with a right from the store that ends on time.
///
/// In: the fleet's services of `kind: singleton`. Out: a process on the active host, or one on each of which one is
/// told that it is active; a virtual address; an incident for each takeover. Start reading at [SingletonKeeper];
/// [Singletons] has one for each service.
///
/// Decides nothing: `core.healing.recover.singleton` says what a host does, `core.redundancy.lock` when a right ends.
@NullMarked
package holdfast.server.healing.singleton;

import org.jspecify.annotations.NullMarked;
