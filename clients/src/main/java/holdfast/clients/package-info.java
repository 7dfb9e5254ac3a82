/// Foreign etcd clients that say what a server answered, one step a line.
///
/// In: an endpoint. Out: lines on standard output. Start reading at [Main]. Knows nothing of Holdfast.
@NullMarked
package holdfast.clients;

import org.jspecify.annotations.NullMarked;
