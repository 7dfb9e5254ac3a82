"""The command: makes hosts, brings the clusters up, plays rounds with the sides in turn, prints tables."""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import signal
import sys
import time
from pathlib import Path
from typing import Any

from failover.hosts import Host, workplace
from failover.table import percentile
from failover.tail import Tail

from .cluster import PORT, Cluster, HoldfastCluster, SentinelCluster

WARM_UP_SECONDS = 2
TAKEOVER_SECONDS_MAX = 60
ON_SECONDS = 2  # how long a fault goes on once another node takes writes
AFTER_SECONDS = 1
SIDES: dict[str, object] = {
    "sentinel": (5000, 180000),  # the values of sentinel.conf's own example but for 5 s instead of 30 s
    "sentinel-fast": (1000, 10000),
    "holdfast": "async",
    "holdfast-sync": "sync-1",
}
KINDS = ("plain", "wait", "proxy")


def host_kill(host: Host, _: random.Random) -> str:
    host.unplug()
    host.kill_all()
    return ""


def freeze(host: Host, _: random.Random) -> str:
    host.signal_all(signal.SIGSTOP)
    return ""


def cut_one_way(host: Host, dice: random.Random) -> str:
    way = dice.choice(["in", "out"])
    host.mute(way)
    return way


def cut_both_ways(host: Host, _: random.Random) -> str:
    host.unplug()
    return ""


FAULTS = {"host-kill": host_kill, "freeze": freeze, "cut-one-way": cut_one_way, "cut-both-ways": cut_both_ways}


class Acknowledged:
    """The writers' file as far as it has been written."""

    def __init__(self, path: Path):
        self.tail = Tail(path)
        self.rows: list[tuple[str, str, str, float]] = []  # kind, node, value, when

    def read_on(self) -> list[tuple[str, str, str, float]]:
        for line in self.tail.new_lines():
            kind, node, value, when = line.split()
            self.rows.append((kind, node, value, float(when)))
        return self.rows


def outage(times: list[float], fault: float, end: float) -> float | None:
    """The longest gap that reaches beyond the fault."""
    if not times:
        return None
    ordered = sorted(times)
    return max((after - before for before, after in zip(ordered, ordered[1:] + [max(end, ordered[-1])]) if after > fault),
               default=0.0)


