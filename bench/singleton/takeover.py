"""Hurts whoever is active, round after round, and judges what everybody did in a log that knows the fence.

Whoever is active writes its fence into one pipe all the time, without looking at anything. The log at its other end
takes a line unless it has taken one with a larger fence. So a line that it refuses is one that an unfenced resource
would have taken from two at once.
"""

from __future__ import annotations

import argparse
import base64
import json
import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from failover.hosts import Host, Network, workplace

SERVICE = "act"
LEASE_SECONDS = 1
START_SECONDS_MAX = 120
TAKEOVER_SECONDS_MAX = 30
LOOK_SECONDS = 0.005
WAKE_SECONDS = 0.3  # what wakes is watched for so long

# `read` from a pipe that nobody writes to is a sleep without a process.
ACT = r"""
LC_ALL=C
exec 8<>"$2"
[ "$1" = cold ] && fence=$HOLDFAST_FENCE || read -r _ fence _ || exit
exec 9>"$3"
while :; do
    echo "$fence $HOLDFAST_HOST $$ $EPOCHREALTIME" >&9
    read -r -t 0.01 _ <&8
done
"""


@dataclass
class Line:
    fence: int
    host: str
    pid: int
    at: float
    taken: bool


class FencedLog:
    """Reads the pipe. `lines` only grows."""

    def __init__(self, pipe: Path):
        os.mkfifo(pipe)
        self.lines: list[Line] = []
        self.largest = 0
        self.file = os.fdopen(os.open(pipe, os.O_RDWR), "rb", buffering=0)
        threading.Thread(target=self.read, daemon=True).start()

    def read(self) -> None:
        rest = b""
        while True:
            *whole, rest = (rest + self.file.read(65536)).split(b"\n")
            for one in whole:
                fence, host, pid, at = one.decode().split()
                taken = int(fence) >= self.largest
                self.largest = max(self.largest, int(fence))
                self.lines.append(Line(int(fence), host, int(pid), float(at), taken))

    def last(self) -> Line:
        return next(line for line in reversed(self.lines) if line.taken)

    def first(self, since: int, fits: Callable[[Line], bool]) -> Line | None:
        return next((line for line in self.lines[since:] if line.taken and fits(line)), None)


@dataclass
class Town:
    """The store's members and the hosts."""

    network: Network
    folder: Path
    launcher: Path
    log: FencedLog
    standby: str
    address: str
    stores: list[Host]
    hosts: list[Host]
    agents: dict[str, subprocess.Popen] = field(default_factory=dict)
    hardware: dict[str, str] = field(default_factory=dict)

    @property
    def store(self) -> str:
        return ",".join(f"http://{host.address}:2379" for host in self.stores)

    def start(self) -> None:
        members = ",".join(f"{each.name}={each.address}:2380" for each in self.stores)
        for host in self.stores:
            host.start([
                str(self.launcher), "server", "--name", host.name, "--data-dir", str(self.folder / host.name),
                "--listen-client", f"{host.address}:2379", "--listen-peer", f"{host.address}:2380",
                "--listen-loop", f"{host.address}:2378", "--initial-cluster", members,
                "--lease-ttl-min", f"{LEASE_SECONDS}s",
            ], self.folder / f"{host.name}.log")
        singleton: dict[str, Any] = {"standby": self.standby, "lease": f"{LEASE_SECONDS}s"}
        if self.address:
            singleton |= {"address": f"{self.address}/24", "network-interface": "eth0"}
        (self.folder / "act").write_text(ACT)
        os.mkfifo(self.folder / "silence")
        (self.folder / "fleet.yaml").write_text(json.dumps({
            "fleet": "bench",
            "hosts": {host.name: {"address": host.address} for host in self.hosts},
            "services": {SERVICE: {
                "kind": "singleton",
                "command": ["bash", str(self.folder / "act"), self.standby, str(self.folder / "silence"), str(self.folder / "acts")],
                "limits": {"restarts": 100, "per": "1s"},
                "singleton": singleton,
            }},
        }))
        for host in self.hosts:
            link = subprocess.run(["ip", "-n", host.space, "-o", "link", "show", "eth0"], capture_output=True, text=True, check=True)
            self.hardware[host.name] = link.stdout.split("link/ether ")[1].split()[0]
        self.retry(lambda: subprocess.run(
            [self.launcher, "apply", "--yes", f"--store={self.store}", self.folder / "fleet.yaml"],
            capture_output=True).returncode == 0)
        for host in self.hosts:
            self.start_agent(host)

    def start_agent(self, host: Host) -> None:
        self.agents[host.name] = host.start([
            str(self.launcher), "agent", "--host", host.name, "--address", host.address,
            "--data", str(self.folder / f"{host.name}-agent"), "--store", self.store,
        ], self.folder / f"{host.name}.log")

    def agent_pid(self, host: Host) -> int:
        """`ip netns exec` and the launcher replace themselves by what they start."""
        return self.agents[host.name].pid

    def revive(self, host: Host) -> None:
        if self.agents[host.name].poll() is not None:
            self.start_agent(host)

    def stand(self) -> int:
        """How many stand in the queue; 0 when the store does not say."""
        key = f"/holdfast/singleton/{SERVICE}/queue/".encode()
        asked = {"key": base64.b64encode(key).decode(), "range_end": base64.b64encode(key[:-1] + b"0").decode(), "count_only": True}
        for host in self.stores:
            try:
                request = urllib.request.Request(f"http://{host.address}:2379/v3/kv/range", json.dumps(asked).encode())
                with urllib.request.urlopen(request, timeout=2) as answer:
                    return int(json.load(answer).get("count", 0))
            except OSError:
                continue
        return 0

    def await_whole(self) -> None:
        self.retry(lambda: self.stand() >= len(self.hosts), 0.05)
        since = len(self.log.lines)
        self.retry(lambda: len(self.log.lines) > since, LOOK_SECONDS)

    def with_address(self) -> list[str]:
        if not self.address:
            return []
        return [host.name for host in self.hosts if f" {self.address}/" in subprocess.run(
            ["ip", "-n", host.space, "-4", "-o", "addr"], capture_output=True, text=True, check=True).stdout]

    def neighbour(self) -> str:
        """The host whose hardware address this machine has for the virtual one; asks for it when it has none."""
        if not self.address:
            return ""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_port:
            try:
                any_port.sendto(b"", (self.address, 9))
            except OSError:
                pass
        known = subprocess.run(["ip", "neigh", "show", self.address], capture_output=True, text=True, check=True).stdout
        return next((name for name, hardware in self.hardware.items() if hardware in known), "")

    @staticmethod
    def retry(done: Callable[[], bool], pause: float = 0.5) -> None:
        deadline = time.monotonic() + START_SECONDS_MAX
        while not done():
            if time.monotonic() > deadline:
                raise RuntimeError(f"not within {START_SECONDS_MAX} s; --keep leaves the logs")
            time.sleep(pause)


