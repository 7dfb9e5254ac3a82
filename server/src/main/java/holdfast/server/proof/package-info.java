/// Hurts real processes on real (or pretended) hosts, records what clients saw, and judges it.
///
/// In: what to start and which fault to inject. Out: what was hurt, what became of it, and nothing left behind. Start
/// reading at [Lab] (hosts, processes, cuts) and `Demo` (the whole story).
///
/// Knows the store only through `server.client`, and Holdfast only as a user does: its command line and its keys.
@NullMarked
package holdfast.server.proof;

import org.jspecify.annotations.NullMarked;
