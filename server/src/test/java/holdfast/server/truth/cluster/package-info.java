/// Whole servers, as processes, under load and kills.
@NullMarked
package holdfast.server.truth.cluster;

import org.jspecify.annotations.NullMarked;
