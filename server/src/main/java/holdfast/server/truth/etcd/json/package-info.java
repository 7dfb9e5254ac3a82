/// JSON as etcd's gateway reads and writes it.
///
/// In: bytes of a client, protobuf messages. Out: protobuf messages, text; what is wrong, in the words of etcd's
/// gateway. Start reading at [JsonScanner], which cuts the bytes into values; [JsonReader] turns one value into a
/// message, [JsonWriter] a message into text. Does not know HTTP, gRPC or the store.
///
/// Not protobuf's own `JsonFormat`: that takes more than JSON, words errors otherwise and escapes otherwise, so that
/// neither what is refused nor what is printed would be what etcd's clients know.
@NullMarked
package holdfast.server.truth.etcd.json;

import org.jspecify.annotations.NullMarked;
