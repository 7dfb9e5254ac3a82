"""A client of Redis, as small as the bench needs it: one command, one reply."""

from __future__ import annotations

import socket


class Refused(Exception):
    """The server's own error."""


class Connection:
    """One connection; any failure of the net is an OSError."""

    def __init__(self, host: str, port: int, password: str = "", seconds: float = 2.0):
        self.socket = socket.create_connection((host, port), timeout=seconds)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.file = self.socket.makefile("rb")
        if password:
            self.call("AUTH", password)

    def __enter__(self) -> Connection:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self.file.close()
        self.socket.close()

    def call(self, *words: object) -> object:
        parts = [str(word).encode() for word in words]
        self.socket.sendall(b"*%d\r\n" % len(parts) + b"".join(b"$%d\r\n%s\r\n" % (len(part), part) for part in parts))
        return self.read()

    def read(self) -> object:
        line = self.file.readline()
        if not line.endswith(b"\r\n"):
            raise ConnectionError("closed")
        kind, rest = line[:1], line[1:-2]
        if kind == b"-":
            raise Refused(rest.decode())
        if kind == b"+":
            return rest.decode()
        if kind == b":":
            return int(rest)
        size = int(rest)
        if kind == b"$":
            return None if size < 0 else self.file.read(size + 2)[:-2].decode()
        return [self.read() for _ in range(size)]


def info(connection: Connection) -> dict[str, str]:
    return dict(line.split(":", 1) for line in str(connection.call("INFO")).split("\r\n") if ":" in line)
