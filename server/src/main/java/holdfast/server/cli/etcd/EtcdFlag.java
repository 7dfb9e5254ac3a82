package holdfast.server.cli.etcd;

/// One flag of etcd 3.6.
///
/// @param name without dashes; the environment variable is `ETCD_` and the name in capitals
/// @param standard etcd's default, empty for none
record EtcdFlag(String name, Kind kind, String standard, Meaning meaning) {
    /// What its value must look like.
    enum Kind {
        TEXT,
        LIST,
        URLS,
        YES_NO,
        COUNT, // 0 or more
        NUMBER,
        LENGTH, // of time, as Go writes it
        STATE, // new or existing
        NONE // takes any value and forgets it
    }

    /// What it does to our server.
    sealed interface Meaning {
        /// It is a key of the server's configuration, under this name.
        record Key(String key) implements Meaning {}

        /// Together with others it makes up keys of the server: [EtcdSettings] knows how.
        record Woven() implements Meaning {}

        /// It is accepted, and one line of the log says why it changes nothing.
        record Nothing(String why) implements Meaning {}

        /// An older name of another flag.
        record Formerly(String today) implements Meaning {}
    }

    String variable() {
        return "ETCD_" + name.toUpperCase(java.util.Locale.ROOT).replace('-', '_');
    }
}
