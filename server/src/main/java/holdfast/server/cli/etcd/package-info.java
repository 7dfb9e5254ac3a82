/// `holdfast etcd`: our server under etcd's own flags, environment, log lines and exit codes.
///
/// In: the arguments and the environment of a program named etcd. Out: a running server, or a refusal as etcd words it.
/// Start reading at [EtcdProgram]; [EtcdFlags] is the table of what each flag means here.
@NullMarked
package holdfast.server.cli.etcd;

import org.jspecify.annotations.NullMarked;
