"""The load: clients outside of the hosts that insert one row per commit and write down what was acknowledged.

A process of its own, in a namespace of its own. It knows nothing of the managers. Two kinds of direct clients:

- `pinned`: stays with one node for ever and writes whenever that node lets it. No node can accept a write unseen.
- `roaming`: an application as libpq's manual has it: all nodes in one connection string, `target_session_attrs=read-write`.

and `proxy`: roaming over the proxies' write ports. Each attempt is a row of its own: nothing is sent twice.

One line for each acknowledged row, written before the next one is sent (see `ledger.Acknowledged`); one line for each error
of a client that is not pinned, since an application would see those.
"""

from __future__ import annotations

import argparse
import os
import threading
import time
from collections.abc import Callable

import psycopg

RETRY_SECONDS = 0.05
CONNECT_SECONDS = 2  # libpq takes no less
INSERT = """INSERT INTO ledger (client, sequence) VALUES (%s, %s)
    RETURNING extract(epoch FROM clock_timestamp()), host(inet_server_addr()),
        ('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::int"""
PATIENT = {"keepalives_idle": 600}  # waits for an answer as long as the connection stands, so that a late one is heard
PROMPT = {"keepalives_idle": 2, "keepalives_interval": 1, "keepalives_count": 2, "tcp_user_timeout": 4000}


class Notes:
    """Lines of a file; each is written at once and whole."""

    def __init__(self, path: str):
        self.file = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_APPEND, 0o644)

    def write(self, *words: object) -> None:
        os.write(self.file, (" ".join(str(word) for word in words) + "\n").encode())


class Client:
    """One client; `run` never returns."""

    def __init__(self, number: int, kind: str, connect: Callable[[], psycopg.Connection], every_seconds: float,
                 acknowledged: Notes, errors: Notes):
        self.number = number
        self.kind = kind
        self.connect = connect
        self.every_seconds = every_seconds
        self.acknowledged = acknowledged
        self.errors = errors
        self.sequence = 0

    def run(self) -> None:
        while True:
            try:
                with self.connect() as connection:
                    self.write_until_it_fails(connection)
            except (psycopg.Error, OSError) as error:
                self.note(error)
            time.sleep(RETRY_SECONDS)

    def write_until_it_fails(self, connection: psycopg.Connection) -> None:
        due = time.monotonic()
        while True:
            if self.kind == "pinned" and connection.execute("SELECT pg_is_in_recovery()").fetchone()[0]:
                time.sleep(RETRY_SECONDS)
                continue
            self.sequence += 1
            sent = time.time()
            executed, node, timeline = connection.execute(INSERT, (self.number, self.sequence)).fetchone()
            self.acknowledged.write(self.number, self.kind, self.sequence, f"{sent:.6f}", f"{executed:.6f}",
                                    f"{time.time():.6f}", node, timeline)
            due = max(due + self.every_seconds, time.monotonic())
            time.sleep(max(0.0, due - time.monotonic()))

    def note(self, error: Exception) -> None:
        if self.kind != "pinned":
            state = getattr(error, "sqlstate", None) or "-"
            self.errors.write(f"{time.time():.6f}", self.number, self.kind, state, " ".join(str(error).split())[:200])


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--nodes", required=True, help="addresses, by comma")
    parser.add_argument("--port", required=True)
    parser.add_argument("--proxy-port", default="")
    parser.add_argument("--first", type=int, required=True, help="number of the first client")
    parser.add_argument("--per-second", type=float, default=25, help="rows of one client")
    parser.add_argument("--acknowledged", required=True)
    parser.add_argument("--errors", required=True)
    asked = parser.parse_args()
    base = dict(user="bench", password=os.environ["PGPASSWORD"], dbname="postgres", connect_timeout=CONNECT_SECONDS,
                sslmode="disable", gssencmode="disable", autocommit=True)
    nodes = asked.nodes.split(",")
    ways = [("pinned", node, asked.port, PATIENT) for node in nodes for _ in range(2)]
    ways.append(("roaming", asked.nodes, asked.port, PROMPT | {"target_session_attrs": "read-write"}))
    if asked.proxy_port:
        ways += [("proxy", ",".join(nodes[k:] + nodes[:k]), asked.proxy_port, PROMPT) for k in range(2)]
    acknowledged, errors = Notes(asked.acknowledged), Notes(asked.errors)
    for index, (kind, host, port, more) in enumerate(ways):
        def connect(settings: dict = dict(host=host, port=port, **more)) -> psycopg.Connection:
            return psycopg.connect(**base, **settings)

        client = Client(asked.first + index, kind, connect, 1 / asked.per_second, acknowledged, errors)
        threading.Thread(target=client.run, daemon=True).start()
    threading.Event().wait()


if __name__ == "__main__":
    main()
