"""The load: clients outside of the hosts that add numbers to sets and write down what was acknowledged.

A process of its own, in a namespace of its own. It knows nothing of who manages. For each node two clients that stay with
it for ever and write whenever it lets them, so that no node can accept a write unseen:

- `plain`: believes the server;
- `wait`: follows each write by `WAIT 1 1000`, and counts on it only when a replica has it.

and for Holdfast `proxy`: through each host's write port, believing it. One line for each acknowledged write, before the next.
"""

from __future__ import annotations

import argparse
import os
import threading
import time

from . import resp

RETRY_SECONDS = 0.02
EVERY_SECONDS = 0.02
WAIT_MILLISECONDS = 1000


def client(kind: str, host: str, port: int, password: str, name: str, notes: int) -> None:
    number = 0
    while True:
        try:
            with resp.Connection(host, port, password, 3.0) as connection:
                while True:
                    number += 1
                    value = f"{name}-{number}"
                    connection.call("SADD", f"bench:{kind}", value)
                    if kind != "wait" or int(str(connection.call("WAIT", 1, WAIT_MILLISECONDS))) >= 1:
                        os.write(notes, f"{kind} {host} {value} {time.time():.6f}\n".encode())
                    time.sleep(EVERY_SECONDS)
        except (OSError, resp.Refused):
            time.sleep(RETRY_SECONDS)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--nodes", required=True, help="addresses, by comma")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--proxy-port", type=int, default=0)
    parser.add_argument("--round", required=True)
    parser.add_argument("--acknowledged", required=True)
    asked = parser.parse_args()
    password = os.environ.get("BENCH_PASSWORD", "")
    notes = os.open(asked.acknowledged, os.O_CREAT | os.O_WRONLY | os.O_APPEND, 0o644)
    for index, node in enumerate(asked.nodes.split(",")):
        ways = [("plain", asked.port), ("wait", asked.port)] + ([("proxy", asked.proxy_port)] if asked.proxy_port else [])
        for kind, port in ways:
            name = f"{asked.round}-{index}"
            threading.Thread(target=client, args=(kind, node, port, password, name, notes), daemon=True).start()
    threading.Event().wait()


if __name__ == "__main__":
    main()
