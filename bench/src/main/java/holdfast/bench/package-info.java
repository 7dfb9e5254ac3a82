/// Holdfast beside its peers on one machine, in alternation. Start reading at [EtcdBench].
@NullMarked
package holdfast.bench;

import org.jspecify.annotations.NullMarked;
