package holdfast.core.healing.fleet;

import holdfast.core.base.NodeId;

/// A part that can be at fault. Its text is its name for people: `host h1`, `orders/2`, `the store`.
public sealed interface Part extends Comparable<Part> {

    record Host(NodeId name) implements Part {
        @Override
        public String toString() {
            return "host " + name;
        }
    }

    /// @param number from 1
    record Instance(String service, int number) implements Part {
        @Override
        public String toString() {
            return service + "/" + number;
        }
    }

    /// The store that orders everything, as seen from the loop.
    record Store() implements Part {
        @Override
        public String toString() {
            return "the store";
        }
    }

    /// The store first, then hosts by name, then instances by service and number.
    @Override
    default int compareTo(Part other) {
        return switch (this) {
            case Store _ -> other instanceof Store ? 0 : -1;
            case Host(NodeId name) ->
                switch (other) {
                    case Store _ -> 1;
                    case Host(NodeId that) -> name.compareTo(that);
                    case Instance _ -> -1;
                };
            case Instance(String service, int number) ->
                other instanceof Instance(String thatService, int thatNumber)
                        ? (service.equals(thatService)
                                ? Integer.compare(number, thatNumber)
                                : service.compareTo(thatService))
                        : 1;
        };
    }
}
