/// Real programs that tests run against.
@NullMarked
package holdfast.server.peers;

import org.jspecify.annotations.NullMarked;
