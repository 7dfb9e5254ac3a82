/// A small shop to protect: a web front, an order service that stores orders, and a worker that ships them.
///
/// Start reading at [Shop]. It knows nothing of Holdfast but one prefix of keys, `/holdfast/endpoints/`, which tells
/// any etcd client where the healthy instances of a service are.
package shop;
