package holdfast.core.healing.locate;

import holdfast.core.healing.fleet.Part;

/// Something that the owner changed and that was not verified since: the first thing to look at.
///
/// @param fleetRevision revision of the fleet that brought it
/// @param sentence what changed
public record Change(Part.Instance instance, long fleetRevision, String sentence) {}
