"""Hosts as network namespaces, each with one cable into a switch that has a namespace of its own.

This machine is on the switch, too, at address 254, so that the judge can ask every host.
"""

from __future__ import annotations

import contextlib
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

PREFIX = "hfpg"
SUBNETS = 250
GONE_SECONDS_MAX = 20


def ip(*words: str, space: str = "") -> None:
    subprocess.run(["ip", *(["-n", space] if space else []), *words], check=True, capture_output=True, text=True)


def tc(space: str, *words: str, must: bool = True) -> None:
    subprocess.run(["tc", "-n", space, *words], check=must, capture_output=True, text=True)


class Host:
    """One machine: an address, processes, a cable that can be cut."""

    def __init__(self, name: str, address: str, network: Network):
        self.name = name
        self.address = address
        self.space = network.space(name)
        self.switch = network.space("switch")

    def start(self, command: list[str], log: Path, user: str = "", env: dict[str, str] | None = None) -> subprocess.Popen:
        """Starts a program on this host; what it says is appended to `log`."""
        words = ["ip", "netns", "exec", self.space]
        if user:
            words += ["setpriv", f"--reuid={user}", f"--regid={user}", "--init-groups"]
        with open(log, "ab") as output:
            return subprocess.Popen(
                words + command,
                env={**os.environ, **(env or {})},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=log.parent,
                start_new_session=True,
            )

    def pids(self) -> list[int]:
        return [int(pid) for pid in subprocess.run(
            ["ip", "netns", "pids", self.space], check=True, capture_output=True, text=True).stdout.split()]

    def signal_all(self, number: signal.Signals, order: random.Random | None = None) -> None:
        """Signals every process here; twice, for what was forked meanwhile."""
        for _ in range(2):
            pids = self.pids()
            if order:
                order.shuffle(pids)
            for pid in pids:
                try:
                    os.kill(pid, number)
                except ProcessLookupError:
                    pass

    def kill_all(self) -> None:
        """kill -9 of everything here, as when the power fails. Returns when nothing is left."""
        deadline = time.monotonic() + GONE_SECONDS_MAX
        while self.pids():
            self.signal_all(signal.SIGKILL)
            time.sleep(0.02)
            if time.monotonic() > deadline:
                raise RuntimeError(f"processes on {self.name} survive SIGKILL: {self.pids()}")

    def unplug(self) -> None:
        """Nothing passes any more, either way."""
        ip("link", "set", self.name, "down", space=self.switch)

    def mute(self, way: str) -> None:
        """No IP packet passes one way: `in` reaches the host no more, `out` leaves it no more.

        A queue of length 0 on one end of the cable, which needs HTB only. ARP passes, as behind a broken firewall rule.
        """
        space, device = (self.switch, self.name) if way == "in" else (self.space, "eth0")
        tc(space, "qdisc", "add", "dev", device, "root", "handle", "1:", "htb", "default", "2")
        tc(space, *f"class add dev {device} parent 1: classid 1:2 htb rate 10gbit quantum 60000".split())
        tc(space, *f"class add dev {device} parent 1: classid 1:1 htb rate 8bit quantum 1500".split())
        tc(space, *f"qdisc add dev {device} parent 1:1 pfifo limit 0".split())
        tc(space, *f"filter add dev {device} parent 1: protocol ip prio 1 u32 match ip dst 0.0.0.0/0 flowid 1:1".split())

    def plug(self) -> None:
        """Undoes every cut."""
        ip("link", "set", self.name, "up", space=self.switch)
        tc(self.switch, "qdisc", "del", "dev", self.name, "root", must=False)
        tc(self.space, "qdisc", "del", "dev", "eth0", "root", must=False)


class Network:
    """All hosts of a run and the switch between them, in a subnet that this machine does not use."""

    def __init__(self):
        self.sweep()
        self.id = f"{PREFIX}-{os.getpid()}"
        used = subprocess.run(["ip", "-o", "-4", "addr"], capture_output=True, text=True, check=True).stdout
        first = os.getpid() % SUBNETS
        self.subnet = next(
            subnet for tries in range(SUBNETS)
            if f" {(subnet := f'10.78.{(first + tries) % SUBNETS}')}." not in used)
        self.spaces: list[str] = []
        self.hosts: list[Host] = []
        switch = self.add_space("switch")
        self.cable = self.id
        ip("link", "add", "br0", "type", "bridge", space=switch)
        ip("link", "set", "br0", "up", space=switch)
        ip("link", "add", self.cable, "type", "veth", "peer", "name", "uplink", "netns", switch)
        ip("addr", "add", f"{self.subnet}.254/24", "dev", self.cable)
        ip("link", "set", self.cable, "up")
        ip("link", "set", "uplink", "master", "br0", "up", space=switch)

    def space(self, name: str) -> str:
        return f"{self.id}-{name}"

    def add_space(self, name: str) -> str:
        ip("netns", "add", self.space(name))
        self.spaces.append(self.space(name))
        return self.space(name)

    def add(self, name: str) -> Host:
        """One more host; its name is also that of its port on the switch, so at most 15 characters."""
        host = Host(name, f"{self.subnet}.{11 + len(self.hosts)}", self)
        self.add_space(name)
        ip("link", "add", name, "type", "veth", "peer", "name", "eth0", "netns", host.space, space=host.switch)
        ip("link", "set", name, "master", "br0", "up", space=host.switch)
        ip("link", "set", "lo", "up", space=host.space)
        ip("addr", "add", f"{host.address}/24", "dev", "eth0", space=host.space)
        ip("link", "set", "eth0", "up", space=host.space)
        self.hosts.append(host)
        return host

    def close(self) -> None:
        for host in self.hosts:
            host.kill_all()
        for space in self.spaces:
            subprocess.run(["ip", "netns", "del", space], capture_output=True)
        subprocess.run(["ip", "link", "del", self.cable], capture_output=True)

    @staticmethod
    def sweep() -> None:
        """Removes what runs that were killed left behind, with the processes in it."""
        names = subprocess.run(["ip", "netns", "list"], capture_output=True, text=True, check=True).stdout
        for space, owner in re.findall(rf"^({PREFIX}-(\d+)-[\w-]+)", names, re.MULTILINE):
            if os.path.exists(f"/proc/{owner}"):
                continue
            for pid in subprocess.run(["ip", "netns", "pids", space], capture_output=True, text=True).stdout.split():
                os.kill(int(pid), signal.SIGKILL)
            subprocess.run(["ip", "netns", "del", space], capture_output=True)


@contextlib.contextmanager
def workplace(name: str, below: Path, keep: bool) -> Iterator[tuple[Network, Path]]:
    """A network of hosts and a folder that every user may enter; both are gone afterwards, also when we are told to end.

    `keep` leaves the folder, and says where it is.
    """
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: sys.exit(143))
    folder = Path(tempfile.mkdtemp(prefix=f"holdfast-{name}-", dir=below))
    folder.chmod(0o755)
    network = Network()
    try:
        yield network, folder
    finally:
        network.close()
        if keep:
            print(f"The hosts' files: {folder}", file=sys.stderr)
        else:
            shutil.rmtree(folder, ignore_errors=True)
