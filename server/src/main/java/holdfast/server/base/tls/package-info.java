/// Certificates that the cluster's own authority signs, and the tokens that let a new host ask for one.
///
/// In: names and addresses of hosts. Out: PEM files and an `SSLContext` for mutual TLS. Start reading at [Authority];
/// docs/decisions/0004-join.md says who may hold what.
@NullMarked
package holdfast.server.base.tls;

import org.jspecify.annotations.NullMarked;
