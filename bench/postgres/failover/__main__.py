"""The command: makes hosts, brings the clusters up, plays rounds with the sides in turn, prints tables."""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import sys
import time
from pathlib import Path
from typing import Any

from . import holdfast, patroni, table
from .cluster import Cluster
from .faults import FAULTS, USUAL
from .hosts import Host, Network, workplace
from .rounds import Rounds, Side

SIDES = {**holdfast.SIDES, **patroni.SIDES}


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench/postgres/run", description="Failover of PostgreSQL, side by side.")
    parser.add_argument("--sides", default=",".join(SIDES), help="of: %(default)s")
    parser.add_argument("--faults", default=",".join(USUAL), help=f"of: {','.join(FAULTS)} (default: all but store-away, which takes ten minutes)")
    parser.add_argument("--rounds", type=int, default=3, help="of each fault and side (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="of when and which way faults fall (default: %(default)s)")
    parser.add_argument("--per-second", type=float, default=25, help="rows of each client (default: %(default)s)")
    parser.add_argument("--through", choices=["direct", "proxy"], default="direct",
                        help="proxy: Holdfast's side has two more clients that write through its proxies")
    parser.add_argument("--out", type=Path, help="folder for results (default: bench/target/postgres/TIME)")
    parser.add_argument("--work", type=Path, default=Path("/var/tmp"), help="where the clusters lie (default: %(default)s)")
    parser.add_argument("--keep", action="store_true", help="leave the clusters' files for reading")
    parser.add_argument("--table", type=Path, nargs="+", metavar="FILE", help="only print the table of these results")
    parser.add_argument("--postgresql", type=Path, help="PostgreSQL's bin folder (default: the newest of Debian's)")
    parser.add_argument("--home", type=Path, required=True, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    asked.sides = asked.sides.split(",")
    asked.faults = asked.faults.split(",")
    for name, known in [*((side, SIDES) for side in asked.sides), *((fault, FAULTS) for fault in asked.faults)]:
        if name not in known:
            parser.error(f"{name} is none of {', '.join(known)}.")
    if not asked.table and os.geteuid() != 0:
        parser.error("needs root, to make network namespaces.")
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda folder: int(folder.parent.name))
    asked.postgresql = asked.postgresql or (folders[-1] if folders else None)
    if not asked.table and not (asked.postgresql and (asked.postgresql / "initdb").exists()):
        parser.error("needs PostgreSQL (Debian: postgresql), or --postgresql FOLDER.")
    return asked


def clusters(asked: argparse.Namespace, network: Network, folder: Path) -> dict[str, Cluster]:
    """One for each manager that is asked for, by its name."""
    tools = Path(os.environ["HOLDFAST_TOOLS"])
    made: dict[str, Cluster] = {}
    if any(side in patroni.SIDES for side in asked.sides):
        packages = folder / "packages"  # the tools may lie where user postgres cannot read
        shutil.copytree(next((tools.parent / "patroni" / "lib").glob("python3*")) / "site-packages", packages)
        made["patroni"] = patroni.PatroniCluster(
            "patroni", [network.add(f"p{k}") for k in (1, 2, 3)], folder / "patroni", asked.postgresql,
            etcd=tools / "etcd", packages=packages, python=Path(sys.executable).resolve())
    if any(side in holdfast.SIDES for side in asked.sides):
        made["holdfast"] = holdfast.HoldfastCluster(
            "holdfast", [network.add(f"h{k}") for k in (1, 2, 3)], folder / "holdfast", asked.postgresql,
            launcher=asked.home / "holdfast", etcdctl=tools / "etcdctl")
    return made


def play(asked: argparse.Namespace, network: Network, folder: Path, out: Path) -> list[dict[str, Any]]:
    clients: Host = network.add("clients")
    by_name = clusters(asked, network, folder)
    sides = [Side(name, by_name[name.split("-")[0]], SIDES[name],
                  through_proxy=asked.through == "proxy" and name.startswith("holdfast")) for name in asked.sides]
    rounds = Rounds(clients, out, asked.per_second)
    records = []
    with open(out / "results.jsonl", "a") as results:
        for fault in asked.faults:
            for number in range(asked.rounds):
                dice = random.Random(f"{asked.seed} {fault} {number}")
                for side in sides[number % len(sides):] + sides[:number % len(sides)]:
                    record = {"round": number + 1, "seed": asked.seed, **rounds.play(side, fault, dice)}
                    records.append(record)
                    results.write(json.dumps(record) + "\n")
                    results.flush()
                    say(record)
    return records


def say(record: dict[str, Any]) -> None:
    two = f" ({record['taken_by_old']} taken beside the new primary)" if record["taken_by_old"] else ""
    print(f"{time.strftime('%H:%M:%S')} {record['fault']} {record['detail']} {record['side']} round {record['round']}: "
          f"outage {record['outage_seconds']:.2f} s, lost {record['lost']} of {record['acknowledged']}{two}, whole again "
          f"after {record['whole_seconds']} s{'' if record['whole'] else ' NOT'} {record['returned']}".rstrip(),
          file=sys.stderr, flush=True)


def main() -> None:
    asked = arguments()
    if asked.table:
        print(table.render([json.loads(line) for file in asked.table for line in file.read_text().splitlines()]))
        return
    out = (asked.out or asked.home / "bench" / "target" / "postgres" / time.strftime("%Y%m%d-%H%M%S")).absolute()
    out.mkdir(parents=True, exist_ok=True)
    with workplace("postgres", asked.work, asked.keep) as (network, folder):
        records = play(asked, network, folder, out)
        print(table.render(records))
        print(f"\nEach round: {out / 'results.jsonl'}")


if __name__ == "__main__":
    main()
