/// The fleet file: YAML as people write it, and the JSON Schema of the same records.
///
/// In: text. Out: a `Fleet` that cannot be wrong, or one sentence that names key, value and bound. Start
/// reading at [FleetFile]. Does not know the store.
@NullMarked
package holdfast.server.ledger.file;

import org.jspecify.annotations.NullMarked;
