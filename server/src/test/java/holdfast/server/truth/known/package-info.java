/// The bugs that etcd had, each as a test named by its issue: none of them may come here.
@NullMarked
package holdfast.server.truth.known;

import org.jspecify.annotations.NullMarked;
