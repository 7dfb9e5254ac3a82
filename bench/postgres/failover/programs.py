"""What Holdfast runs on each host: a member of its store and an agent."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

from .hosts import Host


def store(hosts: list[Host]) -> str:
    return ",".join(f"http://{host.address}:2379" for host in hosts)


def agent_folder(folder: Path, host: Host) -> Path:
    return folder / f"{host.name}-agent"


def agent_log(folder: Path, host: Host) -> Path:
    return folder / f"{host.name}-agent.log"


def programs(launcher: Path, folder: Path, hosts: list[Host], host: Host) -> dict[str, Callable[[], subprocess.Popen]]:
    """How `host`, one of `hosts`, starts each; what they write lies in `folder`."""
    def server() -> subprocess.Popen:
        return host.start([
            str(launcher), "server", "--name", host.name, "--data-dir", str(folder / f"{host.name}-store"),
            "--listen-client", f"{host.address}:2379", "--listen-peer", f"{host.address}:2380",
            "--listen-loop", f"{host.address}:2378",
            "--initial-cluster", ",".join(f"{each.name}={each.address}:2380" for each in hosts),
        ], folder / f"{host.name}-store.log")

    def agent() -> subprocess.Popen:
        return host.start([
            str(launcher), "agent", "--host", host.name, "--address", host.address,
            "--data", str(agent_folder(folder, host)), "--store", store(hosts),
        ], agent_log(folder, host))

    return {"store": server, "manager": agent}
