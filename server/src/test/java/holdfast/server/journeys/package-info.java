/// The loop as a user meets it: real processes over a real store, killed, frozen and cut for real.
@NullMarked
package holdfast.server.journeys;

import org.jspecify.annotations.NullMarked;