def await_that(condition: Any, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def play(clients: Host, name: str, cluster: Cluster, fault: str, out: Path, number: int, dice: random.Random) -> dict[str, Any]:
    cluster.use(SIDES[name])
    told = out / f"{number:04}-{name}-{fault}.acknowledged"
    command = [sys.executable, "-m", "takeover.writer", "--nodes", ",".join(host.address for host in cluster.hosts),
               "--port", str(PORT), "--round", str(number), "--acknowledged", str(told)]
    if cluster.proxy_port:
        command += ["--proxy-port", str(cluster.proxy_port)]
    book = Acknowledged(told)
    writers = clients.start(command, out / "writers.log")
    try:
        await_that(book.read_on, 20)
        time.sleep(WARM_UP_SECONDS + dice.uniform(0, 1))
        old = cluster.primary()
        assert old is not None
        fault_at = time.time()
        detail = FAULTS[fault](old, dice)
        taken_over = await_that(
            lambda: any(kind != "proxy" and node != old.address and when > fault_at for kind, node, _, when in book.read_on()),
            TAKEOVER_SECONDS_MAX)
        time.sleep(ON_SECONDS)
        old.plug()
        old.signal_all(signal.SIGCONT)
        cluster.revive(old)
        heal_at = time.time()
        whole = cluster.await_whole()
        whole_at = time.time()
        time.sleep(AFTER_SECONDS)
    finally:
        writers.kill()
        writers.wait()
    end = time.time()
    rows = book.read_on()
    primary = cluster.primary()
    assert primary is not None
    lost: dict[str, int] = {}
    with cluster.connect(primary) as connection:
        for kind in KINDS:
            there = connection.call("SMEMBERS", f"bench:{kind}")
            assert isinstance(there, list)
            lost[kind] = len({value for one, _, value, _ in rows if one == kind} - set(there))
        connection.call("UNLINK", *(f"bench:{kind}" for kind in KINDS))
    others = [when for kind, node, _, when in rows if kind == "plain" and node != old.address and when > fault_at]
    late = [when for kind, node, _, when in rows if kind == "plain" and node == old.address and others and when > min(others)
            and primary is not old]
    if any(lost.values()):
        told.with_suffix(".lost").write_text(json.dumps(lost))
    told.unlink(missing_ok=True)
    if not whole:
        cluster.options = None
    return {
        "side": name, "fault": fault, "detail": detail, "old": old.name, "new": primary.name, "taken_over": taken_over,
        "whole": whole, "whole_seconds": round(whole_at - heal_at, 1), "acknowledged": len(rows),
        **{f"{kind}_outage": outage([when for one, _, _, when in rows if one == kind], fault_at, end) for kind in KINDS},
        **{f"{kind}_lost": lost[kind] for kind in KINDS},
        "by_the_old": len(late),
    }


def render(records: list[dict[str, Any]]) -> str:
    columns = ("side", "rounds", "outage p50", "p99", "max", "WAIT outage p50", "max", "proxy p50", "max", "lost", "worst",
               "lost with WAIT", "lost by proxy", "beside the new", "not whole")
    parts = []
    for fault in dict.fromkeys(record["fault"] for record in records):
        lines = [list(columns)]
        for side in dict.fromkeys(record["side"] for record in records if record["fault"] == fault):
            of = [record for record in records if (record["fault"], record["side"]) == (fault, side)]

            def at(key: str, percent: float) -> str:
                values = [record[key] for record in of if record[key] is not None]
                return f"{percentile(values, percent):.2f}" if values else "-"

            lines.append([
                side, str(len(of)), at("plain_outage", 50), at("plain_outage", 99), at("plain_outage", 100),
                at("wait_outage", 50), at("wait_outage", 100), at("proxy_outage", 50), at("proxy_outage", 100),
                str(sum(record["plain_lost"] for record in of)), str(max(record["plain_lost"] for record in of)),
                str(sum(record["wait_lost"] for record in of)), str(sum(record["proxy_lost"] for record in of)),
                str(sum(record["by_the_old"] for record in of)), str(sum(not record["whole"] for record in of)),
            ])
        widths = [max(len(cells[index]) for cells in lines) for index in range(len(columns))]
        parts.append(fault + "\n" + "\n".join(
            "  " + cells[0].ljust(widths[0]) + "".join("  " + cell.rjust(width) for cell, width in zip(cells[1:], widths[1:]))
            for cells in lines))
    return "\n\n".join(parts)


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench/redis/run", description="Failover of Redis, side by side.")
    parser.add_argument("--sides", default=",".join(SIDES), help="of: %(default)s")
    parser.add_argument("--faults", default=",".join(FAULTS), help="of: %(default)s")
    parser.add_argument("--rounds", type=int, default=3, help="of each fault and side (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, help="folder for results (default: bench/target/redis/TIME)")
    parser.add_argument("--work", type=Path, default=Path("/var/tmp"))
    parser.add_argument("--keep", action="store_true", help="leave the clusters' files for reading")
    parser.add_argument("--table", type=Path, nargs="+", metavar="FILE", help="only print the table of these results")
    parser.add_argument("--home", type=Path, required=True, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.table:
        print(render([json.loads(line) for file in asked.table for line in file.read_text().splitlines()]))
        return
    if os.geteuid() != 0 or not shutil.which("redis-server"):
        parser.error("needs root, to make network namespaces, and redis-server.")
    sides, faults = asked.sides.split(","), asked.faults.split(",")
    for name, known in [*((side, SIDES) for side in sides), *((fault, FAULTS) for fault in faults)]:
        if name not in known:
            parser.error(f"{name} is none of {', '.join(known)}.")
    out = (asked.out or asked.home / "bench" / "target" / "redis" / time.strftime("%Y%m%d-%H%M%S")).absolute()
    out.mkdir(parents=True, exist_ok=True)
    records: list[dict[str, Any]] = []
    with workplace("redis", asked.work, asked.keep) as (network, folder):
        clients = network.add("clients")
        clusters: dict[str, Cluster] = {}
        if any(side.startswith("sentinel") for side in sides):
            clusters["sentinel"] = SentinelCluster([network.add(f"s{k}") for k in (1, 2, 3)], folder / "sentinel",
                                                   str(shutil.which("redis-server")))
        if any(side.startswith("holdfast") for side in sides):
            clusters["holdfast"] = HoldfastCluster([network.add(f"h{k}") for k in (1, 2, 3)], folder / "holdfast",
                                                   asked.home / "holdfast", Path(os.environ["HOLDFAST_TOOLS"]) / "etcdctl")
        with open(out / "results.jsonl", "a") as results:
            for fault in faults:
                for number in range(asked.rounds):
                    dice = random.Random(f"{asked.seed} {fault} {number}")
                    for name in sides[number % len(sides):] + sides[:number % len(sides)]:
                        record = play(clients, name, clusters[name.split("-")[0]], fault, out, len(records) + 1, dice)
                        records.append(record)
                        results.write(json.dumps(record) + "\n")
                        results.flush()
                        print(time.strftime("%H:%M:%S"), json.dumps(record), file=sys.stderr, flush=True)
        print(render(records))


if __name__ == "__main__":
    main()
