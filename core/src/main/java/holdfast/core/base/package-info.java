/// The words that every room shares: bytes, ranges, names, fences, reasons, outcomes, dice and checks.
///
/// In and out: values. Start reading at [Outcome]. Knows nothing of any column.
@NullMarked
package holdfast.core.base;

import org.jspecify.annotations.NullMarked;