def kill_process(_: Town, __: Host, act: Line, ___: random.Random) -> None:
    os.kill(act.pid, signal.SIGKILL)


def kill_agent(town: Town, host: Host, _: Line, __: random.Random) -> None:
    os.kill(town.agent_pid(host), signal.SIGKILL)


def kill_host(_: Town, host: Host, __: Line, ___: random.Random) -> None:
    host.unplug()
    host.kill_all()


def freeze_agent(town: Town, host: Host, _: Line, __: random.Random) -> None:
    os.kill(town.agent_pid(host), signal.SIGSTOP)


def freeze_host(_: Town, host: Host, __: Line, ___: random.Random) -> None:
    host.signal_all(signal.SIGSTOP)


def cut(_: Town, host: Host, __: Line, ___: random.Random) -> None:
    host.unplug()


def cut_one_way(_: Town, host: Host, __: Line, dice: random.Random) -> None:
    host.mute(dice.choice(["in", "out"]))


FAULTS = {
    "kill-process": kill_process,
    "kill-agent": kill_agent,
    "kill-host": kill_host,
    "freeze-agent": freeze_agent,
    "freeze-host": freeze_host,
    "cut": cut,
    "cut-one-way": cut_one_way,
}


def play(town: Town, fault: str, dice: random.Random) -> dict[str, Any]:
    town.await_whole()
    time.sleep(dice.uniform(0, LEASE_SECONDS / 3))
    act = town.log.last()
    host = next(one for one in town.hosts if one.name == act.host)
    town.neighbour()
    since = len(town.log.lines)
    began = time.time()
    FAULTS[fault](town, host, act, dice)
    stays = fault == "kill-process"
    deadline = time.monotonic() + TAKEOVER_SECONDS_MAX
    first = None
    while first is None and time.monotonic() < deadline:
        time.sleep(LOOK_SECONDS)
        first = town.log.first(since, lambda line: line.pid != act.pid if stays else line.fence > act.fence)
    addressed = town.with_address()
    time.sleep(dice.uniform(0.1, 0.4))
    neighbour = town.neighbour()
    host.plug()
    woke = time.time()
    host.signal_all(signal.SIGCONT, dice)
    time.sleep(WAKE_SECONDS)
    town.revive(host)
    refused = [line for line in town.log.lines[since:] if not line.taken]
    return {
        "fault": fault,
        "old": host.name,
        "new": first.host if first else "",
        "seconds": round(first.at - began, 4) if first else None,
        "refused": len(refused),
        "refused_after_wake": round(max((line.at - woke for line in refused), default=0), 4),
        "before_wake": sum(line.at < woke for line in refused),
        "addressed": addressed,
        "neighbour": neighbour,
    }


def share(values: list[float], part: float) -> float:
    return sorted(values)[min(len(values) - 1, int(len(values) * part))]


