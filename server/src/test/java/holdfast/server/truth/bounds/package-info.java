/// Whether one client's greed or one store's size is felt by others: memory of real servers stays below a stated bound,
/// writes and watches of others go on, and nobody loses anything. Start at [SlowClientTest].
@NullMarked
package holdfast.server.truth.bounds;

import org.jspecify.annotations.NullMarked;