def intervals(lines: list[Line]) -> int:
    """How many intervals of the fenced log overlap one of another fence."""
    first: dict[int, float] = {}
    last: dict[int, float] = {}
    for line in lines:
        if line.taken:
            first.setdefault(line.fence, line.at)
            last[line.fence] = line.at
    order = sorted(first)
    return sum(last[one] >= first[other] for one, other in zip(order, order[1:]))


def table(records: list[dict[str, Any]], address: bool) -> str:
    rows = [["fault", "rounds", "no takeover", "p50 ms", "p99 ms", "max ms", "acts refused", "in rounds", "latest after waking ms"]]
    if address:
        rows[0] += ["address on two", "led to another"]
    named = [(fault, [one for one in records if one["fault"] == fault]) for fault in FAULTS]
    named.append(("all takeovers", [one for one in records if one["fault"] != "kill-process"]))
    for name, some in named:
        if not some:
            continue
        times = [one["seconds"] for one in some if one["seconds"] is not None]
        rows.append([
            name, str(len(some)), str(len(some) - len(times)),
            *([f"{share(times, part) * 1000:.0f}" for part in (0.5, 0.99, 1)] if times else ["-"] * 3),
            str(sum(one["refused"] for one in some)), str(sum(one["refused"] > 0 for one in some)),
            f"{max(one['refused_after_wake'] for one in some) * 1000:.0f}"])
        if address:
            rows[-1] += [str(sum(len(one["addressed"]) > 1 for one in some)), str(sum(one["neighbour"] != one["new"] for one in some))]
    widths = [max(len(row[place]) for row in rows) for place in range(len(rows[0]))]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip() for row in rows)


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench/singleton/run", description="Takeovers of a singleton.")
    parser.add_argument("--rounds", type=int, default=30, help="default: %(default)s")
    parser.add_argument("--seed", type=int, default=1, help="of which faults fall when (default: %(default)s)")
    parser.add_argument("--faults", default=",".join(FAULTS), help="of: %(default)s")
    parser.add_argument("--standby", choices=["warm", "cold"], default="warm", help="default: %(default)s")
    parser.add_argument("--hosts", type=int, default=3, help="default: %(default)s")
    parser.add_argument("--members", type=int, default=3, help="of the store, on hosts that are not hurt (default: %(default)s)")
    parser.add_argument("--address", action="store_true", help="with a virtual address")
    parser.add_argument("--out", type=Path, help="file for the rounds (default: bench/target/singleton/TIME.jsonl)")
    parser.add_argument("--keep", action="store_true", help="leave the logs")
    parser.add_argument("--home", type=Path, required=True, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    faults = asked.faults.split(",")
    if unknown := [fault for fault in faults if fault not in FAULTS]:
        parser.error(f"{unknown[0]} is none of {', '.join(FAULTS)}.")
    if os.geteuid() != 0:
        parser.error("needs root, to make network namespaces.")
    out = asked.out or asked.home / "bench" / "target" / "singleton" / f"{time.strftime('%Y%m%d-%H%M%S')}.jsonl"
    out.parent.mkdir(parents=True, exist_ok=True)
    records: list[dict[str, Any]] = []
    with workplace("singleton", Path("/var/tmp"), asked.keep) as (network, folder):
        stores = [network.add(f"s{k + 1}") for k in range(asked.members)]
        hosts = [network.add(f"h{k + 1}") for k in range(asked.hosts)]
        town = Town(network, folder, asked.home / "holdfast", FencedLog(folder / "acts"), asked.standby,
                    f"{network.subnet}.99" if asked.address else "", stores, hosts)
        town.start()
        town.await_whole()
        dice = random.Random(asked.seed)
        began = time.monotonic()
        with open(out, "a") as results:
            for number in range(asked.rounds):
                record = {"round": number + 1, "seed": asked.seed, **play(town, dice.choice(faults), dice)}
                records.append(record)
                results.write(json.dumps(record) + "\n")
                results.flush()
                late = f", {record['refused']} refused" if record["refused"] else ""
                taken = f"{record['seconds'] * 1000:.0f} ms" if record["seconds"] is not None else "NO TAKEOVER"
                print(f"{time.strftime('%H:%M:%S')} round {number + 1} {record['fault']} {record['old']} -> "
                      f"{record['new']}: {taken}{late}", file=sys.stderr, flush=True)
        took = time.monotonic() - began
        print(table(records, asked.address))
        lines = town.log.lines
        print(f"\n{len(lines)} acts of {len({line.fence for line in lines})} fences; intervals of the fenced log that overlap: "
              f"{intervals(lines)}; acts after a larger fence while nobody had slept: {sum(one['before_wake'] for one in records)}.")
        print(f"{asked.rounds} rounds in {took:.0f} s ({took / max(1, asked.rounds):.1f} s each). Each round: {out}")


if __name__ == "__main__":
    main()
